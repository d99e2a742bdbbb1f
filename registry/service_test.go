package registry_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keywright/registry"
)

func codeOf(err error) string {
	if e, ok := errors.AsType[*registry.Error](err); ok {
		return e.Code
	}
	return ""
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Errorf("got %v, want code %s", err, code)
	}
}

func ptr[T any](v T) *T { return &v }

func TestClientStates(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		d, secret := w.client(registry.ClientInput{ExpiresAt: w.clock.Now().Add(time.Hour)})
		if got := w.cause(d.ID, secret); got != registry.CauseNone {
			t.Fatalf("a new client: %v", got)
		}
		token, err := w.issue(ctx, d.ID, secret)
		if err != nil {
			t.Fatal(err)
		}

		if _, err := w.UpdateClient(ctx, me, d.ID, registry.ClientPatch{IsActive: ptr(false)}, 0); err != nil {
			t.Fatal(err)
		}
		if got := w.cause(d.ID, secret); got != registry.CauseDisabled {
			t.Errorf("disabled: %v", got)
		}
		if _, err := w.UpdateClient(ctx, me, d.ID, registry.ClientPatch{IsActive: ptr(true)}, 0); err != nil {
			t.Fatal(err)
		}
		if got := w.cause(d.ID, secret); got != registry.CauseNone {
			t.Errorf("enabled again: %v", got)
		}
		if got := w.worth(token); got != registry.CauseTokenCutOff {
			t.Errorf("a token from before it was disabled: %v", got)
		}

		w.clock.add(time.Hour)
		if got := w.cause(d.ID, secret); got != registry.CauseExpired {
			t.Errorf("expired: %v", got)
		}
		_, err = w.UpdateClient(ctx, me, d.ID, registry.ClientPatch{ExpiresAt: ptr(w.clock.Now().Add(time.Hour))}, 0)
		wantCode(t, err, registry.CodeCredentialExpired)

		if _, err := w.RevokeClient(ctx, me, d.ID, 0); err != nil {
			t.Fatal(err)
		}
		if got := w.cause(d.ID, secret); got != registry.CauseRevoked {
			t.Errorf("revoked: %v", got)
		}
		_, err = w.UpdateClient(ctx, me, d.ID, registry.ClientPatch{IsActive: ptr(true)}, 0)
		wantCode(t, err, registry.CodeCredentialRevoked)
		_, err = w.RevokeClient(ctx, me, d.ID, 0)
		wantCode(t, err, registry.CodeCredentialRevoked)
		_, _, err = w.RegenerateClient(ctx, me, d.ID, registry.RegenerateInput{})
		wantCode(t, err, registry.CodeCredentialRevoked)

		if err := w.DeleteClient(ctx, me, d.ID, 0); err != nil {
			t.Fatal(err)
		}
		if got := w.cause(d.ID, secret); got != registry.CauseUnknownClient {
			t.Errorf("deleted: %v", got)
		}
		_, err = w.Client(ctx, me, d.ID)
		wantCode(t, err, registry.CodeNotFound)
	})
}

func TestPendingClient(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		kept, secret := w.client(registry.ClientInput{ConfirmRequired: true})
		left, leftSecret := w.client(registry.ClientInput{ConfirmRequired: true})
		if got := w.cause(kept.ID, secret); got != registry.CausePending {
			t.Errorf("pending: %v", got)
		}
		var confirmed atomic.Int32
		parallel(20, func() {
			if _, err := w.ConfirmClient(ctx, me, kept.ID); err == nil {
				confirmed.Add(1)
			} else {
				wantCode(t, err, registry.CodeConflict)
			}
		})
		if got := confirmed.Load(); got != 1 {
			t.Errorf("%d of 20 confirmations succeeded, want 1", got)
		}
		w.clock.add(registry.ConfirmWithin)
		if got := w.cause(kept.ID, secret); got != registry.CauseNone {
			t.Errorf("confirmed: %v", got)
		}
		if got := w.cause(left.ID, leftSecret); got != registry.CauseUnknownClient {
			t.Errorf("never confirmed: %v", got)
		}
		_, err := w.ConfirmClient(ctx, me, left.ID)
		wantCode(t, err, registry.CodeNotFound)
		list, err := w.Clients(ctx, me, registry.ClientQuery{})
		if err != nil {
			t.Fatal(err)
		}
		if len(list.Items) != 1 || list.Items[0].ID != kept.ID {
			t.Errorf("the list shows %d clients, want the confirmed one alone", len(list.Items))
		}
	})
}

func TestRegenerate(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		d, first := w.client(registry.ClientInput{})
		early, err := w.issue(ctx, d.ID, first)
		if err != nil {
			t.Fatal(err)
		}
		_, second, err := w.RegenerateClient(ctx, me, d.ID, registry.RegenerateInput{Overlap: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if a, b := w.cause(d.ID, first), w.cause(d.ID, second.Reveal()); a != registry.CauseNone || b != registry.CauseNone {
			t.Errorf("within the overlap: %v, %v", a, b)
		}
		// A longer overlap must not lengthen the life of what is ending already.
		_, third, err := w.RegenerateClient(ctx, me, d.ID, registry.RegenerateInput{Overlap: 5 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		early.ExpiresAt = w.clock.Now().Add(24 * time.Hour)
		w.clock.add(time.Hour)
		if a, b := w.cause(d.ID, first), w.cause(d.ID, second.Reveal()); a != registry.CauseSecretExpired || b != registry.CauseNone {
			t.Errorf("after the first overlap: %v, %v", a, b)
		}
		if got := w.worth(early); got != registry.CauseNone {
			t.Errorf("a token of a secret whose overlap ended: %v, want it to run to its end", got)
		}
		_, last, err := w.RegenerateClient(ctx, me, d.ID, registry.RegenerateInput{})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range []string{second.Reveal(), third.Reveal()} {
			if got := w.cause(d.ID, s); got != registry.CauseSecretRevoked {
				t.Errorf("older secret %d: %v", i, got)
			}
		}
		if got := w.cause(d.ID, last.Reveal()); got != registry.CauseNone {
			t.Errorf("the new secret: %v", got)
		}
		for _, overlap := range []time.Duration{-time.Second, registry.MaxOverlap + time.Second} {
			_, _, err := w.RegenerateClient(ctx, me, d.ID, registry.RegenerateInput{Overlap: overlap})
			wantCode(t, err, registry.CodeInvalidInput)
		}
	})
}

func TestRegenerateExpired(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		d, secret := w.client(registry.ClientInput{})
		token, err := w.issue(ctx, d.ID, secret)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.UpdateClient(ctx, me, d.ID, registry.ClientPatch{ExpiresAt: ptr(w.clock.Now().Add(time.Second)), IsActive: ptr(true)}, 0); err != nil {
			t.Fatal(err)
		}
		w.clock.add(time.Second)
		if got := w.worth(token); got != registry.CauseExpired {
			t.Fatalf("token of an expired client: %v", got)
		}
		after, _, err := w.RegenerateClient(ctx, me, d.ID, registry.RegenerateInput{Overlap: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if after.Status != registry.StatusActive || !after.ExpiresAt.IsZero() {
			t.Errorf("got %s until %v, want active without expiry", after.Status, after.ExpiresAt)
		}
		if got := w.worth(token); got != registry.CauseTokenCutOff {
			t.Errorf("a token that had died came back: %v", got)
		}
	})
}

func TestParallelRegenerates(t *testing.T) {
	rounds := 20
	if os.Getenv("SOAK") != "" {
		rounds = 1000
	}
	eachWorld(t, func(t *testing.T, w *world) {
		for range rounds {
			regenerateInParallel(t, w)
		}
	})
}

func regenerateInParallel(t *testing.T, w *world) {
	t.Helper()
	d, old := w.client(registry.ClientInput{})
	var mu sync.Mutex
	var texts []string
	parallel(50, func() {
		_, s, err := w.RegenerateClient(t.Context(), owner(w.one), d.ID, registry.RegenerateInput{})
		if err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		texts = append(texts, s.Reveal())
	})
	valid := 0
	for _, s := range texts {
		if w.cause(d.ID, s) == registry.CauseNone {
			valid++
		}
	}
	if valid != 1 {
		t.Errorf("%d of %d secrets are valid, want exactly 1", valid, len(texts))
	}
	if got := w.cause(d.ID, old); got != registry.CauseSecretRevoked && got != registry.CauseWrongSecret {
		t.Errorf("the old secret: %v", got)
	}
	secrets, err := w.Secrets(t.Context(), owner(w.one), d.ID)
	if err != nil || len(secrets) > 12 { // one more where two are as old
		t.Errorf("%d secrets are kept, %v, want the live one and the last ten dead", len(secrets), err)
	}
}

func TestParallelPatchesWithOneRevision(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		d, _ := w.client(registry.ClientInput{})
		var won, stale atomic.Int32
		parallel(30, func() {
			switch _, err := w.UpdateClient(ctx, me, d.ID, registry.ClientPatch{Name: ptr("renamed")}, d.Revision); codeOf(err) {
			case "":
				won.Add(1)
			case registry.CodePreconditionFailed:
				stale.Add(1)
			default:
				t.Error(err)
			}
		})
		if won.Load() != 1 || stale.Load() != 29 {
			t.Errorf("%d won and %d were stale, want 1 and 29", won.Load(), stale.Load())
		}
		won.Store(0)
		parallel(30, func() {
			if _, err := w.RevokeClient(ctx, me, d.ID, 0); err == nil {
				won.Add(1)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d of 30 revocations succeeded, want 1", won.Load())
		}
	})
}

func TestSecretsByHand(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		d, first := w.client(registry.ClientInput{})
		token, err := w.issue(ctx, d.ID, first)
		if err != nil {
			t.Fatal(err)
		}
		for range registry.MaxLiveSecrets - 1 {
			if _, _, err := w.AddSecret(ctx, me, d.ID, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err = w.AddSecret(ctx, me, d.ID, time.Time{})
		wantCode(t, err, registry.CodeConflict)

		used := registry.UsageDelta{Kind: registry.CredentialSecret, ID: d.Secrets[0].ID, Uses: 1, LastUsedAt: w.clock.Now()}
		if err := w.db.AddUsage(ctx, "bat_1", w.clock.Now(), []registry.UsageDelta{used}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, w.DeleteSecret(ctx, me, d.ID, d.Secrets[0].ID, false), registry.CodeSecretInUse)
		if got := w.worth(token); got != registry.CauseNone {
			t.Errorf("after a refused deletion: %v", got)
		}
		if err := w.DeleteSecret(ctx, me, d.ID, d.Secrets[0].ID, true); err != nil {
			t.Fatal(err)
		}
		if got := w.cause(d.ID, first); got != registry.CauseWrongSecret {
			t.Errorf("the deleted secret: %v", got)
		}
		if got := w.worth(token); got != registry.CauseSecretRevoked {
			t.Errorf("a token obtained with it: %v", got)
		}
		wantCode(t, w.DeleteSecret(ctx, me, d.ID, d.Secrets[0].ID, true), registry.CodeNotFound)
	})
}

func TestRevokeAll(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		project, err := w.CreateProject(ctx, me, registry.ProjectInput{Name: "p"})
		if err != nil {
			t.Fatal(err)
		}
		app, err := w.CreateApplication(ctx, me, registry.ApplicationInput{Name: "app", ProjectID: project.ID})
		if err != nil {
			t.Fatal(err)
		}
		inApp, _ := w.client(registry.ClientInput{ApplicationID: app.Application.ID})
		inProject, _ := w.client(registry.ClientInput{ProjectID: project.ID})
		wide, _ := w.client(registry.ClientInput{})
		other, _, err := w.CreateClient(ctx, owner(w.two), registry.ClientInput{Name: "other", Scopes: []string{"free"}})
		if err != nil {
			t.Fatal(err)
		}
		if inApp.ProjectID != project.ID {
			t.Errorf("a client of an application lies in project %q, want its application's", inApp.ProjectID)
		}

		preview, err := w.RevokeAllClients(ctx, me, registry.RevokeAllInput{ProjectID: project.ID, DryRun: true})
		if err != nil || preview.Count != 2 {
			t.Fatalf("preview: %d, %v, want 2", preview.Count, err)
		}
		_, err = w.RevokeAllClients(ctx, me, registry.RevokeAllInput{ProjectID: project.ID, ExpectedCount: ptr(3)})
		wantCode(t, err, registry.CodeCountChanged)
		_, err = w.RevokeAllClients(ctx, me, registry.RevokeAllInput{})
		wantCode(t, err, registry.CodeInvalidInput)
		_, err = w.RevokeAllClients(ctx, me, registry.RevokeAllInput{OrganizationID: w.two.Organization.ID})
		wantCode(t, err, registry.CodeNotFound)

		status := func(id string, a registry.Actor) registry.Status {
			d, err := w.Client(ctx, a, id)
			if err != nil {
				t.Fatal(err)
			}
			return d.Status
		}
		hit := func(in registry.RevokeAllInput, want ...string) {
			t.Helper()
			result, err := w.RevokeAllClients(ctx, me, in)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range result.Items {
				if d.Status != registry.StatusRevoked {
					t.Errorf("%s is %s", d.ID, d.Status)
				}
				got = append(got, d.ID)
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) || result.Count != len(want) {
				t.Errorf("revoked %v, want %v", got, want)
			}
		}
		hit(registry.RevokeAllInput{ApplicationID: app.Application.ID}, inApp.ID)
		hit(registry.RevokeAllInput{ProjectID: project.ID}, inProject.ID)
		hit(registry.RevokeAllInput{CreatedBy: w.one.Owner.ID}, wide.ID)
		hit(registry.RevokeAllInput{OrganizationID: w.one.Organization.ID})
		if got := status(other.ID, owner(w.two)); got != registry.StatusActive {
			t.Errorf("a client of another organization is %s", got)
		}
	})
}

func TestMachinesStayBelowPeople(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me, bot := t.Context(), owner(w.one), machine(t, w.one, "")
		admin, _ := w.client(registry.ClientInput{Scopes: []string{"keywright:write"}})
		role, err := w.CreateRole(ctx, me, registry.RoleInput{Name: "boss", Scopes: []string{"keywright:read"}})
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := w.client(registry.ClientInput{})
		holder, _ := w.client(registry.ClientInput{Roles: []string{"boss"}})

		for name, try := range map[string]func() error{
			"grant an admin scope": func() error {
				_, _, err := w.CreateClient(ctx, bot, registry.ClientInput{Name: "x", Scopes: []string{"keywright:read"}})
				return err
			},
			"grant a role with one": func() error {
				_, _, err := w.CreateClient(ctx, bot, registry.ClientInput{Name: "x", Roles: []string{role.ID}})
				return err
			},
			"add an admin scope": func() error {
				_, err := w.UpdateClient(ctx, bot, plain.ID, registry.ClientPatch{Scopes: &[]string{"keywright:write"}}, 0)
				return err
			},
			"change an admin client": func() error {
				_, err := w.UpdateClient(ctx, bot, admin.ID, registry.ClientPatch{Name: ptr("x")}, 0)
				return err
			},
			"regenerate an admin client": func() error {
				_, _, err := w.RegenerateClient(ctx, bot, admin.ID, registry.RegenerateInput{})
				return err
			},
			"delete a holder of the role": func() error { return w.DeleteClient(ctx, bot, holder.ID, 0) },
			"change the role": func() error {
				_, err := w.UpdateRole(ctx, bot, role.ID, registry.RolePatch{Description: ptr("x")}, 0)
				return err
			},
			"make such a role": func() error {
				_, err := w.CreateRole(ctx, bot, registry.RoleInput{Name: "x", Scopes: []string{"keywright:write"}})
				return err
			},
			"make such an API token": func() error {
				_, _, err := w.CreateAPIToken(ctx, bot, registry.APITokenInput{Name: "x", Scopes: []string{"keywright:read"}, Permissions: []string{"read"}})
				return err
			},
			"revoke them with all": func() error {
				_, err := w.RevokeAllClients(ctx, bot, registry.RevokeAllInput{OrganizationID: w.one.Organization.ID})
				return err
			},
			"change itself": func() error {
				self := bot
				self.Kind, self.ID = registry.ActorClient, plain.ID
				_, err := w.UpdateClient(ctx, self, plain.ID, registry.ClientPatch{Name: ptr("x")}, 0)
				return err
			},
		} {
			if got := codeOf(try()); got != registry.CodeConsoleSessionRequired {
				t.Errorf("%s: got code %q", name, got)
			}
		}
		if _, err := w.UpdateClient(ctx, bot, plain.ID, registry.ClientPatch{Scopes: &[]string{"anything"}}, 0); err != nil {
			t.Errorf("a machine may grant what is not the admin API's: %v", err)
		}
	})
}

func TestProjectBoundMachine(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		mine, err := w.CreateProject(ctx, me, registry.ProjectInput{Name: "mine"})
		if err != nil {
			t.Fatal(err)
		}
		yours, err := w.CreateProject(ctx, me, registry.ProjectInput{Name: "yours"})
		if err != nil {
			t.Fatal(err)
		}
		bot := machine(t, w.one, mine.ID)
		wide, _ := w.client(registry.ClientInput{})
		there, _ := w.client(registry.ClientInput{ProjectID: yours.ID})

		made, _, err := w.CreateClient(ctx, bot, registry.ClientInput{Name: "x", Scopes: []string{"a"}})
		if err != nil || made.ProjectID != mine.ID {
			t.Fatalf("got project %q, %v, want its own", made.ProjectID, err)
		}
		_, _, err = w.CreateClient(ctx, bot, registry.ClientInput{Name: "x", Scopes: []string{"a"}, ProjectID: yours.ID})
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		_, err = w.CreateAPI(ctx, bot, registry.APIInput{Name: "x", Identifier: "https://x.example"})
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		_, err = w.CreateRole(ctx, bot, registry.RoleInput{Name: "x"})
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		_, _, err = w.CreateAPIToken(ctx, bot, registry.APITokenInput{Name: "x", Type: registry.TokenTypeOrganization, Scopes: []string{"a"}, Permissions: []string{"b"}})
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		for _, id := range []string{wide.ID, there.ID} {
			_, err := w.Client(ctx, bot, id)
			wantCode(t, err, registry.CodeNotFound)
			wantCode(t, w.DeleteClient(ctx, bot, id, 0), registry.CodeNotFound)
		}
		list, err := w.Clients(ctx, bot, registry.ClientQuery{})
		if err != nil || len(list.Items) != 1 || list.Items[0].ID != made.ID {
			t.Errorf("sees %d clients, %v, want its own alone", len(list.Items), err)
		}
		if list, err = w.Clients(ctx, bot, registry.ClientQuery{ProjectID: yours.ID}); err != nil || len(list.Items) != 0 {
			t.Errorf("sees %d clients of another project, %v", len(list.Items), err)
		}
		result, err := w.RevokeAllClients(ctx, bot, registry.RevokeAllInput{CreatedBy: w.one.Owner.ID})
		if err != nil || result.Count != 0 {
			t.Errorf("revoked %d beyond its project, %v", result.Count, err)
		}
	})
}

func TestCreatorNarrowsOnly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		creator := owner(w.one) // who later is a plain member
		expires := w.clock.Now().Add(time.Hour)
		d, _ := w.client(registry.ClientInput{
			Scopes: []string{"a", "b"}, Permissions: []string{"read"}, IPWhitelist: []string{"10.0.0.0/8"}, ExpiresAt: expires,
		})
		creator.Role = registry.RoleMember
		for name, p := range map[string]registry.ClientPatch{
			"scope":       {Scopes: &[]string{"a", "b", "c"}},
			"permission":  {Permissions: &[]string{"write"}},
			"address":     {IPWhitelist: &[]string{"10.0.0.0/7"}},
			"any address": {IPWhitelist: &[]string{}},
			"expiry":      {ExpiresAt: ptr(expires.Add(time.Second))},
			"no expiry":   {ExpiresAt: ptr(time.Time{})},
			"lifetime":    {TokenTTL: ptr(time.Hour)},
			"introspects": {Introspects: &[]string{"*"}},
		} {
			_, err := w.UpdateClient(ctx, creator, d.ID, p, 0)
			if codeOf(err) != registry.CodeGrantExceedsOwn {
				t.Errorf("widen by %s: got %v", name, err)
			}
		}
		_, err := w.UpdateClient(ctx, creator, d.ID, registry.ClientPatch{
			Name: ptr("narrow"), Scopes: &[]string{"a"}, Permissions: &[]string{}, IPWhitelist: &[]string{"10.1.0.0/16"},
			ExpiresAt: ptr(expires.Add(-time.Minute)),
		}, 0)
		if err != nil {
			t.Errorf("narrow: %v", err)
		}
		stranger := creator
		stranger.ID = w.two.Owner.ID
		_, err = w.UpdateClient(ctx, stranger, d.ID, registry.ClientPatch{Name: ptr("x")}, 0)
		wantCode(t, err, registry.CodeForbidden)
		if _, _, err = w.RegenerateClient(ctx, creator, d.ID, registry.RegenerateInput{}); err != nil {
			t.Errorf("regenerate: %v", err)
		}
		if _, err := w.UpdateClient(ctx, creator, d.ID, registry.ClientPatch{IsActive: ptr(false)}, 0); err != nil {
			t.Errorf("disable: %v", err)
		}
		_, err = w.UpdateClient(ctx, creator, d.ID, registry.ClientPatch{IsActive: ptr(true)}, 0)
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		if err := w.DeleteClient(ctx, creator, d.ID, 0); err != nil {
			t.Errorf("delete: %v", err)
		}
		_, _, err = w.CreateClient(ctx, creator, registry.ClientInput{Name: "x", Scopes: []string{"a"}})
		wantCode(t, err, registry.CodeForbidden)
	})
}

func TestBadInputChangesNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		before, _ := w.client(registry.ClientInput{})
		for field, in := range map[string]registry.ClientInput{
			"name":             {Scopes: []string{"a"}},
			"description":      {Name: "x", Description: strings.Repeat("é", 501), Scopes: []string{"a"}},
			"scopes":           {Name: "x"},
			"scopes[1]":        {Name: "x", Scopes: []string{"a", "b c"}},
			"permissions[0]":   {Name: "x", Scopes: []string{"a"}, Permissions: []string{""}},
			"roles[0]":         {Name: "x", Roles: []string{"none"}, Scopes: []string{"a"}},
			"audiences[0]":     {Name: "x", Scopes: []string{"a"}, Audiences: []string{"https://none.example"}},
			"introspects[0]":   {Name: "x", Scopes: []string{"a"}, Introspects: []string{"https://none.example"}},
			"ipWhitelist[1]":   {Name: "x", Scopes: []string{"a"}, IPWhitelist: []string{"10.0.0.1", "::ffff:10.0.0.1"}},
			"expiresAt":        {Name: "x", Scopes: []string{"a"}, ExpiresAt: w.clock.Now()},
			"tokenTtlSeconds":  {Name: "x", Scopes: []string{"a"}, TokenTTL: 59 * time.Second},
			"tokenFormat":      {Name: "x", Scopes: []string{"a"}, TokenFormat: "saml"},
			"authMethod":       {Name: "x", Scopes: []string{"a"}, AuthMethod: "none"},
			"jwks":             {Name: "x", Scopes: []string{"a"}, AuthMethod: registry.AuthPrivateKeyJWT},
			"projectId":        {Name: "x", Scopes: []string{"a"}, ProjectID: "prj_none"},
			"applicationId":    {Name: "x", Scopes: []string{"a"}, ApplicationID: "app_none"},
			"name (NUL)":       {Name: "a\x00b", Scopes: []string{"a"}},
			"name (not UTF-8)": {Name: "a\xff", Scopes: []string{"a"}},
		} {
			_, _, err := w.CreateClient(ctx, me, in)
			e, ok := errors.AsType[*registry.Error](err)
			wanted, _, _ := strings.Cut(field, " ")
			if !ok || e.Code != registry.CodeInvalidInput || !slices.ContainsFunc(e.Fields, func(f registry.FieldError) bool { return f.Field == wanted }) {
				t.Errorf("%s: got %v", field, err)
			}
		}
		list, err := w.Clients(ctx, me, registry.ClientQuery{})
		if err != nil || len(list.Items) != 1 || list.Items[0].ID != before.ID {
			t.Errorf("%d clients, %v, want the one from before", len(list.Items), err)
		}
	})
}

func TestAuditTellsChangesAndRefusals(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		d, secret := w.client(registry.ClientInput{})
		reader := machine(t, w.one, "")
		reader.Scopes = []string{registry.ScopeAdminRead}
		_, err := w.UpdateClient(ctx, reader, d.ID, registry.ClientPatch{Name: ptr("x")}, 0)
		wantCode(t, err, registry.CodeForbidden)
		_, err = w.UpdateClient(ctx, me, d.ID, registry.ClientPatch{Name: ptr("")}, 0)
		wantCode(t, err, registry.CodeInvalidInput)
		if err := w.DeleteClient(ctx, me, d.ID, 0); err != nil {
			t.Fatal(err)
		}
		var events []registry.AuditEvent
		err = w.db.Read(ctx, func(r registry.Reader) (err error) {
			events, err = r.AuditEvents(ctx, w.one.Organization.ID, 0, 100)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, e := range events {
			got = append(got, e.Action+" "+e.Outcome+" "+e.Reason)
			if i > 0 && e.Position <= events[i-1].Position {
				t.Errorf("event %d has position %d after %d", i, e.Position, events[i-1].Position)
			}
			if strings.Contains(string(e.Before)+string(e.After), secret) {
				t.Error("the audit contains a secret")
			}
		}
		want := []string{
			"organization.bootstrap done ", "client.create done ", "client.update refused forbidden", "client.delete done ",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got events %q, want %q", got, want)
		}
	})
}

func TestTwoOrganizations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, stranger := t.Context(), owner(w.two)
		d, _ := w.client(registry.ClientInput{})
		api, err := w.CreateAPI(ctx, owner(w.one), registry.APIInput{Name: "x", Identifier: "https://x.example", Scopes: []string{"x"}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			w.client(registry.ClientInput{})
		}
		page, err := w.Clients(ctx, owner(w.one), registry.ClientQuery{Limit: 2})
		if err != nil || page.NextCursor == "" {
			t.Fatalf("first page: %v", err)
		}
		errorID := w.ids.New(registry.Refusal{Cause: registry.CauseDisabled, OrganizationID: w.one.Organization.ID, At: w.clock.Now()})
		for name, try := range map[string]func() error{
			"read a client":   func() error { _, err := w.Client(ctx, stranger, d.ID); return err },
			"list secrets":    func() error { _, err := w.Secrets(ctx, stranger, d.ID); return err },
			"revoke a client": func() error { _, err := w.RevokeClient(ctx, stranger, d.ID, 0); return err },
			"delete a client": func() error { return w.DeleteClient(ctx, stranger, d.ID, 0) },
			"regenerate": func() error {
				_, _, err := w.RegenerateClient(ctx, stranger, d.ID, registry.RegenerateInput{})
				return err
			},
			"delete a secret":   func() error { return w.DeleteSecret(ctx, stranger, d.ID, d.Secrets[0].ID, true) },
			"read an API":       func() error { _, err := w.API(ctx, stranger, api.ID); return err },
			"delete an API":     func() error { return w.DeleteAPI(ctx, stranger, api.ID, 0) },
			"look a refusal up": func() error { _, err := w.Refusal(ctx, stranger, errorID); return err },
			"revoke all of them": func() error {
				_, err := w.RevokeAllClients(ctx, stranger, registry.RevokeAllInput{OrganizationID: w.one.Organization.ID})
				return err
			},
		} {
			if got := codeOf(try()); got != registry.CodeNotFound {
				t.Errorf("%s: got code %q, want not_found", name, got)
			}
		}
		_, err = w.Clients(ctx, stranger, registry.ClientQuery{Cursor: page.NextCursor})
		wantCode(t, err, registry.CodeMalformedRequest)
		_, err = w.Clients(ctx, owner(w.one), registry.ClientQuery{Cursor: page.NextCursor, CreatedBy: "mem_x"})
		wantCode(t, err, registry.CodeMalformedRequest)
		_, _, err = w.CreateClient(ctx, stranger, registry.ClientInput{Name: "x", Scopes: []string{"x"}, Audiences: []string{api.Identifier}})
		wantCode(t, err, registry.CodeInvalidInput)
		_, err = w.CreateAPI(ctx, stranger, registry.APIInput{Name: "x", Identifier: api.Identifier})
		wantCode(t, err, registry.CodeConflict)
		if _, err := w.Refusal(ctx, owner(w.one), errorID); err != nil {
			t.Errorf("its own organization: %v", err)
		}
	})
}

// TestCutOffRaces issues without pause while a change happens. A token whose
// client was read before the change must be dead afterwards, one read after it
// must live, with the clock going back and forth.
func TestCutOffRaces(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		me := owner(w.one)
		for name, change := range map[string]func(ctx context.Context, id, oldSecret string) (secret string, err error){
			"disable and enable": func(ctx context.Context, id, secret string) (string, error) {
				if _, err := w.UpdateClient(ctx, me, id, registry.ClientPatch{IsActive: ptr(false)}, 0); err != nil {
					return "", err
				}
				_, err := w.UpdateClient(ctx, me, id, registry.ClientPatch{IsActive: ptr(true)}, 0)
				return secret, err
			},
			"regenerate": func(ctx context.Context, id, _ string) (string, error) {
				_, s, err := w.RegenerateClient(ctx, me, id, registry.RegenerateInput{})
				return s.Reveal(), err
			},
			"delete the secret": func(ctx context.Context, id, _ string) (string, error) {
				d, err := w.Client(ctx, me, id)
				if err != nil {
					return "", err
				}
				_, s, err := w.AddSecret(ctx, me, id, time.Time{})
				if err != nil {
					return "", err
				}
				return s.Reveal(), w.DeleteSecret(ctx, me, id, d.Secrets[0].ID, true)
			},
			"revoke": func(ctx context.Context, id, secret string) (string, error) {
				_, err := w.RevokeClient(ctx, me, id, 0)
				return "", err
			},
			"delete": func(ctx context.Context, id, secret string) (string, error) {
				return "", w.DeleteClient(ctx, me, id, 0)
			},
			"revoke all": func(ctx context.Context, id, secret string) (string, error) {
				_, err := w.RevokeAllClients(ctx, me, registry.RevokeAllInput{CreatedBy: me.ID})
				return "", err
			},
		} {
			d, secret := w.client(registry.ClientInput{Name: name})
			race(t, w, name, d.ID, secret, change)
		}
	})
}

func race(t *testing.T, w *world, name, clientID, secret string, change func(context.Context, string, string) (string, error)) {
	t.Helper()
	ctx := t.Context()
	stop, issuedOnce := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var mu sync.Mutex
	var tokens []registry.AccessToken
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				w.clock.add(time.Duration(1-2*(n%2)) * time.Duration(i+1) * time.Second)
				if token, err := w.issue(ctx, clientID, secret); err == nil {
					mu.Lock()
					tokens = append(tokens, token)
					mu.Unlock()
					once.Do(func() { close(issuedOnce) })
				}
			}
		})
	}
	<-issuedOnce
	fresh, err := change(ctx, clientID, secret)
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	cutOff := w.position()
	for _, token := range tokens {
		// Only a change that leaves the secret good lets later tokens live.
		want := fresh == secret && token.Rev >= cutOff
		if cause := w.worth(token); (cause == registry.CauseNone) != want {
			t.Errorf("%s at position %d: a token read at %d is %v, want it alive: %v", name, cutOff, token.Rev, cause, want)
		}
	}
	if fresh == "" {
		return
	}
	token, err := w.issue(ctx, clientID, fresh)
	if err != nil {
		t.Fatalf("%s: issue after it: %v", name, err)
	}
	if got := w.worth(token); got != registry.CauseNone {
		t.Errorf("%s: a token read after it is dead: %v", name, got)
	}
}

// position is the feed position in force.
func (w *world) position() registry.Position {
	w.t.Helper()
	d, _ := w.client(registry.ClientInput{Name: "position"})
	state, err := w.db.ClientState(w.t.Context(), d.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return state.Rev - 1
}

func parallel(n int, do func()) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(do)
	}
	wg.Wait()
}
