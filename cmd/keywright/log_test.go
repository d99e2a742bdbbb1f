package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"keywright/internal/testpg"
)

// TestLog lets requests of every kind pass, refused, broken and without a
// database. Every line is JSON; one of a request has its id, one of a refusal
// the error id that the caller got and the cause; and nowhere is a secret.
func TestLog(t *testing.T) {
	t.Parallel()
	pg := testpg.Start(t)
	const password = "the-password-of-the-database"
	databaseURL, err := url.Parse(pg.New(t))
	if err != nil {
		t.Fatal(err)
	}
	databaseURL.User = url.UserPassword(databaseURL.User.Username(), password) // which trust does not ask for
	in := install(t, environment(databaseURL.String(), "KEYWRIGHT_LOG_LEVEL=debug"))
	secrets := useEveryDoor(t, in).secrets
	secrets["password of the database"] = password
	in.makeTraffic(t)
	answers := in.answerAll(t, map[int][]request{http.StatusNotFound: secretPaths(in, secrets)})
	answers = append(answers, in.answerAll(t, map[int][]request{
		http.StatusOK: {
			{"GET", in.process.admin + "/v1/me", ""}, {"GET", in.public + "/.well-known/jwks.json", ""}, {"GET", in.public + "/readyz", ""},
		},
		http.StatusBadRequest:            {{"GET", in.process.admin + "/v1/clients?limit=many", ""}},
		http.StatusUnauthorized:          {{"POST", in.process.admin + "/v1/sessions", `{"email":"owner@example.com","password":"a-wrong-password"}`}},
		http.StatusForbidden:             {{"POST", in.process.admin + "/v1/signing-keys/rotate", `{}`}},
		http.StatusNotFound:              {{"GET", in.process.admin + "/nowhere/" + strings.Repeat("x", 300), ""}, {"GET", in.public + "/nowhere", ""}},
		http.StatusMethodNotAllowed:      {{"PUT", in.public + "/oauth2/token", ""}, {"BREW", in.process.admin + "/v1/me", ""}},
		http.StatusRequestEntityTooLarge: {{"POST", in.process.admin + "/v1/clients", strings.Repeat(" ", 2<<20)}},
		http.StatusUnprocessableEntity:   {{"POST", in.process.admin + "/v1/clients", `{"name":""}`}},
	})...)
	secrets["wrong password"] = "a-wrong-password"
	pg.Kill(t)
	in.forgets(t)
	answers = append(answers, in.answerAll(t, map[int][]request{
		http.StatusServiceUnavailable: {
			{"GET", in.process.admin + "/v1/clients", ""}, {"GET", in.public + "/verify?audience=" + url.QueryEscape(testAPI), ""},
		},
	})...)
	if _, err := in.Stop(); err != nil { // with what could not be flushed
		t.Fatal(err)
	}

	log := in.Log.String()
	for what, secret := range secrets {
		if strings.Contains(log, secret) {
			t.Errorf("the %s is there", what)
		}
		if _, value, ok := strings.Cut(secret, "_"); ok && strings.Contains(log, value) {
			t.Errorf("the %s is there without its prefix", what)
		}
	}
	checkLog(t, log, answers)
}

// secretPaths has each secret where no route is, as it is and with its prefix
// escaped.
func secretPaths(in *installation, secrets map[string]string) (all []request) {
	escaped := strings.NewReplacer("kwt_", "%6bwt_", "kws_", "kw%73%5F", "kwa_", "k%2577a_", ".", "%2e")
	for _, secret := range secrets {
		if !strings.HasPrefix(secret, "kw") && strings.Count(secret, ".") != 2 {
			continue // a password looks like anything
		}
		for _, path := range []string{secret, escaped.Replace(secret)} {
			all = append(all,
				request{"POST", in.public + "/oauth2/introspect/" + path, ""},
				request{"GET", in.process.admin + "/v1/tokenz/" + path, ""},
			)
		}
	}
	return all
}

// checkLog looks at every line, and for those of the answers.
func checkLog(t *testing.T, log string, answers []answer) {
	t.Helper()
	statuses, ids := map[int]int{}, map[string]bool{}
	for line := range strings.Lines(log) {
		e := checkLine(t, line)
		if e.Msg == "request" {
			statuses[e.Status]++
		}
		ids[e.RequestID], ids[e.ErrorID] = true, true
	}
	for _, a := range answers {
		id := a.header.Get("X-Request-Id") + a.header.Get("X-Error-Id")
		if id == "" || !ids[id] {
			t.Errorf("the id %q is not in the log: %s", id, a)
		}
	}
	for _, status := range []int{200, 201, 400, 401, 403, 404, 405, 409, 413, 422, 503} {
		if statuses[status] == 0 {
			t.Errorf("no request was answered %d: %v", status, slices.Sorted(maps.Keys(statuses)))
		}
	}
}

// request is one by the API token of bootstrap.
type request struct{ method, url, body string }

// forgets waits until nothing is answered from memory any more.
func (in *installation) forgets(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, in.metrics+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := send(http.DefaultClient, req)
		if err == nil && strings.Contains(a.body, "\nkeywright_cache_usable 0\n") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the lease does not run out: %v", err)
		}
	}
}

// answerAll sends requests, each of which must get that status.
func (in *installation) answerAll(t *testing.T, by map[int][]request) (all []answer) {
	t.Helper()
	for status, requests := range by {
		for _, r := range requests {
			req, err := http.NewRequestWithContext(t.Context(), r.method, r.url, strings.NewReader(r.body))
			if err != nil {
				t.Fatal(err)
			}
			bearer(in.adminToken)(req)
			req.Header.Set("Content-Type", "application/json")
			a, err := send(http.DefaultClient, req)
			if err != nil || a.status != status {
				t.Fatalf("%s %.200s: got %s, %v, want %d", r.method, r.url, a, err, status)
			}
			all = append(all, a)
		}
	}
	return all
}

// logLine is what lines of the log have in common, and those of requests.
type logLine struct {
	Time, Level, Msg        string
	RequestID               string `json:"request_id"`
	ErrorID                 string `json:"error_id"`
	Listener, Method, Route string
	Address, Cause, Error   string
	Status                  int
}

func checkLine(t *testing.T, line string) (e logLine) {
	t.Helper()
	complain := func(format string, args ...any) { t.Errorf("%s: %.400s", fmt.Sprintf(format, args...), line) }
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		complain("not JSON: %v", err)
		return e
	}
	if e.Time == "" || e.Level == "" || e.Msg == "" {
		complain("no time, level or message")
	}
	if e.Msg != "request" {
		return e
	}
	if !strings.HasPrefix(e.RequestID, "req_") || e.Listener == "" || e.Method == "" || e.Address == "" {
		complain("a request without its id, listener, method or address")
	}
	health := strings.HasSuffix(e.Route, "/readyz") || strings.HasSuffix(e.Route, "/livez")
	if e.Status >= 400 && !health && (!strings.HasPrefix(e.ErrorID, "err_") || e.Cause == "") {
		complain("a refusal without error id or cause")
	}
	if e.Status >= 500 && (e.Level != "ERROR" || e.Error == "") {
		complain("a failure that is no error")
	}
	if e.Status < 500 && e.Level != "INFO" && !health {
		complain("level %s", e.Level)
	}
	return e
}
