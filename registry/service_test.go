package registry_test

import (
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

		used := registry.UsageDelta{Kind: registry.CredentialSecret, ID: d.Secrets[0].ID, Count: 1, LastAt: w.clock.Now()}
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

func parallel(n int, do func()) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(do)
	}
	wg.Wait()
}
