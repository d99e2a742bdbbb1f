package oauth_test

import (
	"net/netip"
	"testing"
	"time"

	"keywright/registry"
)

// revoke takes a token back, which must be answered with 200 and nothing else.
func (b *bed) revoke(t *testing.T, p party, token string, pairs ...string) {
	t.Helper()
	r := b.post(t, pathRevoke, values(append(pairs, "token", token)...), as(p))
	if r.status != 200 || r.body != "" {
		t.Errorf("revocation: got %d %q, want 200 and no body", r.status, r.body)
	}
	b.header(t, r, "Cache-Control", "no-store")
}

var revocationCases = []blackBoxCase{
	{"R01 a revoked token is dead", func(t *testing.T, b *bed) {
		token, other := b.issue(t, b.reader).AccessToken, b.issue(t, b.reader).AccessToken
		b.active(t, b.server, token)
		b.revoke(t, b.reader, token)
		b.inactive(t, b.server, token, registry.CauseTokenRevoked)
		b.inactive(t, b.all, token, registry.CauseTokenRevoked)
		b.active(t, b.server, other)
	}},
	{"R02 unknown, expired, or again", func(t *testing.T, b *bed) {
		b = b.own(t)
		token, expired := b.issue(t, b.reader).AccessToken, b.issue(t, b.reader).AccessToken
		b.revoke(t, b.reader, token)
		before := b.position(t)
		b.revoke(t, b.reader, token)
		for _, unknown := range []string{"x", "a.b.c", "kwa_AAAA", "\x00\xff", token[:len(token)-1]} {
			b.revoke(t, b.reader, unknown)
		}
		b.clock.move(15 * time.Minute)
		b.revoke(t, b.reader, expired)
		if after := b.position(t); after != before {
			t.Errorf("%d changes were written for nothing", after-before)
		}
	}},
	{"R03 no token", func(t *testing.T, b *bed) {
		b.refused(t, b.post(t, pathRevoke, values("x", "y"), as(b.reader)), 400, "invalid_request")
	}},
	{"R04 bad authentication", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		b.refused(t, b.post(t, pathRevoke, values("token", token)), 401, "invalid_client")
		wrong := party{b.reader.ClientDetails, b.wide.secret}
		b.refused(t, b.post(t, pathRevoke, values("token", token), as(wrong)), 401, "invalid_client")
		b.active(t, b.server, token)
	}},
	{"R05 another client's token", func(t *testing.T, b *bed) {
		token := b.issue(t, b.reader).AccessToken
		b.refused(t, b.post(t, pathRevoke, values("token", token), as(b.wide)), 400, "unauthorized_client")
		b.refused(t, b.post(t, pathRevoke, values("token", token), as(b.stranger)), 400, "unauthorized_client")
		b.active(t, b.server, token)
	}},
	{"R06 a wrong hint", func(t *testing.T, b *bed) {
		for _, hint := range []string{"refresh_token", "nonsense"} {
			token := b.issue(t, b.reader).AccessToken
			b.revoke(t, b.reader, token, "token_type_hint", hint)
			b.inactive(t, b.server, token, registry.CauseTokenRevoked)
		}
	}},
	{"R07 the database is down", func(t *testing.T, b *bed) {
		b = b.own(t)
		token := b.issue(t, b.reader).AccessToken
		b.loseCopy()
		must(t, b.db.Close())
		b.refused(t, b.post(t, pathRevoke, values("token", token), as(b.reader)), 503, "temporarily_unavailable")
	}},
	{"R07 the revocation itself cannot be stored", func(t *testing.T, b *bed) {
		for _, table := range []string{"denied_tokens", "audit_events", "feed"} {
			b := b.own(t)
			token := b.issue(t, b.reader).AccessToken
			b.breakTable(t, table)
			b.issue(t, b.reader) // authentication is not what fails
			got := b.refused(t, b.post(t, pathRevoke, values("token", token), as(b.reader)), 503, "temporarily_unavailable")
			if got.Cause != registry.CauseUnavailable || got.Credential.ID != b.reader.ID {
				t.Errorf("%s: the error id says %v of %q", table, got.Cause, got.Credential.ID)
			}
			if table != "denied_tokens" {
				b.active(t, b.server, token) // nothing of it was kept
			}
		}
	}},
	{"R08 other methods", func(t *testing.T, b *bed) {
		r := b.send(t, "GET", pathRevoke+"?token=x", nil, as(b.reader))
		b.refused(t, r, 405, "invalid_request")
		b.header(t, r, "Allow", "POST")
	}},
	{"R09 either format is revoked by its other spelling too", func(t *testing.T, b *bed) {
		token, err := b.ring.ParseAccessToken(b.issue(t, b.reader).AccessToken)
		must(t, err)
		signed, err := b.ring.Sign(token)
		must(t, err)
		again, err := b.ring.Sign(token) // another signature of the same token
		must(t, err)
		sealed, err := b.ring.Seal(token)
		must(t, err)
		b.active(t, b.server, again)
		b.revoke(t, b.reader, signed)
		for _, same := range []string{signed, again, sealed} {
			b.inactive(t, b.server, same, registry.CauseTokenRevoked)
		}
	}},
	{"R10 an API token", func(t *testing.T, b *bed) {
		b = b.own(t)
		before := b.position(t)
		b.revoke(t, b.reader, b.adminToken)
		if after := b.position(t); after != before {
			t.Errorf("%d changes were written", after-before)
		}
		authenticator := registry.NewAuthenticator(registry.AuthenticatorConfig{HotPath: b.db, Assertions: b.db, Peppers: b.keys.Peppers(), Uses: b.uses, Now: b.clock.Now})
		if _, err := authenticator.APIToken(t.Context(), b.adminToken, netip.Addr{}); err != nil {
			t.Errorf("the API token is no longer good: %v", err)
		}
	}},
}
