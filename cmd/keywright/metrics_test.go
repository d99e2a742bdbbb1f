package main

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keywright/internal/testpg"
)

// TestMetrics holds what a server shows after some traffic against
// docs/metrics.md, and what is made of it against what it shows.
func TestMetrics(t *testing.T) {
	t.Parallel()
	in := install(t, interop(t))
	in.makeTraffic(t)
	text := in.scrapeCounted(t)
	shown := readExposition(t, text)
	for name, test := range map[string]func(*testing.T){
		"names, types and labels": func(t *testing.T) { metricsAreDocumented(t, shown) },
		"values of labels":        func(t *testing.T) { labelValuesAreDocumented(t, shown) },
		"promtool":                func(t *testing.T) { runPromtool(t, text, "check", "metrics") },
		"rules":                   func(t *testing.T) { rulesUseWhatIsShown(t, shown) },
		"dashboard":               func(t *testing.T) { dashboardUsesWhatIsShown(t, shown) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// TestCredentialSeriesOff: with 0 no credential has series, and all else has.
func TestCredentialSeriesOff(t *testing.T) {
	t.Parallel()
	in := install(t, interop(t, "KEYWRIGHT_METRICS_CREDENTIALS=0"))
	client := in.newClient(t, map[string]any{"name": "Service", "watch": true})
	in.issued(t, in.caller(), client)
	shown := get(t, in.metrics+"/metrics")
	if strings.Contains(shown, client.ID) || strings.Contains(shown, "keywright_credential_usage_series_dropped") {
		t.Errorf("a credential has series:\n%s", shown)
	}
	if want := `keywright_token_requests_total{grant_type="client_credentials",outcome="issued"} 1`; !strings.Contains(shown, want) {
		t.Errorf("%s is missing", want)
	}
}

// TestChangeWaitIsMeasured: where there may be other servers, each change tells
// how long it waited for them.
func TestChangeWaitIsMeasured(t *testing.T) {
	t.Parallel()
	in := install(t, environment(testpg.New(t))) // which makes an API and a client
	if shown := get(t, in.metrics+"/metrics"); !regexp.MustCompile(`(?m)^keywright_change_wait_seconds_count [1-9]`).MatchString(shown) {
		t.Error("no change waited")
	}
}

// makeTraffic lets every endpoint say yes and no at least once.
func (in *installation) makeTraffic(t *testing.T) {
	t.Helper()
	c, client := in.caller(), in.newClient(t, map[string]any{"name": "Service", "watch": true})
	token := in.issued(t, c, client)
	for _, r := range []struct {
		as   credential
		path string
		form url.Values
		want int
	}{
		{credential{client.ID, "kws_wrong"}, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, 401},
		{client, "/oauth2/token", url.Values{"grant_type": {"password"}}, 400},
		{client, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"other:scope"}}, 400},
		{in.resourceServer, "/oauth2/introspect", url.Values{"token": {token}}, 200},
		{in.resourceServer, "/oauth2/introspect", url.Values{"token": {"kwt_unknown"}}, 200},
		{client, "/oauth2/introspect", url.Values{"token": {token}}, 403},
		{client, "/oauth2/revoke", url.Values{}, 400},
	} {
		a, err := c.post(r.path, r.as, r.form)
		if err != nil || a.status != r.want {
			t.Fatalf("%s %v: %s, %v", r.path, r.form, a, err)
		}
	}
	in.question(t, token, http.StatusOK)
	if a, err := c.revoke(client, token); err != nil || a.status != http.StatusOK {
		t.Fatalf("revoke: %s, %v", a, err)
	}
	in.question(t, token, http.StatusUnauthorized)
	in.admin(t, "GET", "/v1/clients/"+client.ID, nil, http.StatusOK)
	in.admin(t, "GET", "/v1/nothing", nil, http.StatusNotFound)
}

// question asks /verify about a token, as a gateway would.
func (in *installation) question(t *testing.T, token string, want int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", in.public+"/verify?audience="+url.QueryEscape(testAPI), nil)
	if err != nil {
		t.Fatal(err)
	}
	bearer(token)(req)
	if a, err := send(http.DefaultClient, req); err != nil || a.status != want {
		t.Fatalf("verify: %s, %v", a, err)
	}
}

// scrapeCounted returns what the server shows once it has counted its credentials.
func (in *installation) scrapeCounted(t *testing.T) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if text := get(t, in.metrics+"/metrics"); strings.Contains(text, "\nkeywright_credentials{") {
			return text
		}
	}
	t.Fatalf("no credentials are counted:\n%s", in.Log)
	return ""
}

func metricsAreDocumented(t *testing.T, shown exposition) {
	got := map[string]documentedMetric{}
	for name, f := range shown {
		if strings.HasPrefix(name, "keywright_") {
			labels := slices.DeleteFunc(slices.Collect(maps.Keys(f.labels)), func(label string) bool { return label == "le" })
			got[name] = documentedMetric{f.kind, labels}
		}
	}
	sorted := cmpopts.SortSlices(strings.Compare)
	if diff := cmp.Diff(documentedMetrics(t), got, cmp.AllowUnexported(documentedMetric{}), sorted, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s and /metrics differ (-document +server):\n%s", metricsDocument, diff)
	}
	for _, prefix := range []string{"go_", "process_"} {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(shown)), func(name string) bool { return strings.HasPrefix(name, prefix) }) {
			t.Errorf("no metric begins with %s", prefix)
		}
	}
}

func labelValuesAreDocumented(t *testing.T, shown exposition) {
	allowed := documentedValues(t)
	checked := 0
	for name, f := range shown {
		for label, values := range f.labels {
			if want := allowed(name, label); want != nil {
				checked++
				for _, value := range values {
					if !slices.Contains(want, value) {
						t.Errorf("%s{%s=%q} is not in %s", name, label, value, metricsDocument)
					}
				}
			}
		}
	}
	if checked < 12 {
		t.Errorf("%d labels were compared", checked)
	}
}

// runPromtool runs the promtool of the Prometheus that .ci/peers.sh found.
func runPromtool(t *testing.T, stdin string, args ...string) {
	t.Helper()
	tool := filepath.Join(filepath.Dir(peer(t, "KEYWRIGHT_PROMETHEUS")), "promtool")
	if _, err := os.Stat(tool); err != nil {
		tool = "promtool" // on the PATH
	}
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
