package oauth_test

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"keywright/internal/web"
	"keywright/oauth"
	"keywright/registry"
)

const (
	pathVerify = "/verify"
	// connected is the endpoint that the application of reader is connected to.
	connected = "/v1/things"
)

func bearer(token string) option { return with("Authorization", "Bearer "+token) }

// forwarded is what a gateway tells of the request it holds.
func forwarded(method, uri string) option {
	return both(with("X-Forwarded-Method", method), with("X-Forwarded-Uri", uri))
}

func both(options ...option) option {
	return func(req *http.Request) {
		for _, o := range options {
			o(req)
		}
	}
}

// ask is the question of a gateway in front of documents, about a request for
// the connected endpoint unless options say another.
func (b *bed) ask(t *testing.T, token string, options ...option) reply {
	t.Helper()
	return b.askFor(t, documents, token, append([]option{forwarded("GET", connected)}, options...)...)
}

func (b *bed) askFor(t *testing.T, audience, token string, options ...option) reply {
	t.Helper()
	return b.send(t, "GET", verifyURL("audience", audience), nil, append([]option{bearer(token)}, options...)...)
}

func verifyURL(pairs ...string) string { return pathVerify + "?" + values(pairs...).Encode() }

// passes checks the answer that lets a request pass.
func (b *bed) passes(t *testing.T, r reply) reply {
	t.Helper()
	if r.status != 200 || r.body != "" || r.header.Get("X-Error-Id") != "" || r.header.Get("Www-Authenticate") != "" {
		t.Errorf("got %d %q %v, want an empty 200", r.status, r.body, r.header)
	}
	b.header(t, r, "Cache-Control", "no-store")
	return r
}

// stopped checks an answer that stops a request, and what holds for all of
// them: nothing of the token is told, and there is an error id.
func (b *bed) stopped(t *testing.T, r reply, status int, challenge string) registry.Refusal {
	t.Helper()
	var got map[string]string
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || len(got) != 3 {
		t.Errorf("got %d with body %q, want error, error_description and error_id", r.status, r.body)
		return registry.Refusal{}
	}
	told := r.header.Get("Www-Authenticate")
	if r.status != status || !strings.Contains(told, challenge) || (told != "") != (status < 500) || len(r.header.Values("Www-Authenticate")) > 1 {
		t.Errorf("got %d with challenge %q, want %d with %q", r.status, told, status, challenge)
	}
	if told != "" && !strings.HasPrefix(told, `Bearer realm="keywright"`) {
		t.Errorf("challenge %q", told)
	}
	if code := got["error"]; strings.Contains(told, "error=") && !strings.Contains(told, `error="`+code+`"`) {
		t.Errorf("challenge %q, body %s", told, r.body)
	}
	if retry := r.header.Get("Retry-After") != ""; retry != (status == 503) {
		t.Errorf("status %d with Retry-After %q", status, r.header.Get("Retry-After"))
	}
	for name := range r.header {
		if strings.HasPrefix(name, "X-Keywright-") {
			t.Errorf("a refusal with %s", name)
		}
	}
	if got["error_id"] == "" || got["error_id"] != r.header.Get("X-Error-Id") {
		t.Errorf("error id %q in the body, %q in the header", got["error_id"], r.header.Get("X-Error-Id"))
	}
	b.header(t, r, "Cache-Control", "no-store")
	return b.cause(t, got["error_id"])
}

// invalid checks that a token is refused as every token that is no good here.
func (b *bed) invalid(t *testing.T, r reply, want registry.Cause) registry.Refusal {
	t.Helper()
	got := b.stopped(t, r, 401, `error="invalid_token"`)
	if got.Cause != want {
		t.Errorf("cause: got %v, want %v", got.Cause, want)
	}
	return got
}

// behind is the address of another server over the same database, which trusts
// those proxies and reads through that hot path.
func (b *bed) behind(t *testing.T, hotPath registry.HotPath, trusted ...string) string {
	t.Helper()
	var ranges []netip.Prefix
	for _, r := range trusted {
		ranges = append(ranges, netip.MustParsePrefix(r))
	}
	proxies, err := web.NewProxies(ranges)
	must(t, err)
	edge, err := oauth.New(oauth.Config{
		Issuer: b.issuer, Keys: b.ring, Revoker: b.service, Metrics: b.measured, Now: b.clock.Now, Random: rand.Reader,
		Authenticator: registry.NewAuthenticator(registry.AuthenticatorConfig{
			HotPath: hotPath, Assertions: b.db, Peppers: b.keys.Peppers(), Uses: b.uses, Now: b.clock.Now, Guard: b.guard,
		}),
	})
	must(t, err)
	listener, root := listen(t)
	b.serve(t, listener, edge, web.Config{Proxies: proxies, Now: b.clock.Now, Logger: slog.New(slog.DiscardHandler)})
	return root
}

// escaped is a text as part of a query.
func escaped(text string) string { return url.QueryEscape(text) }
