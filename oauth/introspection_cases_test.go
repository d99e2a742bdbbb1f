package oauth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

var introspectionCases = []blackBoxCase{
	{"I01 an active token", func(t *testing.T, b *bed) {
		got := b.active(t, b.server, b.issue(t, b.reader).AccessToken)
		if jti, ok := got["jti"].(string); !ok || len(jti) < 20 {
			t.Errorf("jti: got %v", got["jti"])
		}
		delete(got, "jti")
		now := float64(b.clock.Now().Unix())
		want := map[string]any{
			"active": true, "scope": "documents:read documents:write export", "client_id": b.reader.ID,
			"token_type": "Bearer", "exp": now + 900, "iat": now, "nbf": now, "sub": b.reader.ID,
			"aud": documents, "iss": b.issuer, "organization_id": b.operator.OrganizationID,
			"project_id": b.projectID, "application_id": b.reader.ApplicationID,
			"roles": []any{"editor"}, "permissions": []any{"read", "write"}, "credential_type": "client",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	}},
	{"I01 no member is ever left out", func(t *testing.T, b *bed) {
		got := b.active(t, b.all, b.issue(t, b.wide, "resource", statistics, "scope", "export").AccessToken)
		for member, want := range map[string]any{
			"project_id": nil, "application_id": nil, "roles": []any{}, "permissions": []any{},
		} {
			value, ok := got[member]
			if diff := cmp.Diff(want, value); !ok || diff != "" {
				t.Errorf("%s: there %t (-want +got):\n%s", member, ok, diff)
			}
		}
	}},
	{"I02 unknown, expired, revoked and garbage", func(t *testing.T, b *bed) {
		b = b.own(t)
		for _, garbage := range []string{
			"x", "kwa_", "kwa_AAAA", "a.b.c", "...", "\x00\xff", strings.Repeat(".", 60_000), strings.Repeat("A", 60_000), " ", "null",
		} {
			b.inactive(t, b.server, garbage, registry.CauseMalformedToken)
		}
		revoked, expired := b.issue(t, b.reader).AccessToken, b.issue(t, b.reader).AccessToken
		b.revoke(t, b.reader, revoked)
		b.inactive(t, b.server, revoked, registry.CauseTokenRevoked)
		b.clock.move(900*time.Second - 890*time.Millisecond - 124*time.Microsecond)
		b.active(t, b.server, expired)
		b.clock.move(time.Microsecond)
		b.inactive(t, b.server, expired, registry.CauseTokenExpired)
	}},
	{"I03 no token", func(t *testing.T, b *bed) {
		b.refused(t, b.post(t, pathIntrospect, values("x", "y"), as(b.server)), 400, "invalid_request")
		b.refused(t, b.post(t, pathIntrospect, values("token", ""), as(b.server)), 400, "invalid_request")
	}},
	{"I04 no or bad authentication", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		b.refused(t, b.post(t, pathIntrospect, values("token", token)), 401, "invalid_client")
		b.refused(t, b.post(t, pathIntrospect, values("token", token), with("Authorization", "Bearer "+token)), 401, "invalid_client")
		wrong := party{b.server.ClientDetails, b.reader.secret}
		b.refused(t, b.post(t, pathIntrospect, values("token", token), as(wrong)), 401, "invalid_client")
	}},
	{"I05 another method, JSON, a query", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		r := b.send(t, "GET", pathIntrospect+"?token="+token, nil, as(b.server))
		b.refused(t, r, 405, "invalid_request")
		b.header(t, r, "Allow", "POST")
		r = b.post(t, pathIntrospect, nil, as(b.server), with("Content-Type", "application/json"), body(`{"token":"`+token+`"}`))
		b.refused(t, r, 400, "invalid_request")
		b.refused(t, b.post(t, pathIntrospect+"?token="+token, values("token", token), as(b.server)), 400, "invalid_request")
	}},
	{"I06 hints change nothing", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		want := b.active(t, b.server, token)
		for _, hint := range []string{"access_token", "refresh_token", "nonsense", ""} {
			if diff := cmp.Diff(want, b.active(t, b.server, token, "token_type_hint", hint)); diff != "" {
				t.Errorf("hint %q (-without +with):\n%s", hint, diff)
			}
		}
	}},
	{"I07 a caller that is no resource server", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		got := b.refused(t, b.post(t, pathIntrospect, values("token", token), as(b.reader)), 403, "access_denied")
		if got.Cause != registry.CauseNotResourceServer || got.Credential.ID != b.reader.ID {
			t.Errorf("the error id says %v of %s", got.Cause, got.Credential.ID)
		}
	}},
	{"I08 a caller sees the APIs it serves", func(t *testing.T, b *bed) {
		of := func(p party, resource string) string { return b.issue(t, p, "resource", resource).AccessToken }
		both := b.issue(t, b.wide, "resource", documents, "resource", statistics).AccessToken
		b.active(t, b.server, of(b.wide, documents))
		b.active(t, b.server, both)
		b.inactive(t, b.server, of(b.wide, statistics), registry.CauseOtherAudience)
		free := b.issue(t, b.all).AccessToken // for the issuer
		b.inactive(t, b.server, free, registry.CauseOtherAudience)
		admin := b.client(t, registry.ClientInput{Scopes: []string{"keywright:read"}})
		forAdmin := b.issue(t, admin, "resource", registry.AdminAudience, "scope", "keywright:read").AccessToken
		b.inactive(t, b.server, forAdmin, registry.CauseOtherAudience)
		for _, token := range []string{both, free, forAdmin} {
			b.active(t, b.all, token)
		}
	}},
	{"I08 no caller sees another organization's tokens", func(t *testing.T, b *bed) {
		token := b.issue(t, b.stranger).AccessToken
		b.active(t, b.theirs, token)
		b.inactive(t, b.all, token, registry.CauseOtherOrganization)
		b.inactive(t, b.server, token, registry.CauseOtherOrganization)
		r := b.post(t, pathIntrospect, values("token", token), as(b.all))
		got := b.cause(t, r.header.Get("X-Error-Id"))
		if got.OrganizationID != b.operator.OrganizationID || got.Credential.ID != b.all.ID {
			t.Errorf("the error id concerns %q %q, want the caller", got.OrganizationID, got.Credential.ID)
		}
	}},
	{"I09 every advertised method works", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		b.active(t, b.server, token)
		r := b.post(t, pathIntrospect, values("token", token, "client_id", b.server.ID, "client_secret", b.server.secret))
		if r.status != 200 || !strings.Contains(r.body, `"active":true`) {
			t.Errorf("client_secret_post: got %d %s", r.status, r.body)
		}
	}},
	{"I10 jti is stable", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		if first, second := b.active(t, b.server, token)["jti"], b.active(t, b.server, token)["jti"]; first != second {
			t.Errorf("jti was %v, then %v", first, second)
		}
	}},
	{"I11 a change takes effect at once", changesTakeEffectAtOnce},
	{"I12 truncated, extended, case flipped", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		for _, other := range []string{
			token[:len(token)-1], token[1:], token[:len(token)/2], token + "A", token + "=", token + ".", token + "\n", " " + token,
			strings.ToLower(token), strings.ToUpper(token), flipLast(token),
		} {
			r := b.post(t, pathIntrospect, values("token", other), as(b.server))
			if r.body != `{"active":false}` {
				t.Errorf("%.12s…%s: got %d %s", other, other[len(other)-3:], r.status, r.body)
			}
		}
	}},
	{"I13 forged tokens", forgedTokensAreInactive},
	{"I16 the database is down", func(t *testing.T, b *bed) {
		b = b.own(t)
		token := b.issue(t, b.reader).AccessToken
		b.loseCopy()
		must(t, b.db.Close())
		b.refused(t, b.post(t, pathIntrospect, values("token", token), as(b.server)), 503, "temporarily_unavailable")
	}},
	{"I16 the denylist cannot be read", func(t *testing.T, b *bed) {
		b = b.own(t)
		token := b.issue(t, b.reader).AccessToken
		b.active(t, b.server, token)
		b.breakTable(t, "denied_tokens")
		got := b.refused(t, b.post(t, pathIntrospect, values("token", token), as(b.server)), 503, "temporarily_unavailable")
		if got.Cause != registry.CauseUnavailable || got.Credential.ID != b.server.ID {
			t.Errorf("the error id says %v of %q", got.Cause, got.Credential.ID)
		}
	}},
	{"I17 nothing overrides a reserved member", func(t *testing.T, b *bed) {
		p := b.client(t, registry.ClientInput{Scopes: []string{"active", "exp"}, Permissions: []string{"active", "sub"}})
		token := b.issue(t, p, "active", "false", "sub", "root", "iss", "https://evil.example", "exp", "1").AccessToken
		got := b.active(t, b.all, token, "active", "false", "sub", "root")
		if got["sub"] != p.ID || got["iss"] != b.issuer || got["exp"].(float64) < float64(b.clock.Now().Unix()) {
			t.Errorf("a reserved member was overridden: %v", got)
		}
	}},
	{"I18 client_ip", func(t *testing.T, b *bed) {
		p := b.client(t, registry.ClientInput{Scopes: []string{"export"}, IPWhitelist: []string{"127.0.0.1", "10.0.0.0/8", "2001:db8::/32"}})
		token := b.issue(t, p).AccessToken
		for _, on := range []string{"10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", ""} {
			b.active(t, b.all, token, "client_ip", on)
		}
		before := len(b.uses.of(p.ID))
		b.inactive(t, b.all, token, registry.CauseAddressOffList, "client_ip", "192.0.2.1")
		after := b.uses.of(p.ID)
		if len(after) != before+1 || after[before].Cause != registry.CauseAddressOffList {
			t.Errorf("uses went from %d to %d: %+v", before, len(after), after[before:])
		}
		for _, bad := range []string{"10.1.2", "10.1.2.3:80", "[::1]", "localhost", "10.0.0.0/8", "\x00"} {
			b.refused(t, b.post(t, pathIntrospect, values("token", token, "client_ip", bad), as(b.all)), 400, "invalid_request")
		}
	}},
}

func changesTakeEffectAtOnce(t *testing.T, b *bed) {
	b = b.own(t)
	ctx, inactive := t.Context(), false
	expiring := b.client(t, registry.ClientInput{Scopes: []string{"documents:read"}, ExpiresAt: b.clock.Now().Add(time.Hour)})
	disabled, revoked, deleted, rotated := b.another(t), b.another(t), b.another(t), b.another(t)
	narrowed, moved := b.another(t), b.another(t)
	for _, c := range []struct {
		party
		cause  registry.Cause
		change func() error
	}{
		{disabled, registry.CauseDisabled, func() error {
			_, err := b.service.UpdateClient(ctx, b.operator, disabled.ID, registry.ClientPatch{IsActive: &inactive}, 0)
			return err
		}},
		{revoked, registry.CauseRevoked, func() error {
			_, err := b.service.RevokeClient(ctx, b.operator, revoked.ID, 0)
			return err
		}},
		{deleted, registry.CauseUnknownClient, func() error {
			return b.service.DeleteClient(ctx, b.operator, deleted.ID, 0)
		}},
		{rotated, registry.CauseTokenCutOff, func() error {
			_, _, err := b.service.RegenerateClient(ctx, b.operator, rotated.ID, registry.RegenerateInput{})
			return err
		}},
		{moved, registry.CauseAudienceGone, func() error {
			audiences := []string{statistics}
			_, err := b.service.UpdateClient(ctx, b.operator, moved.ID, registry.ClientPatch{Audiences: &audiences}, 0)
			return err
		}},
	} {
		token := b.issue(t, c.party).AccessToken
		b.active(t, b.server, token)
		must(t, c.change())
		b.inactive(t, b.server, token, c.cause)
	}

	token := b.issue(t, narrowed).AccessToken
	scopes := []string{"export"}
	audiences := []string{documents}
	_, err := b.service.UpdateClient(ctx, b.operator, narrowed.ID, registry.ClientPatch{Scopes: &scopes, Audiences: &audiences}, 0)
	must(t, err)
	if got := b.active(t, b.server, token)["scope"]; got != "" {
		t.Errorf("scope after it was taken away: got %q, want none", got)
	}

	token = b.issue(t, expiring).AccessToken
	b.clock.move(time.Hour)
	b.inactive(t, b.server, token, registry.CauseTokenExpired)
}

// flipLast changes bits of the last character that a lax decoder ignores.
func flipLast(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last^1])
}

func forgedTokensAreInactive(t *testing.T, b *bed) {
	key := b.signingKey
	p := b.client(t, registry.ClientInput{Scopes: []string{"documents:read"}})
	good, err := b.ring.ParseAccessToken(b.issue(t, p).AccessToken)
	must(t, err)
	raw, err := b.ring.Sign(good)
	must(t, err)
	b.active(t, b.server, raw)
	parsed, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	payload := parsed.UnsafePayloadWithoutVerification()
	attacker, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	public, err := x509.MarshalPKIXPublicKey(key.Private.Public())
	must(t, err)

	type headers = map[jose.HeaderKey]any
	sign := func(alg jose.SignatureAlgorithm, with any, payload []byte, extra headers) string {
		all := headers{"typ": "at+jwt", "kid": key.ID}
		for name, value := range extra {
			all[name] = value
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: with}, &jose.SignerOptions{ExtraHeaders: all})
		must(t, err)
		signed, err := signer.Sign(payload)
		must(t, err)
		text, err := signed.CompactSerialize()
		must(t, err)
		return text
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"` + key.ID + `","typ":"at+jwt"}`))
	none += raw[strings.IndexByte(raw, '.'):]
	wider := bytes.Replace(payload, []byte("documents:read"), []byte("documents:root"), 1)
	for name, token := range map[string]string{
		"alg none":          none,
		"alg none, no sig":  none[:strings.LastIndexByte(none, '.')+1],
		"HS256, public key": sign(jose.HS256, public, payload, nil),
		"another key":       sign(jose.ES256, attacker, payload, nil),
		"jwk":               sign(jose.ES256, attacker, payload, headers{"jwk": jose.JSONWebKey{Key: attacker.Public()}}),
		"jku":               sign(jose.ES256, attacker, payload, headers{"jku": "http://127.0.0.1:1/jwks"}),
		"x5u":               sign(jose.ES256, attacker, payload, headers{"x5u": "http://127.0.0.1:1/cert"}),
		"crit":              sign(jose.ES256, key.Private, payload, headers{"crit": []string{"x"}, "x": 1}),
		"odd kid":           sign(jose.ES256, key.Private, payload, headers{"kid": "' OR 1=1 --"}),
		"typ JWT":           sign(jose.ES256, key.Private, payload, headers{"typ": "JWT"}),
		"payload swapped": raw[:strings.IndexByte(raw, '.')+1] + base64.RawURLEncoding.EncodeToString(wider) +
			raw[strings.LastIndexByte(raw, '.'):],
	} {
		r := b.post(t, pathIntrospect, values("token", token), as(b.server))
		if r.status != 200 || r.body != `{"active":false}` {
			t.Errorf("%s: got %d %s", name, r.status, r.body)
		}
	}
}
