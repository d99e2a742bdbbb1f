package oauth_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
	"keywright/storage/storagetest"
)

// apiTokenRow is a line of the table "What dies when", for an API token.
type apiTokenRow struct {
	name   string
	change func(t *testing.T, b *bed, token apiToken)
	dead   registry.Cause // of the token that was there before; none: it lives
	after  func(t *testing.T, b *bed, token apiToken)
}

var apiTokenRows = []apiTokenRow{
	{
		name: "revoke", dead: registry.CauseRevoked,
		change: func(t *testing.T, b *bed, token apiToken) {
			_, err := b.service.RevokeAPIToken(t.Context(), b.operator, token.ID, 0)
			must(t, err)
		},
	},
	{
		name: "delete", dead: registry.CauseUnknownToken,
		change: func(t *testing.T, b *bed, token apiToken) {
			must(t, b.service.DeleteAPIToken(t.Context(), b.operator, token.ID, 0))
		},
	},
	{
		name: "revoke all of a project", dead: registry.CauseRevoked,
		change: func(t *testing.T, b *bed, token apiToken) {
			_, err := b.service.RevokeAllAPITokens(t.Context(), b.operator, registry.RevokeAllInput{ProjectID: token.ProjectID})
			must(t, err)
		},
	},
	{
		name: "disable", dead: registry.CauseDisabled,
		change: func(t *testing.T, b *bed, token apiToken) {
			b.patchAPIToken(t, token, registry.APITokenPatch{IsActive: new(bool)})
		},
		after: func(t *testing.T, b *bed, token apiToken) {
			active := true
			b.patchAPIToken(t, token, registry.APITokenPatch{IsActive: &active})
			b.active(t, b.server, token.text) // enabling brings it back
			b.passes(t, b.ask(t, token.text))
		},
	},
	{
		name: "expiry reached", dead: registry.CauseExpired,
		change: func(t *testing.T, b *bed, token apiToken) {
			soon := b.clock.Now().Add(time.Minute)
			b.patchAPIToken(t, token, registry.APITokenPatch{ExpiresAt: &soon})
			b.clock.move(time.Minute - time.Microsecond)
			if got := b.active(t, b.server, token.text)["exp"]; got != float64(soon.Unix()) {
				t.Errorf("exp: got %v, want %d", got, soon.Unix())
			}
			b.clock.move(time.Microsecond)
		},
	},
	{
		name: "regenerate", dead: registry.CauseUnknownToken,
		change: func(t *testing.T, b *bed, token apiToken) {
			b.clock.move(time.Hour)
			_, text, err := b.service.RegenerateAPIToken(t.Context(), b.operator, token.ID, nil)
			must(t, err)
			got := b.active(t, b.server, text.Reveal())
			now := float64(b.clock.Now().Unix())
			if got["iat"] != now || got["nbf"] != now || got["jti"] != token.ID {
				t.Errorf("got %v, want it issued at %.0f under the same id", got, now)
			}
		},
	},
	{
		name: "scope taken away",
		change: func(t *testing.T, b *bed, token apiToken) {
			b.patchAPIToken(t, token, registry.APITokenPatch{Scopes: &[]string{"documents:read"}})
		},
		after: apiTokenAnsweredAs("scope", "documents:read"),
	},
	{
		name: "permission taken away",
		change: func(t *testing.T, b *bed, token apiToken) {
			b.patchAPIToken(t, token, registry.APITokenPatch{Permissions: &[]string{"read"}})
		},
		after: apiTokenAnsweredAs("permissions", []any{"read"}),
	},
	{
		name: "the scopes of an API taken away", dead: registry.CauseOtherAudience,
		change: func(t *testing.T, b *bed, token apiToken) {
			b.patchAPIToken(t, token, registry.APITokenPatch{Scopes: &[]string{"export"}})
		},
		after: func(t *testing.T, b *bed, token apiToken) {
			if got := b.active(t, b.all, token.text)["aud"]; got != b.issuer {
				t.Errorf("aud: got %v, want the issuer", got)
			}
		},
	},
	{
		name: "API taken away",
		change: func(t *testing.T, b *bed, token apiToken) {
			api := b.api(t, b.operator, passing, "passing:read")
			b.patchAPIToken(t, token, registry.APITokenPatch{Scopes: &[]string{"documents:read", "passing:read"}})
			apiTokenAnsweredAs("aud", []any{documents, passing})(t, b, token)
			must(t, b.service.DeleteAPI(t.Context(), b.operator, api.ID, 0))
		},
		after: apiTokenAnsweredAs("aud", documents),
	},
	{
		name: "address list narrowed", dead: registry.CauseAddressUnknown,
		change: func(t *testing.T, b *bed, token apiToken) {
			b.patchAPIToken(t, token, registry.APITokenPatch{IPWhitelist: &[]string{"192.0.2.0/24"}})
		},
		after: func(t *testing.T, b *bed, token apiToken) {
			b.active(t, b.server, token.text, "client_ip", "192.0.2.7")
			b.inactive(t, b.server, token.text, registry.CauseAddressOffList, "client_ip", "198.51.100.7")
		},
	},
}

func TestWhatDiesWhenOfAPITokens(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		b := newBed(t, dialect, registry.FormatJWT, "")
		// One after the other: they share the clock.
		for _, r := range apiTokenRows {
			t.Run(r.name, func(t *testing.T) { r.run(t, b) })
		}
	})
}

func (r apiTokenRow) run(t *testing.T, b *bed) {
	token := b.apiToken(t, registry.APITokenInput{
		ProjectID: b.projectID, Scopes: []string{"documents:read", "export"}, Permissions: []string{"read", "write"},
	})
	b.active(t, b.server, token.text)
	b.passes(t, b.ask(t, token.text))
	r.change(t, b, token)
	if r.dead != registry.CauseNone {
		b.inactive(t, b.server, token.text, r.dead)
		dead := r.dead
		if dead == registry.CauseAddressUnknown {
			dead = registry.CauseAddressOffList // a gateway always tells the address
		}
		b.invalid(t, b.ask(t, token.text), dead)
	} else {
		b.active(t, b.server, token.text)
		b.passes(t, b.ask(t, token.text))
	}
	if r.after != nil {
		r.after(t, b, token)
	}
}

func (b *bed) patchAPIToken(t *testing.T, token apiToken, p registry.APITokenPatch) {
	t.Helper()
	_, err := b.service.UpdateAPIToken(t.Context(), b.operator, token.ID, p, 0)
	must(t, err)
}

func apiTokenAnsweredAs(member string, want any) func(*testing.T, *bed, apiToken) {
	return func(t *testing.T, b *bed, token apiToken) {
		t.Helper()
		if diff := cmp.Diff(want, b.active(t, b.server, token.text)[member]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", member, diff)
		}
	}
}
