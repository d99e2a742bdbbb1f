package admin_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"keywright/registry"
)

const challenge = `Bearer realm="keywright"`

// administrator makes a client that holds the admin API's scopes.
func (in *installation) administrator(t *testing.T, whitelist ...string) (clientID, secret string) {
	t.Helper()
	d, text, err := in.service.CreateClient(t.Context(), in.acme.operator(), registry.ClientInput{
		Name: "administrator", Scopes: []string{"keywright:read", "keywright:write", "documents"}, IPWhitelist: whitelist,
	})
	must(t, err)
	return d.ID, text.Reveal()
}

func (in *installation) accessTokenOfAdministrator(t *testing.T) string {
	t.Helper()
	id, secret := in.administrator(t)
	return in.accessToken(t, id, secret, registry.AdminAudience, "keywright:read", "keywright:write")
}

func TestBearer(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		good := "Bearer " + in.acme.admin
		cases := []struct {
			id, name  string
			query     string
			headers   []string // values of Authorization
			status    int
			code      string
			challenge string
		}{
			{"B01", "none", "", nil, 401, "unauthenticated", challenge},
			{"B01", "another scheme", "", []string{"Basic YTpi"}, 401, "unauthenticated", challenge},
			{"B02", "unknown", "", []string{"Bearer kwt_" + strings.Repeat("0", 64)}, 401, "unauthenticated", challenge + `, error="invalid_token"`},
			{"B02", "not ours", "", []string{"Bearer eyJhbGciOiJub25lIn0.e30."}, 401, "unauthenticated", challenge + `, error="invalid_token"`},
			{"B04", "no token", "", []string{"Bearer"}, 400, "malformed_request", challenge + `, error="invalid_request"`},
			{"B04", "an empty token", "", []string{"Bearer "}, 400, "malformed_request", challenge + `, error="invalid_request"`},
			{"B04", "two words", "", []string{good + " x"}, 400, "malformed_request", challenge + `, error="invalid_request"`},
			{"B04", "odd characters", "", []string{"Bearer kwt_\x80"}, 400, "malformed_request", challenge + `, error="invalid_request"`},
			{"B04", "padding alone", "", []string{"Bearer ="}, 400, "malformed_request", challenge + `, error="invalid_request"`},
			{"B04", "two headers", "", []string{good, good}, 400, "malformed_request", challenge + `, error="invalid_request"`},
			{"B04", "header and query", "?access_token=" + in.acme.admin, []string{good}, 400, "malformed_request", challenge + `, error="invalid_request"`},
			{"B05", "query", "?access_token=" + in.acme.admin, nil, 400, "malformed_request", challenge + `, error="invalid_request"`},
			{"B06", "scheme in lower case", "", []string{"bearer " + in.acme.admin}, 200, "", ""},
			{"B06", "scheme in upper case, more spaces", "", []string{"BEARER   " + in.acme.admin}, 200, "", ""},
		}
		for _, tc := range cases {
			t.Run(tc.id+" "+tc.name, func(t *testing.T) {
				var headers []string
				for _, value := range tc.headers {
					headers = append(headers, "Authorization", value)
				}
				r := in.call(t, "", "GET", "/v1/me"+tc.query, "", headers...).want(t, tc.status, tc.code)
				if got := r.header.Get("WWW-Authenticate"); got != tc.challenge {
					t.Errorf("challenge: got %q, want %q", got, tc.challenge)
				}
			})
		}
		if strings.Contains(in.journal.String(), in.acme.admin) {
			t.Error("the log holds the token")
		}
	})
}

func TestAccessTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		id, secret := in.administrator(t)
		token := in.accessToken(t, id, secret, registry.AdminAudience, "keywright:read")
		r := in.call(t, token, "GET", "/v1/me", "").want(t, 200, "")
		if r.text("kind") != "client" || r.text("id") != id || r.text("organizationId") != in.acme.id {
			t.Errorf("me: got %s", r.raw)
		}
		r = in.call(t, token, "POST", "/v1/clients", bodies[operation{"POST", "/v1/clients"}]).want(t, 403, "forbidden")
		if got := r.header.Get("WWW-Authenticate"); !strings.Contains(got, `scope="keywright:write"`) {
			t.Errorf("challenge: got %q", got)
		}
		writer := in.accessToken(t, id, secret, registry.AdminAudience, "keywright:write")
		made := in.call(t, writer, "POST", "/v1/clients", bodies[operation{"POST", "/v1/clients"}]).want(t, 201, "")
		if made.text("createdBy") != id {
			t.Errorf("createdBy: got %s, want %s", made.text("createdBy"), id)
		}
	})
}

func TestRefusedAccessTokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		id, secret := in.administrator(t)
		sign := in.signer(t, id, secret)
		unchanged := sign(func(*registry.AccessToken) {})
		in.call(t, unchanged, "GET", "/v1/me", "").want(t, 200, "")

		cases := []struct{ name, token, cause string }{
			{"for the issuer", sign(func(a *registry.AccessToken) { a.Audience = []string{issuer} }), "other_audience"},
			{"for another API too", sign(func(a *registry.AccessToken) { a.Audience = append(a.Audience, issuer) }), "other_audience"},
			{"expired", sign(func(a *registry.AccessToken) {
				a.IssuedAt, a.ExpiresAt = a.IssuedAt.Add(-time.Hour), a.IssuedAt
			}), "token_expired"},
			{"of a deleted secret", sign(func(a *registry.AccessToken) { a.SecretID = "sec_0000000000000000000000000g" }), "secret_revoked"},
			{"cut", unchanged[:len(unchanged)-5], "malformed_token"},
		}
		answers := map[string]bool{}
		for _, tc := range cases {
			r := in.call(t, tc.token, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
			if got := in.cause(t, in.acme, r); got != tc.cause {
				t.Errorf("%s: got the cause %s, want %s", tc.name, got, tc.cause)
			}
			answers[everythingBut(r, "X-Error-Id", "Date")] = true
		}

		in.call(t, in.acme.admin, "POST", "/v1/clients/"+id+"/revoke", "").want(t, 403, "console_session_required")
		_, err := in.service.RevokeClient(t.Context(), in.acme.operator(), id, 0)
		must(t, err)
		r := in.call(t, unchanged, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
		if got := in.cause(t, in.acme, r); got != "credential_revoked" {
			t.Errorf("revoked: got the cause %s", got)
		}
		answers[everythingBut(r, "X-Error-Id", "Date")] = true
		if len(answers) != 1 {
			t.Errorf("the answers tell causes apart: %v", answers)
		}
	})
}

// everythingBut is the whole answer without what may differ between two
// refusals that must look the same.
func everythingBut(r reply, names ...string) string {
	h := r.header.Clone()
	for _, name := range names {
		h.Del(name)
	}
	var b strings.Builder
	_ = h.Write(&b) // a strings.Builder takes all
	return strings.ReplaceAll(b.String()+r.raw, r.header.Get("X-Error-Id"), "")
}

func TestAPITokenStates(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		revoked, text, err := in.service.CreateAPIToken(t.Context(), in.acme.operator(), registry.APITokenInput{
			Name: "x", Scopes: []string{"keywright:read"}, Permissions: []string{"p"},
		})
		must(t, err)
		_, err = in.service.RevokeAPIToken(t.Context(), in.acme.operator(), revoked.ID, 0)
		must(t, err)
		_, elsewhere, err := in.service.CreateAPIToken(t.Context(), in.acme.operator(), registry.APITokenInput{
			Name: "x", Scopes: []string{"keywright:read"}, Permissions: []string{"p"}, IPWhitelist: []string{"192.0.2.7"},
		})
		must(t, err)
		_, here, err := in.service.CreateAPIToken(t.Context(), in.acme.operator(), registry.APITokenInput{
			Name: "x", Scopes: []string{"keywright:read"}, Permissions: []string{"p"}, IPWhitelist: []string{"127.0.0.0/8"},
		})
		must(t, err)
		in.call(t, here.Reveal(), "GET", "/v1/me", "").want(t, 200, "")
		// A header that no trusted proxy sent moves nobody.
		forged := in.call(t, elsewhere.Reveal(), "GET", "/v1/me", "", "X-Forwarded-For", "192.0.2.7").want(t, 401, "unauthenticated")
		if got := in.cause(t, in.acme, forged); got != "address_off_list" {
			t.Errorf("cause: got %s", got)
		}
		if got := in.cause(t, in.acme, in.call(t, text.Reveal(), "GET", "/v1/me", "").want(t, 401, "unauthenticated")); got != "credential_revoked" {
			t.Errorf("cause: got %s", got)
		}
		in.clock.advance(366 * 24 * time.Hour)
		in.call(t, here.Reveal(), "GET", "/v1/me", "").want(t, 401, "unauthenticated")
	})
}

// TestGuessedAPITokens are slowed down, and those that exist are not.
func TestGuessedAPITokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		guess := func() reply { return in.call(t, newAPITokenText(t), "GET", "/v1/me", "") }
		r := guess().want(t, 401, "unauthenticated")
		for tries := 0; r.status == 401 && tries < 1000; tries++ {
			r = guess()
		}
		r.want(t, 429, "rate_limited")
		if after := r.header.Get("Retry-After"); after != "1" || r.header.Get("WWW-Authenticate") != "" {
			t.Errorf("Retry-After: got %q, challenge %q", after, r.header.Get("WWW-Authenticate"))
		}
		if got := in.cause(t, in.acme, r); got != "unknown_token" {
			t.Errorf("the error id says %s", got)
		}
		in.call(t, in.acme.admin, "GET", "/v1/me", "").want(t, 200, "")
		in.call(t, in.globex.admin, "GET", "/v1/me", "").want(t, 200, "")
		in.clock.advance(time.Second)
		guess().want(t, 401, "unauthenticated")
	})
}

// newAPITokenText is an API token of the right form that nobody has.
func newAPITokenText(t *testing.T) string {
	t.Helper()
	text, err := registry.NewSecretText(rand.Reader, registry.PrefixAPITokenValue)
	must(t, err)
	return text.Reveal()
}
