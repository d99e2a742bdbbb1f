package oauth_test

import (
	"fmt"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

// apiTokenCases are the cases of introspection again, with API tokens.
var apiTokenCases = []blackBoxCase{
	{"I01 API token: active", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{
			ProjectID: b.projectID, Scopes: []string{"export", "documents:read"}, Permissions: []string{"write", "read"},
		})
		now := float64(b.clock.Now().Unix())
		want := map[string]any{
			"active": true, "scope": "documents:read export", "client_id": token.ID, "token_type": "Bearer",
			"exp": float64(b.clock.Now().AddDate(1, 0, 0).Unix()), "iat": now, "nbf": now, "sub": token.ID, "jti": token.ID,
			"aud": documents, "iss": b.issuer, "organization_id": b.operator.OrganizationID,
			"project_id": b.projectID, "application_id": nil,
			"roles": []any{}, "permissions": []any{"read", "write"}, "credential_type": "api_token",
		}
		if diff := cmp.Diff(want, b.active(t, b.server, token.text)); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	}},
	{"I01 API token: the audiences are the APIs that declare a scope", func(t *testing.T, b *bed) {
		for scopes, want := range map[string]any{
			"documents:write":                       documents,
			"statistics:read export documents:read": []any{documents, statistics},
			"export":                                b.issuer,
			"keywright:read":                        b.issuer,
			"documents:rea documents:readx DOCUMENTS:READ": b.issuer,
		} {
			token := b.apiToken(t, registry.APITokenInput{Scopes: strings.Fields(scopes)})
			got := b.active(t, b.all, token.text)
			if diff := cmp.Diff(want, got["aud"]); diff != "" {
				t.Errorf("aud for %s (-want +got):\n%s", scopes, diff)
			}
			if id, ok := got["project_id"]; !ok || id != nil {
				t.Errorf("project_id of a token of the organization: got %v, there %t", id, ok)
			}
		}
	}},
	{"I02 API token: unknown and garbage", func(t *testing.T, b *bed) {
		b.inactive(t, b.server, unknownAPIToken(t), registry.CauseUnknownToken)
		for _, garbage := range []string{"kwt_", "kwt_x", "kwt_" + strings.Repeat("0", 64), "kwt_" + strings.Repeat("0", 60_000), "kwt_\x00\xff"} {
			b.inactive(t, b.server, garbage, registry.CauseMalformedToken)
		}
		for _, secret := range []string{b.reader.secret, "kwt_" + b.reader.secret[4:]} {
			b.inactive(t, b.server, secret, registry.CauseMalformedToken)
		}
	}},
	{"I02 API token: wrong check digits cost no look-up", func(t *testing.T, b *bed) {
		b = b.own(t)
		token := b.apiToken(t, registry.APITokenInput{})
		statements := func(token string, cause registry.Cause) int64 {
			before := b.statements.Load()
			if cause == registry.CauseNone {
				b.active(t, b.server, token)
			} else {
				b.inactive(t, b.server, token, cause)
			}
			return b.statements.Load() - before
		}
		b.settled(t)
		unknown := unknownAPIToken(t)
		got := []int64{
			statements("kwa_", registry.CauseMalformedToken), // the caller alone is read
			statements("kwa_", registry.CauseMalformedToken),
			statements(misspelled(token.text), registry.CauseMalformedToken),
			statements(token.text[:67], registry.CauseMalformedToken),
			statements(unknown, registry.CauseUnknownToken),
			statements(unknown, registry.CauseUnknownToken),
			statements(token.text, registry.CauseNone),
			statements(token.text, registry.CauseNone),
		}
		if diff := cmp.Diff([]int64{1, 0, 0, 0, 1, 0, 1, 0}, got); diff != "" {
			t.Errorf("statements (-want +got):\n%s", diff)
		}
	}},
	{"I04 API token: no client authentication", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{}).text
		for _, path := range []string{pathToken, pathIntrospect, pathRevoke} {
			b.refused(t, b.post(t, path, grant("token", token), with("Authorization", "Bearer "+token)), 401, "invalid_client")
			b.refused(t, b.post(t, path, grant("token", token, "client_id", b.server.ID, "client_secret", token)), 401, "invalid_client")
		}
	}},
	{"I06 API token: hints change nothing", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{}).text
		want := b.active(t, b.server, token)
		for _, hint := range []string{"access_token", "refresh_token", "api_token", ""} {
			if diff := cmp.Diff(want, b.active(t, b.server, token, "token_type_hint", hint)); diff != "" {
				t.Errorf("hint %q (-without +with):\n%s", hint, diff)
			}
		}
	}},
	{"I07 API token: a caller that is no resource server", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{})
		b.refused(t, b.post(t, pathIntrospect, values("token", token.text), as(b.reader)), 403, "access_denied")
		b.neverUsed(t, token)
	}},
	{"I08 API token: a caller sees the APIs it serves", func(t *testing.T, b *bed) {
		both := b.apiToken(t, registry.APITokenInput{Scopes: []string{"documents:read", "statistics:read"}})
		other := b.apiToken(t, registry.APITokenInput{Scopes: []string{"statistics:read", "export"}, IPWhitelist: []string{"192.0.2.7"}})
		free := b.apiToken(t, registry.APITokenInput{Scopes: []string{"export"}})
		b.active(t, b.server, both.text)
		b.inactive(t, b.server, other.text, registry.CauseOtherAudience, "client_ip", "192.0.2.7")
		b.inactive(t, b.server, other.text, registry.CauseOtherAudience, "client_ip", "192.0.2.8")
		b.inactive(t, b.server, other.text, registry.CauseOtherAudience)
		b.inactive(t, b.server, free.text, registry.CauseOtherAudience)
		b.neverUsed(t, other)
		b.neverUsed(t, free)
		b.active(t, b.all, other.text, "client_ip", "192.0.2.7")
		b.active(t, b.all, free.text)
		b.active(t, b.all, b.adminToken)
	}},
	{"I08 API token: no caller sees those of another organization", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{})
		theirs := b.apiTokenOf(t, b.strangers, registry.APITokenInput{})
		b.active(t, b.theirs, theirs.text)
		before := len(b.uses.of(theirs.ID))
		for _, caller := range []party{b.all, b.server} {
			r := b.post(t, pathIntrospect, values("token", theirs.text), as(caller))
			got := b.cause(t, r.header.Get("X-Error-Id"))
			if r.body != `{"active":false}` || got.Cause != registry.CauseOtherOrganization ||
				got.OrganizationID != b.operator.OrganizationID || got.Credential.ID != caller.ID {
				t.Errorf("got %s, and the error id concerns %+v, want the caller", r.body, got)
			}
		}
		if after := len(b.uses.of(theirs.ID)); after != before {
			t.Errorf("%d uses were noted for strangers", after-before)
		}
		b.inactive(t, b.theirs, token.text, registry.CauseOtherOrganization)
		b.neverUsed(t, token)
	}},
	{"I10 API token: jti is stable", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{})
		first := b.active(t, b.server, token.text)["jti"]
		if second := b.active(t, b.all, token.text)["jti"]; first != second {
			t.Errorf("jti was %v, then %v", first, second)
		}
	}},
	{"I12 API token: truncated, extended, case flipped, one digit off", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{})
		text := token.text
		for _, other := range []string{
			text[:len(text)-1], text[1:], text + "0", text + "\n", " " + text, text + " ", "KWT_" + text[4:],
			"kwt_" + strings.ToUpper(text[4:59]) + "F" + text[60:], strings.ToUpper(text), misspelled(text),
		} {
			b.inactive(t, b.server, other, registry.CauseMalformedToken)
		}
		b.neverUsed(t, token)
	}},
	{"I13 API token: right check digits make no token", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{})
		other := misspelled(token.text)[:60]
		b.inactive(t, b.server, fmt.Sprintf("%s%08x", other, crc32.ChecksumIEEE([]byte(other))), registry.CauseUnknownToken)
		b.neverUsed(t, token)
	}},
	{"I16 API token: the table cannot be read", func(t *testing.T, b *bed) {
		b = b.own(t)
		token := b.apiToken(t, registry.APITokenInput{})
		b.breakTable(t, "api_tokens")
		got := b.refused(t, b.post(t, pathIntrospect, values("token", token.text), as(b.server)), 503, "temporarily_unavailable")
		if got.Cause != registry.CauseUnavailable || got.Credential.ID != b.server.ID {
			t.Errorf("the error id says %v of %q", got.Cause, got.Credential.ID)
		}
		b.inactive(t, b.server, misspelled(token.text), registry.CauseMalformedToken)
		b.neverUsed(t, token)
	}},
	{"I17 API token: nothing overrides a reserved member", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{Scopes: []string{"active", "exp"}, Permissions: []string{"active", "sub"}})
		got := b.active(t, b.all, token.text, "active", "false", "sub", "root", "credential_type", "client")
		if got["sub"] != token.ID || got["credential_type"] != "api_token" || got["exp"].(float64) < float64(b.clock.Now().Unix()) {
			t.Errorf("a reserved member was overridden: %v", got)
		}
	}},
	{"I18 API token: client_ip", apiTokenWhitelist},
	{"19 API token: each validation counts", func(t *testing.T, b *bed) {
		token := b.apiToken(t, registry.APITokenInput{})
		b.active(t, b.server, token.text, "client_ip", "2001:db8::7")
		b.active(t, b.all, token.text)
		got := b.uses.of(token.ID)
		want := []registry.Use{
			{Kind: registry.CredentialAPIToken, ID: token.ID, OrganizationID: token.OrganizationID, At: b.clock.Now(), Address: netip.MustParseAddr("2001:db8::7"), Counted: true},
			{Kind: registry.CredentialAPIToken, ID: token.ID, OrganizationID: token.OrganizationID, At: b.clock.Now(), Counted: true},
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("uses (-want +got):\n%s", diff)
		}
	}},
}

// apiTokenWhitelist holds that the list of an API token needs an address to
// be told (rule 18).
func apiTokenWhitelist(t *testing.T, b *bed) {
	token := b.apiToken(t, registry.APITokenInput{IPWhitelist: []string{"127.0.0.1", "10.0.0.0/8", "2001:db8::/32"}})
	for _, on := range []string{"10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", "127.0.0.1"} {
		b.active(t, b.server, token.text, "client_ip", on)
	}
	before := len(b.uses.of(token.ID))
	// The caller is on 127.0.0.1 itself, which says nothing of the bearer.
	b.inactive(t, b.server, token.text, registry.CauseAddressUnknown)
	b.inactive(t, b.server, token.text, registry.CauseAddressUnknown, "client_ip", "")
	b.inactive(t, b.server, token.text, registry.CauseAddressOffList, "client_ip", "192.0.2.7")
	b.inactive(t, b.server, token.text, registry.CauseAddressOffList, "client_ip", "::10.1.2.3")
	for _, bad := range []string{"10.1.2", "10.1.2.3:80", "[2001:db8::1]", "localhost", "10.0.0.0/8", "\x00"} {
		b.refused(t, b.post(t, pathIntrospect, values("token", token.text, "client_ip", bad), as(b.server)), 400, "invalid_request")
	}
	var causes []registry.Cause
	for _, use := range b.uses.of(token.ID)[before:] {
		if use.Counted {
			t.Errorf("a refusal was counted as use: %+v", use)
		}
		causes = append(causes, use.Cause)
	}
	want := []registry.Cause{
		registry.CauseAddressUnknown, registry.CauseAddressUnknown, registry.CauseAddressOffList, registry.CauseAddressOffList,
	}
	if diff := cmp.Diff(want, causes); diff != "" {
		t.Errorf("failures counted (-want +got):\n%s", diff)
	}
}

// apiToken is an API token and its text.
type apiToken struct {
	registry.APIToken
	text string
}

// apiToken makes an API token of the first organization. What the input leaves
// out is a scope of documents and a permission.
func (b *bed) apiToken(t *testing.T, in registry.APITokenInput) apiToken {
	t.Helper()
	return b.apiTokenOf(t, b.operator, in)
}

func (b *bed) apiTokenOf(t *testing.T, actor registry.Actor, in registry.APITokenInput) apiToken {
	t.Helper()
	in.Name = "token"
	if in.Scopes == nil {
		in.Scopes = []string{"documents:read"}
	}
	if in.Permissions == nil {
		in.Permissions = []string{"read"}
	}
	made, text, err := b.service.CreateAPIToken(t.Context(), actor, in)
	must(t, err)
	return apiToken{made, text.Reveal()}
}

// neverUsed checks that neither use nor failure of the API token was noted.
func (b *bed) neverUsed(t *testing.T, token apiToken) {
	t.Helper()
	if got := b.uses.of(token.ID); len(got) > 0 {
		t.Errorf("noted of a token that nobody was told of: %+v", got)
	}
}

// misspelled is an API token with one digit changed and the check digits left.
func misspelled(text string) string {
	other := byte('0')
	if text[10] == other {
		other = '1'
	}
	return text[:10] + string(other) + text[11:]
}
