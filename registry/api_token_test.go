package registry_test

import (
	"testing"
	"time"

	"keywright/registry"
)

func TestCreatorNarrowsAPITokenOnly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, creator := t.Context(), owner(w.one)
		expires := w.clock.Now().Add(time.Hour)
		made, _, err := w.CreateAPIToken(ctx, creator, registry.APITokenInput{
			Name: "x", Scopes: []string{"a", "b"}, Permissions: []string{"read"}, IPWhitelist: []string{"10.0.0.0/8"}, ExpiresAt: expires,
		})
		if err != nil {
			t.Fatal(err)
		}
		creator.Role = registry.RoleMember // who later is a plain member
		for name, p := range map[string]registry.APITokenPatch{
			"scope":       {Scopes: &[]string{"a", "b", "c"}},
			"permission":  {Permissions: &[]string{"write"}},
			"address":     {IPWhitelist: &[]string{"10.0.0.0/7"}},
			"any address": {IPWhitelist: &[]string{}},
			"expiry":      {ExpiresAt: ptr(expires.Add(time.Second))},
			"no expiry":   {ExpiresAt: ptr(time.Time{})},
		} {
			_, err := w.UpdateAPIToken(ctx, creator, made.ID, p, 0)
			if codeOf(err) != registry.CodeGrantExceedsOwn {
				t.Errorf("widen by %s: got %v", name, err)
			}
		}
		_, _, err = w.RegenerateAPIToken(ctx, creator, made.ID, ptr(expires.Add(time.Second)))
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		_, err = w.UpdateAPIToken(ctx, creator, made.ID, registry.APITokenPatch{
			Name: ptr("narrow"), Scopes: &[]string{"a"}, IPWhitelist: &[]string{"10.1.0.0/16"}, ExpiresAt: ptr(expires.Add(-time.Minute)), IsActive: ptr(false),
		}, 0)
		if err != nil {
			t.Errorf("narrow: %v", err)
		}
		_, err = w.UpdateAPIToken(ctx, creator, made.ID, registry.APITokenPatch{IsActive: ptr(true)}, 0)
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		_, err = w.RevokeAPIToken(ctx, creator, made.ID, 0)
		wantCode(t, err, registry.CodeForbidden)

		stranger := creator
		stranger.ID = w.two.Owner.ID
		_, err = w.UpdateAPIToken(ctx, stranger, made.ID, registry.APITokenPatch{Name: ptr("x")}, 0)
		wantCode(t, err, registry.CodeForbidden)
		wantCode(t, w.DeleteAPIToken(ctx, stranger, made.ID, 0), registry.CodeForbidden)
		wantCode(t, w.DeleteAPIToken(ctx, owner(w.two), made.ID, 0), registry.CodeNotFound)

		w.clock.add(2 * time.Hour)
		again, _, err := w.RegenerateAPIToken(ctx, creator, made.ID, nil)
		if err != nil || !again.ExpiresAt.Equal(w.clock.Now().AddDate(1, 0, 0)) || again.IsActive {
			t.Errorf("regenerate an expired one: got %v until %v, %v", again.IsActive, again.ExpiresAt, err)
		}
		if err := w.DeleteAPIToken(ctx, creator, made.ID, 0); err != nil {
			t.Errorf("delete: %v", err)
		}
	})
}

// TestDeletingAnApplicationAsks shows that who may not delete a client of an
// application may not delete the application.
func TestDeletingAnApplicationAsks(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me, bot := t.Context(), owner(w.one), machine(t, w.one, "")
		app, err := w.CreateApplication(ctx, me, registry.ApplicationInput{
			Name: "x", CreateClient: &registry.ClientInput{Name: "boss", Scopes: []string{"keywright:write"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.RevokeClient(ctx, me, app.Client.ID, 0); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.DeleteApplication(ctx, bot, app.Application.ID, 0), registry.CodeConsoleSessionRequired)
		if _, err := w.Client(ctx, me, app.Client.ID); err != nil {
			t.Errorf("after the refusal: %v", err)
		}
		if err := w.DeleteApplication(ctx, me, app.Application.ID, 0); err != nil {
			t.Error(err)
		}
		_, err = w.Client(ctx, me, app.Client.ID)
		wantCode(t, err, registry.CodeNotFound)
	})
}
