package oauth_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

// verifyCases are the demands on /verify, and those of RFC 6750 on it.
var verifyCases = []blackBoxCase{
	{"verify: an access token, and all there is to know of it", func(t *testing.T, b *bed) {
		r := b.passes(t, b.ask(t, b.issue(t, b.reader).AccessToken))
		wantTold(t, r, map[string]string{
			"Client-Id": b.reader.ID, "Subject": b.reader.ID, "Scope": "documents:read documents:write export",
			"Roles": "editor", "Permissions": "read write",
			"Organization": b.operator.OrganizationID, "Project": b.projectID,
		})
	}},
	{"verify: an API token, which is counted", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{Permissions: []string{"löschen", "100% sicher", "read"}})
		r := b.passes(t, b.askFor(t, documents, token.text))
		wantTold(t, r, map[string]string{
			"Client-Id": token.ID, "Subject": token.ID, "Scope": "documents:read", "Roles": "",
			"Permissions":  "100%25%20sicher l%C3%B6schen read",
			"Organization": b.operator.OrganizationID, "Project": "",
		})
		uses := b.uses.of(token.ID)
		if len(uses) != 1 || !uses[0].Counted || uses[0].Address.String() != "127.0.0.1" {
			t.Errorf("noted: %+v, want one use from the address told", uses)
		}
		b.stopped(t, b.send(t, "GET", verifyURL("audience", statistics), nil, bearer(token.text)), 401, `error="invalid_token"`)
		if got := len(b.uses.of(token.ID)); got != 1 {
			t.Errorf("%d uses noted, also of a question about another API", got)
		}
	}},
	{"B01 no token", func(t *testing.T, b *bed) {
		for _, none := range []option{both(), with("Authorization", "Basic eDp5"), with("Authorization", "kwt_"), with("Authorization", "")} {
			r := b.send(t, "GET", verifyURL("audience", documents), nil, none)
			if got := b.stopped(t, r, 401, ""); got.Cause != registry.CauseNoCredential {
				t.Errorf("cause: got %v", got.Cause)
			}
			b.header(t, r, "WWW-Authenticate", `Bearer realm="keywright"`)
		}
	}},
	{"B02 a bad token", everyInvalidTokenLooksTheSame},
	{"B03 a scope is missing", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader, "scope", "documents:read").AccessToken
		ask := func(scope string) reply {
			return b.send(t, "GET", verifyURL("audience", documents)+"&scope="+scope, nil, bearer(token), forwarded("GET", connected))
		}
		b.passes(t, ask("documents:read"))
		b.passes(t, ask(""))
		got := b.stopped(t, ask("documents:write"), 403, `error="insufficient_scope", error_description="the token lacks a scope", scope="documents:write documents:read"`)
		if got.Cause != registry.CauseInsufficientScope || got.Credential.ID != b.reader.ID {
			t.Errorf("the error id says %v of %q", got.Cause, got.Credential.ID)
		}
		b.stopped(t, ask("documents:read+documents:write"), 403, `scope="documents:read documents:write"`)
		b.stopped(t, ask("documents:read&scope=export"), 403, `scope="documents:read export"`)
		for _, broken := range []string{"%22", "%5c", "a%00", "%C3%BC", strings.Repeat("a+", 300)} {
			b.stopped(t, ask(broken), 403, `error="invalid_request"`)
		}
	}},
	{"B04 several tokens", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		b.invalid(t, b.ask(t, token, bearer(token)), registry.CauseMalformedCredential)
		b.invalid(t, b.ask(t, token, with("Authorization", "Basic eDp5")), registry.CauseMalformedCredential)
		b.invalid(t, b.ask(t, ""), registry.CauseMalformedCredential)
		b.invalid(t, b.ask(t, token+" "+token), registry.CauseMalformedToken)
	}},
	{"B05 a token in the query", func(t *testing.T, b *bed) {
		token := b.issue(t, b.wide, "resource", documents).AccessToken
		b.stopped(t, b.send(t, "GET", verifyURL("audience", documents, "access_token", token), nil), 401, "")
		b.stopped(t, b.send(t, "PROPFIND", pathVerify+"/a"+"?access_token="+token, nil), 401, "")
		if strings.Contains(b.log.String(), token) {
			t.Error("the token is in the log")
		}
	}},
	{"B06 the case of the scheme", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		for _, scheme := range []string{"bearer ", "BEARER ", "bEaReR  "} {
			b.passes(t, b.send(t, "GET", verifyURL("audience", documents), nil, with("Authorization", scheme+token), forwarded("GET", connected)))
		}
	}},
	{"verify: permissions", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{Permissions: []string{"read", "read all", "100%", "löschen"}}).text
		ask := func(query string) reply {
			return b.send(t, "GET", verifyURL("audience", documents)+query, nil, bearer(token))
		}
		for _, held := range []string{"read", "read+l%C3%B6schen", "read&permission=read%2520all", "100%2525", ""} {
			b.passes(t, ask("&permission="+held))
		}
		for _, missing := range []string{"write", "read+write", "read&permission=write", "all", "READ", "read%2520all%2520"} {
			got := b.stopped(t, ask("&permission="+missing), 403, `error="insufficient_scope"`)
			if got.Cause != registry.CauseInsufficientPermission {
				t.Errorf("%s: cause %v", missing, got.Cause)
			}
		}
		b.stopped(t, ask("&permission=100%25"), 403, `error="invalid_request"`)
	}},
	{"verify: the audience must be named, once, and be an API", func(t *testing.T, b *bed) {
		access, static := b.issue(t, b.wide, "scope", "export"), b.apiToken(t, registry.APITokenInput{Scopes: []string{"export"}})
		if got := b.active(t, b.all, access.AccessToken); got["aud"] != b.issuer {
			t.Fatalf("the token is for %v, want the issuer", got["aud"])
		}
		for _, token := range []string{access.AccessToken, static.text} {
			for _, query := range []string{
				"", "?audience=", "?audience", "?audience=a&audience=a", "?audience=" + escaped(documents) + "&audience=" + escaped(statistics),
				"?audience=" + escaped(b.issuer), "?audience=" + escaped(registry.AdminAudience), "?audience=%zz", "?audience=a;audience=b",
				"?AUDIENCE=" + escaped(documents), "?resource=" + escaped(documents),
			} {
				got := b.stopped(t, b.send(t, "GET", pathVerify+query, nil, bearer(token)), 403, `error="invalid_request"`)
				if got.Cause != registry.CauseInvalidRequest {
					t.Errorf("%s: cause %v", query, got.Cause)
				}
			}
		}
		if len(b.uses.of(static.ID)) != 0 {
			t.Error("a question of no sense was counted")
		}
	}},
	{"verify: a token for another audience", func(t *testing.T, b *bed) {
		token := b.issue(t, b.wide, "resource", statistics).AccessToken
		b.passes(t, b.askFor(t, statistics, token))
		got := b.invalid(t, b.askFor(t, documents, token), registry.CauseOtherAudience)
		if got.OrganizationID != b.operator.OrganizationID || got.Credential.ID != b.wide.ID {
			t.Errorf("the refusal concerns %q of %q", got.Credential.ID, got.OrganizationID)
		}
		for _, near := range []string{statistics + "/", statistics + "?a", strings.ToUpper(statistics), "https://api.example.com", "nothing"} {
			b.invalid(t, b.askFor(t, near, token), registry.CauseOtherAudience)
		}
	}},
	{"verify: nothing crosses organizations", func(t *testing.T, b *bed) {
		for _, token := range []string{
			b.issue(t, b.stranger).AccessToken,
			b.apiTokenOf(t, b.strangers, registry.APITokenInput{Scopes: []string{"documents:read", "documents:write"}}).text,
		} {
			got := b.invalid(t, b.ask(t, token), registry.CauseOtherAudience)
			if got.OrganizationID != b.strangers.OrganizationID {
				t.Errorf("the refusal concerns %q, want the organization of the token", got.OrganizationID)
			}
			b.passes(t, b.askFor(t, "https://api.example.net", token))
		}
		for _, token := range []string{b.issue(t, b.wide, "resource", documents).AccessToken, b.apiToken(t, registry.APITokenInput{}).text} {
			b.invalid(t, b.askFor(t, "https://api.example.net", token), registry.CauseOtherAudience)
		}
	}},
	{"verify: connected endpoints", connectedEndpoints},
	{"verify: no endpoints for who has no application", func(t *testing.T, b *bed) {
		for _, token := range []string{b.issue(t, b.wide, "resource", documents).AccessToken, b.apiToken(t, registry.APITokenInput{}).text} {
			b.passes(t, b.askFor(t, documents, token))
			b.passes(t, b.askFor(t, documents, token, forwarded("PROPFIND", "/anything/at/all/?q=//../")))
		}
	}},
	{"verify: hostile paths", func(t *testing.T, b *bed) {
		tokens := []string{b.issue(t, b.reader).AccessToken, b.issue(t, b.wide, "resource", documents).AccessToken, b.apiToken(t, registry.APITokenInput{}).text}
		for _, path := range []string{
			"/v1%2fthings", "/v1%2Fthings", "/v1/x%5c..%5cthings", "/v1\\things", "/v1/./things", "/v1/x/../things", "/v1/%2e/things",
			"/v1/x/%2E%2e/things", "//v1/things", "/v1//things", "/v1/things//", "/v1/things;a=b", "/;/v1/things", "/v1/things%3B",
			"/v1/%zz", "/v1/things%00", "/v1/things%0d%0a", "/v1/%c0%ae%c0%ae/things", "/v1/things#", "", "v1/things", "*",
			"http://api.example.com/v1/things",
		} {
			for _, token := range tokens {
				got := b.stopped(t, b.askFor(t, documents, token, forwarded("GET", path)), 403, `error="invalid_request"`)
				if got.Cause != registry.CauseUnsafePath {
					t.Errorf("%q: cause %v", path, got.Cause)
				}
			}
		}
		for _, twice := range []option{with("X-Forwarded-Uri", connected), with("X-Forwarded-Method", "GET")} {
			b.stopped(t, b.ask(t, tokens[0], twice), 403, `error="invalid_request"`)
		}
	}},
	{"verify: the path is appended", appendedPath},
	{"verify: any method", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "M-SEARCH", "FOO"} {
			r := b.send(t, method, verifyURL("audience", documents), nil, bearer(token), forwarded("GET", connected))
			b.passes(t, r)
			if r.header.Get("Allow") != "" {
				t.Errorf("%s: Allow %q", method, r.header.Get("Allow"))
			}
		}
		p := b.issue(t, b.wide, "resource", documents).AccessToken
		b.passes(t, b.send(t, "PROPFIND", pathVerify+"/any?audience="+escaped(documents), nil, bearer(p)))
		b.stopped(t, b.send(t, "FOO", pathVerify, nil, bearer(token)), 403, `error="invalid_request"`)
	}},
	{"verify: a body is not waited for", bodyIsNotRead},
	{"verify: addresses", addresses},
	{"verify: the database is down", func(t *testing.T, b *bed) {
		for _, table := range []string{"denied_tokens", "endpoints", "clients"} {
			b := b.own(t)
			token := b.issue(t, b.reader).AccessToken
			b.passes(t, b.ask(t, token))
			b.breakTable(t, table)
			if got := b.stopped(t, b.ask(t, token), 503, ""); got.Cause != registry.CauseUnavailable {
				t.Errorf("%s: cause %v", table, got.Cause)
			}
		}
		b = b.own(t)
		token := b.apiToken(t, registry.APITokenInput{}).text
		b.loseCopy()
		must(t, b.db.Close())
		b.stopped(t, b.askFor(t, documents, token), 503, "")
	}},
	{"verify: a fault of ours is not now", func(t *testing.T, b *bed) {
		root := b.behind(t, exploding{b.db})
		token := b.issue(t, b.reader).AccessToken
		b.stopped(t, b.send(t, "GET", root+verifyURL("audience", documents), nil, bearer(token)), 503, "")
		b.stopped(t, b.send(t, "GET", root+pathVerify+"/a?audience="+escaped(documents), nil, bearer(token)), 503, "")
		b.refused(t, b.post(t, root+pathToken, grant(), as(b.reader)), 500, "server_error")
	}},
	{"verify: statements, and nothing written", func(t *testing.T, b *bed) {
		b = b.own(t)
		before := b.position(t)
		statements := func(fn func()) int64 {
			n := b.statements.Load()
			fn()
			return b.statements.Load() - n
		}
		b.settled(t)
		ofApplication, free := b.issue(t, b.reader).AccessToken, b.issue(t, b.wide, "resource", documents).AccessToken
		static := b.apiToken(t, registry.APITokenInput{}).text
		counted := func(want ...int64) {
			t.Helper()
			got := []int64{
				statements(func() { b.active(t, b.server, ofApplication) }),
				statements(func() { b.passes(t, b.ask(t, ofApplication)) }),
				statements(func() { b.passes(t, b.ask(t, free)) }),
				statements(func() { b.passes(t, b.ask(t, static)) }),
				statements(func() { b.invalid(t, b.ask(t, misspelled(static)), registry.CauseMalformedToken) }),
				statements(func() { b.invalid(t, b.ask(t, ofApplication+"x"), registry.CauseMalformedToken) }),
				statements(func() { b.stopped(t, b.askFor(t, documents, free, forwarded("GET", "//")), 403, "") }),
				statements(func() {
					b.stopped(t, b.askFor(t, documents, ofApplication, forwarded("GET", "/elsewhere")), 403, "")
				}),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("statements (-want +got):\n%s", diff)
			}
		}
		b.settled(t)
		counted(1, 1, 0, 1, 0, 0, 0, 0) // what nobody asked for before: the caller, the endpoints, the API token
		counted(0, 0, 0, 0, 0, 0, 0, 0)
		b.loseCopy()
		counted(3, 3, 2, 1, 0, 0, 0, 2)
		if after := b.position(t); after != before+1 { // the API token
			t.Errorf("%d changes were written", after-before-1)
		}
	}},
	{"verify: counted, and passed through fosite", func(t *testing.T, b *bed) {
		b = b.own(t)
		token := b.issue(t, b.reader).AccessToken
		before := b.fosite.Introspections.Load()
		b.measured.taken()
		b.ask(t, token)
		b.ask(t, "x")
		b.askFor(t, documents, token)
		b.send(t, "GET", pathVerify, nil, bearer(token))
		b.send(t, "FOO", pathVerify, nil)
		want := []string{
			"verification accepted", "verification invalid_token", "verification insufficient_scope",
			"verification invalid_request", "verification unauthenticated",
		}
		if diff := cmp.Diff(want, b.measured.taken()); diff != "" {
			t.Errorf("counted (-want +got):\n%s", diff)
		}
		if got := b.fosite.Introspections.Load() - before; got != 3 {
			t.Errorf("%d questions passed fosite, want the 3 that had a token and a sense", got)
		}
	}},
}

// wantTold checks the headers that tell an API who calls.
func wantTold(t *testing.T, r reply, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for name, values := range r.header {
		if short, ok := strings.CutPrefix(name, "X-Keywright-"); ok {
			got[short] = strings.Join(values, "|")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// everyInvalidTokenLooksTheSame compares the answers to tokens that are no good
// for different causes, which their error ids tell.
func everyInvalidTokenLooksTheSame(t *testing.T, b *bed) {
	b = b.own(t)
	p := b.another(t)
	revoked, expired := b.issue(t, b.reader).AccessToken, b.issue(t, b.reader).AccessToken
	off := b.issue(t, p).AccessToken
	patch(t, b, p, registry.ClientPatch{IPWhitelist: &[]string{"192.0.2.7"}})
	b.revoke(t, b.reader, revoked)
	static := b.apiToken(t, registry.APITokenInput{})
	_, err := b.service.RevokeAPIToken(t.Context(), b.operator, static.ID, 0)
	must(t, err)
	listed := b.apiToken(t, registry.APITokenInput{IPWhitelist: []string{"192.0.2.7"}})
	answers := map[registry.Cause]reply{
		registry.CauseMalformedToken: b.ask(t, "x"),
		registry.CauseUnknownToken:   b.ask(t, unknownAPIToken(t)),
		registry.CauseTokenRevoked:   b.ask(t, revoked),
		registry.CauseOtherAudience:  b.ask(t, b.issue(t, b.wide, "resource", statistics).AccessToken),
		registry.CauseAddressOffList: b.ask(t, off),
		registry.CauseRevoked:        b.ask(t, static.text),
	}
	b.invalid(t, b.ask(t, listed.text), registry.CauseAddressOffList)
	b.clock.move(time.Hour)
	answers[registry.CauseTokenExpired] = b.ask(t, expired)
	first := ""
	for cause, r := range answers {
		b.invalid(t, r, cause)
		if first == "" {
			first = r.faceless()
		}
		if got := r.faceless(); got != first {
			t.Errorf("%v is told by the answer:\n%s\n%s", cause, got, first)
		}
	}
}

// bodyIsNotRead sends the length of a body, and no body.
func bodyIsNotRead(t *testing.T, b *bed) {
	token := b.issue(t, b.reader).AccessToken
	for _, length := range []int{1, 1000, 1 << 20, 1 << 40} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(b.root, "http://"))
		must(t, err)
		defer conn.Close()
		must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Uri: %s\r\nContent-Length: %s\r\n\r\n",
			verifyURL("audience", documents), token, connected, strconv.Itoa(length))
		first := make([]byte, len("HTTP/1.1 200"))
		if _, err := conn.Read(first); err != nil || string(first) != "HTTP/1.1 200" {
			t.Errorf("a body of %d bytes: got %q, %v", length, first, err)
		}
	}
}

func addresses(t *testing.T, b *bed) {
	p := b.another(t)
	token, static := b.issue(t, p, "resource", documents).AccessToken, b.apiToken(t, registry.APITokenInput{IPWhitelist: []string{"10.0.0.0/8"}})
	patch(t, b, p, registry.ClientPatch{IPWhitelist: &[]string{"10.0.0.0/8"}})
	trusting := b.behind(t, b.db, "127.0.0.0/8")
	for _, token := range []string{token, static.text} {
		ask := func(root string, options ...option) reply {
			return b.send(t, "GET", root+verifyURL("audience", documents), nil, append([]option{bearer(token)}, options...)...)
		}
		from := func(list string) option { return with("X-Forwarded-For", list) }
		b.invalid(t, ask(b.root), registry.CauseAddressOffList)
		b.invalid(t, ask(b.root, from("10.1.2.3")), registry.CauseAddressOffList) // nobody is trusted
		b.invalid(t, ask(b.root, with("Forwarded", "for=10.1.2.3"), with("X-Real-Ip", "10.1.2.3")), registry.CauseAddressOffList)
		b.passes(t, ask(trusting, from("10.1.2.3")))
		b.passes(t, ask(trusting, from("192.0.2.7, ::ffff:10.1.2.3")))
		b.invalid(t, ask(trusting), registry.CauseAddressOffList) // the proxy tells nothing: its own address counts
		b.invalid(t, ask(trusting, from("10.1.2.3, 192.0.2.7")), registry.CauseAddressOffList)
		b.invalid(t, ask(trusting, from("10.1.2.3, unknown")), registry.CauseAddressOffList)
	}
	var uses, failures int
	for _, u := range b.uses.of(static.ID) {
		if u.Counted {
			uses++
		} else if u.Cause == registry.CauseAddressOffList {
			failures++
		}
	}
	if uses != 2 || failures != 6 {
		t.Errorf("noted of the API token: %d uses and %d failures, want 2 and 6", uses, failures)
	}
	failures = 0
	for _, u := range b.uses.of(p.ID) {
		if u.Cause == registry.CauseAddressOffList {
			failures++
		}
	}
	if failures != 6 {
		t.Errorf("noted of the client: %d failures, want 6", failures)
	}
}

// exploding is a hot path with a fault.
type exploding struct{ registry.HotPath }

// ClientState panics.
func (exploding) ClientState(context.Context, string) (*registry.ClientState, error) { panic("fault") }

// TestVerifyBelowTheIssuer asks where the issuer has a path.
func TestVerifyBelowTheIssuer(t *testing.T) {
	t.Parallel()
	b := newBed(t, "sqlite", registry.FormatJWT, "/auth/v2")
	token := b.issue(t, b.reader).AccessToken
	for _, base := range []string{"", "/auth/v2"} {
		b.passes(t, b.send(t, "GET", base+verifyURL("audience", documents), nil, bearer(token), forwarded("GET", connected)))
		b.passes(t, b.send(t, "GET", base+pathVerify+connected+"?audience="+escaped(documents), nil, bearer(token)))
		b.stopped(t, b.send(t, "GET", base+pathVerify+"/v1%2fthings?audience="+escaped(documents), nil, bearer(token)), http.StatusForbidden, "invalid_request")
		b.stopped(t, b.send(t, "FOO", base+pathVerify+connected, nil), http.StatusUnauthorized, "")
	}
	b.refused(t, b.send(t, "GET", "/auth"+verifyURL("audience", documents), nil, bearer(token)), http.StatusNotFound, "invalid_request")
}
