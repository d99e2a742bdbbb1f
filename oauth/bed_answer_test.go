package oauth_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"keywright/registry"
)

// issued is the answer to a token request.
type issued struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope"`
}

func (b *bed) issue(t *testing.T, p party, pairs ...string) issued {
	t.Helper()
	return granted(t, b.post(t, pathToken, grant(pairs...), as(p)))
}

func granted(t *testing.T, r reply) issued {
	t.Helper()
	if r.status != http.StatusOK {
		t.Fatalf("token request: got %d %s, want 200", r.status, r.body)
	}
	var got issued
	must(t, json.Unmarshal([]byte(r.body), &got))
	return got
}

// active introspects a token that must be active.
func (b *bed) active(t *testing.T, caller party, token string, pairs ...string) map[string]any {
	t.Helper()
	r := b.post(t, pathIntrospect, values(append(pairs, "token", token)...), as(caller))
	var got map[string]any
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != http.StatusOK || got["active"] != true {
		t.Fatalf("introspection: got %d %s, want an active token", r.status, r.body)
	}
	return got
}

// inactive introspects a token that must not be active, for that cause.
func (b *bed) inactive(t *testing.T, caller party, token string, want registry.Cause, pairs ...string) {
	t.Helper()
	r := b.post(t, pathIntrospect, values(append(pairs, "token", token)...), as(caller))
	if r.status != http.StatusOK || r.body != `{"active":false}` {
		t.Errorf("introspection: got %d %s, want an inactive token", r.status, r.body)
		return
	}
	if got := b.cause(t, r.header.Get("X-Error-Id")); got.Cause != want {
		t.Errorf("cause: got %v, want %v", got.Cause, want)
	}
}

func (b *bed) cause(t *testing.T, errorID string) registry.Refusal {
	t.Helper()
	got, err := b.errorIDs.Open(errorID)
	if err != nil {
		t.Errorf("error id %q: %v", errorID, err)
	}
	return got
}

// refused checks an error answer, and what holds for all of them. The body has
// exactly three members, so nothing internal has a place in it.
func (b *bed) refused(t *testing.T, r reply, status int, code string) registry.Refusal {
	t.Helper()
	var got map[string]string
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || len(got) != 3 {
		t.Errorf("got body %s, want error, error_description and error_id", r.body)
		return registry.Refusal{}
	}
	if r.status != status || got["error"] != code {
		t.Errorf("got %d %s, want %d %s", r.status, r.body, status, code)
	}
	if strings.ContainsFunc(got["error_description"], func(c rune) bool { return c < 0x20 || c > 0x7e || c == '"' || c == '\\' }) {
		t.Errorf("description outside of RFC 6749 section 5.2: %q", got["error_description"])
	}
	for _, internal := range []string{"sql", "SQL", "fosite", "goroutine", ".go", "panic"} {
		// Not the error id: its random characters spell anything now and then.
		if strings.Contains(got["error_description"], internal) {
			t.Errorf("the description tells internals: %s", r.body)
		}
	}
	if got["error_id"] == "" || got["error_id"] != r.header.Get("X-Error-Id") {
		t.Errorf("error id %q in the body, %q in the header", got["error_id"], r.header.Get("X-Error-Id"))
	}
	b.header(t, r, "Content-Type", "application/json")
	b.header(t, r, "Cache-Control", "no-store")
	b.header(t, r, "Pragma", "no-cache")
	if challenged := r.header.Get("WWW-Authenticate") == `Basic realm="keywright"`; challenged != (status == 401) {
		t.Errorf("status %d with challenge %q", status, r.header.Get("WWW-Authenticate"))
	}
	if retry := r.header.Get("Retry-After") != ""; retry != (status == 503 || status == 429) {
		t.Errorf("status %d with Retry-After %q", status, r.header.Get("Retry-After"))
	}
	return b.cause(t, got["error_id"])
}

func (b *bed) header(t *testing.T, r reply, name, want string) {
	t.Helper()
	if got := r.header.Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}
