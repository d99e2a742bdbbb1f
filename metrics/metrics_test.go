package metrics_test

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"keywright/metrics"
	"keywright/registry"
)

func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// lines returns the samples whose name begins so, sorted.
func lines(text, prefix string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	slices.Sort(found)
	return found
}

// counted is a Metrics that has counted one of each.
func counted() *metrics.Metrics {
	m := metrics.New(metrics.Build{Version: "v1", Commit: "abc", GoVersion: "go1"})
	l := newLedger(newBook())
	m.Watch(l, 10)
	l.Record(issued(client(0), secret(0), noon))
	m.TokenRequest("client_credentials", "ok", time.Millisecond)
	m.Introspection("client", "active", time.Millisecond)
	m.Revocation("revoked")
	m.Verification("accepted")
	m.ClientAuthentication("client_secret_basic", "ok")
	m.AdminRequest("/v1/clients/{clientId}", "GET", 200)
	m.ChangeWaited(time.Millisecond)
	return m
}

func TestNamesAndLabels(t *testing.T) {
	t.Parallel()
	text := scrape(t, counted())
	for _, want := range []string{
		`keywright_token_requests_total{grant_type="client_credentials",outcome="ok"} 1`,
		`keywright_token_request_duration_seconds_count 1`,
		`keywright_introspections_total{credential_type="client",outcome="active"} 1`,
		`keywright_introspection_duration_seconds_count 1`,
		`keywright_revocations_total{outcome="revoked"} 1`,
		`keywright_verify_requests_total{outcome="accepted"} 1`,
		`keywright_client_authentications_total{method="client_secret_basic",outcome="ok"} 1`,
		`keywright_admin_requests_total{code="200",method="GET",route="/v1/clients/{clientId}"} 1`,
		`keywright_change_wait_seconds_count 1`,
		`keywright_credential_usage_total{credential_id="` + client(0) + `",type="client"} 1`,
		`keywright_credential_last_used_timestamp_seconds{credential_id="` + client(0) + `",type="client"} 1.8935856e+09`,
		`keywright_credential_usage_series_dropped 0`,
		`keywright_usage_dropped_total 0`,
		`keywright_build_info{commit="abc",go_version="go1",version="v1"} 1`,
	} {
		if !slices.Contains(lines(text, "keywright_"), want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	for _, prefix := range []string{"go_goroutines", "process_", "keywright_usage_flush_lag_seconds"} {
		if len(lines(text, prefix)) == 0 {
			t.Errorf("no series begins with %s", prefix)
		}
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	problems, err := testutil.GatherAndLint(metrics.Gatherer(counted()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Build{})
	for i := range 1000 {
		m.Revocation(fmt.Sprint(i))
	}
	got := lines(scrape(t, m), "keywright_revocations_total")
	if len(got) != 129 || !slices.ContainsFunc(got, regexp.MustCompile(`outcome="other"} 872$`).MatchString) {
		t.Errorf("got %d series, want 128 and one for all others", len(got))
	}
}

func TestCredentialSeries(t *testing.T) {
	t.Parallel()
	names := []string{"busy", "calm", "failing", "guessed", "rare", "watched"}
	id := func(name string) string { return client(slices.Index(names, name)) }
	use := func(l *metrics.Ledger, name string, times int, watch bool) {
		for range times {
			u := issued(id(name), secret(0), noon)
			u.Watch = watch
			l.Record(u)
		}
	}
	for name, tc := range map[string]struct {
		limit   int
		want    []string
		dropped string
	}{
		"all fit": {10, []string{"busy 5", "calm 2", "failing 0", "rare 1", "watched 1"}, "0"},
		"cut":     {1, []string{"busy 5", "watched 1"}, "3"},
		"off":     {0, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := metrics.New(metrics.Build{})
			l := newLedger(newBook())
			m.Watch(l, tc.limit)
			use(l, "calm", 2, false)
			use(l, "busy", 5, false)
			use(l, "rare", 1, false)
			use(l, "watched", 1, true)
			// Authenticated without getting a token: in use, with a count of 0.
			l.Record(registry.Use{Kind: registry.CredentialClient, ID: id("failing"), At: noon})
			// Failures alone make no series.
			l.Record(registry.Use{Kind: registry.CredentialClient, ID: id("guessed"), At: noon, Cause: registry.CauseWrongSecret})

			text := scrape(t, m)
			var got []string
			for _, line := range lines(text, "keywright_credential_usage_total") {
				match := regexp.MustCompile(`credential_id="(\w+)",type="client"} (\d+)`).FindStringSubmatch(line)
				of := slices.IndexFunc(names, func(name string) bool { return id(name) == match[1] })
				got = append(got, names[of]+" "+match[2])
			}
			slices.Sort(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("series (-want +got)\n%s", diff)
			}
			if n := len(lines(text, "keywright_credential_last_used_timestamp_seconds")); n != len(tc.want) {
				t.Errorf("%d series of last use, want %d", n, len(tc.want))
			}
			dropped := strings.TrimPrefix(strings.Join(lines(text, "keywright_credential_usage_series_dropped"), ""), "keywright_credential_usage_series_dropped ")
			if dropped != tc.dropped {
				t.Errorf("dropped %q, want %q", dropped, tc.dropped)
			}
		})
	}
}
