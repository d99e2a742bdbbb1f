package admin_test

import (
	"strings"
	"testing"
	"time"

	"keywright/registry"
)

// TestEveryCauseOfTheAdminListenerIsExplained brings about every refusal that
// a credential can meet here, and looks each up.
func TestEveryCauseOfTheAdminListenerIsExplained(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		id, secret := in.administrator(t)
		sign := in.signer(t, id, secret)
		good := sign(func(*registry.AccessToken) {})
		apiToken := func(change func(registry.APIToken), whitelist ...string) string {
			made, text, err := in.service.CreateAPIToken(t.Context(), in.acme.operator(), registry.APITokenInput{
				Name: "named", Scopes: []string{"keywright:read"}, Permissions: []string{"p"}, IPWhitelist: whitelist,
				ExpiresAt: in.clock.now().Add(time.Hour),
			})
			must(t, err)
			change(made)
			return text.Reveal()
		}
		as := func(token string) reply { return in.call(t, token, "GET", "/v1/me", "") }
		client := "/v1/clients/" + in.client(t, in.acme, `{"name":"x","scopes":["a"]}`).text("clientId")
		revoked := "/v1/clients/" + in.client(t, in.acme, `{"name":"x","scopes":["a"]}`).text("clientId")
		in.call(t, in.acme.admin, "POST", revoked+"/revoke", "").want(t, 200, "")
		disabled, enabled := new(bool), new(bool)
		*enabled = true
		other, otherSecret := in.administrator(t)
		cutOff := in.accessToken(t, other, otherSecret, registry.AdminAudience, "keywright:read")
		for _, active := range []*bool{disabled, enabled} {
			_, err := in.service.UpdateClient(t.Context(), in.acme.operator(), other, registry.ClientPatch{IsActive: active}, 0)
			must(t, err)
		}

		for cause, r := range map[string]reply{
			"no_credential":   as(""),
			"unknown_token":   as(unknownToken(t)),
			"malformed_token": as(good[:len(good)-5]),
			"bad_signature":   as(good[:strings.LastIndexByte(good, '.')+1] + strings.Repeat("A", 86)),
			"token_expired": as(sign(func(a *registry.AccessToken) {
				a.IssuedAt, a.ExpiresAt = a.IssuedAt.Add(-time.Hour), a.IssuedAt
			})),
			"secret_revoked": as(sign(func(a *registry.AccessToken) { a.SecretID = "sec_0000000000000000000000000g" })),
			"other_audience": as(sign(func(a *registry.AccessToken) { a.Audience = []string{issuer} })),
			"unknown_client": as(sign(func(a *registry.AccessToken) { a.ClientID = "kwc_0000000000000000000000000g" })),
			"token_cut_off":  as(cutOff),
			"token_revoked": as(sign(func(a *registry.AccessToken) {
				itself := registry.Actor{Principal: registry.Principal{Kind: registry.ActorClient, ID: id}, OrganizationID: in.acme.id}
				must(t, in.service.RevokeAccessToken(t.Context(), itself, *a))
			})),
			"credential_revoked": as(apiToken(func(a registry.APIToken) {
				_, err := in.service.RevokeAPIToken(t.Context(), in.acme.operator(), a.ID, 0)
				must(t, err)
			})),
			"credential_disabled": as(apiToken(func(a registry.APIToken) {
				_, err := in.service.UpdateAPIToken(t.Context(), in.acme.operator(), a.ID, registry.APITokenPatch{IsActive: disabled}, 0)
				must(t, err)
			})),
			"address_off_list":         as(apiToken(func(registry.APIToken) {}, "192.0.2.7")),
			"insufficient_scope":       in.call(t, apiToken(func(registry.APIToken) {}), "POST", client+"/revoke", ""),
			"console_session_required": in.call(t, in.acme.admin, "POST", "/v1/clients/"+id+"/revoke", ""),
			"grant_exceeds_own":        in.call(t, in.token(t, in.acme, in.acme.project, "keywright:write"), "POST", "/v1/apis", `{"identifier":"https://a.example","name":"x"}`),
			"not_found":                in.call(t, in.acme.admin, "GET", "/v1/clients/none", ""),
			"conflict":                 in.call(t, in.acme.admin, "POST", revoked+"/revoke", ""),
			"precondition_failed":      in.call(t, in.acme.admin, "PATCH", client, `{"name":"y"}`, "If-Match", `"99"`),
			"invalid_request":          in.call(t, in.acme.admin, "POST", "/v1/clients", `{`),
			"body_too_large":           in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"`+strings.Repeat("x", 1<<20)+`"}`),
			"method_not_allowed":       in.call(t, in.acme.admin, "PUT", "/v1/clients", `{}`),
		} {
			got := in.call(t, in.acme.admin, "GET", "/v1/refusals/"+r.header.Get("X-Error-Id"), "").want(t, 200, "")
			if got.text("cause") != cause || got.text("meaning") == "" || got.text("advice") == "" || got.text("at") != "2026-03-01T12:00:00Z" {
				t.Errorf("%s: got %s for %d %s", cause, got.raw, r.status, r.raw)
			}
		}

		expired := apiToken(func(registry.APIToken) {})
		in.clock.advance(2 * time.Hour)
		r := as(expired)
		got := in.call(t, in.acme.admin, "GET", "/v1/refusals/"+r.header.Get("X-Error-Id"), "").want(t, 200, "")
		if got.text("cause") != "credential_expired" || got.text("credentialName") != "named" || got.text("credentialKind") != "api_token" {
			t.Errorf("got %s", got.raw)
		}
		must(t, in.service.DeleteAPIToken(t.Context(), in.acme.operator(), got.text("credentialId"), 0))
		gone := in.call(t, in.acme.admin, "GET", "/v1/refusals/"+r.header.Get("X-Error-Id"), "").want(t, 200, "")
		if gone.text("cause") != "credential_expired" || gone.body["credentialName"] != nil || gone.text("credentialId") != got.text("credentialId") {
			t.Errorf("of a deleted credential: got %s", gone.raw)
		}
	})
}

// unknownToken is an API token of the right form that nobody has.
func unknownToken(t *testing.T) string {
	t.Helper()
	text, err := registry.NewSecretText(strings.NewReader(strings.Repeat("y", 100)), registry.PrefixAPITokenValue)
	must(t, err)
	return text.Reveal()
}
