package registry_test

import (
	"maps"
	"testing"
	"time"

	"keywright/registry"
)

func TestNames(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		made, _ := w.client(registry.ClientInput{Name: "Importer", ProjectID: w.one.Project.ID})
		wide, _ := w.client(registry.ClientInput{Name: "Wide"})
		waiting, _ := w.client(registry.ClientInput{Name: "Waiting", ConfirmRequired: true})
		ids := []string{
			made.ID, wide.ID, made.ID, "", w.one.Project.ID, w.one.Owner.ID, waiting.ID, "kwc_gone", "odd",
			w.two.Project.ID, w.two.Owner.ID, // of another organization
		}
		want := map[string]string{
			made.ID: "Importer", wide.ID: "Wide", waiting.ID: "Waiting", w.one.Project.ID: "Default", w.one.Owner.ID: "one@example.com",
		}
		check := func(who string, actor registry.Actor, want map[string]string) {
			t.Helper()
			got, err := w.Names(t.Context(), actor, ids...)
			if err != nil || !maps.Equal(got, want) {
				t.Errorf("%s: got %v, %v; want %v", who, got, err, want)
			}
		}
		check("the owner", owner(w.one), want)
		check("a machine of the project", machine(t, w.one, w.one.Project.ID), map[string]string{made.ID: "Importer", w.one.Project.ID: "Default"})
		w.clock.add(registry.ConfirmWithin)
		delete(want, waiting.ID)
		check("the owner, later", owner(w.one), want)

		if _, err := w.Names(t.Context(), registry.Actor{OrganizationID: w.one.Organization.ID}, ids...); registry.KindOf(err) != registry.KindForbidden {
			t.Errorf("somebody: got %v", err)
		}
	})
}

func TestFreshSignIn(t *testing.T) {
	t.Parallel()
	at := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	person := registry.Actor{ConsoleSession: true, SignedInAt: at}
	for name, tc := range map[string]struct {
		actor registry.Actor
		now   time.Time
		want  bool
	}{
		"at once":    {person, at, true},
		"just so":    {person, at.Add(registry.FreshFor - 1), true},
		"too late":   {person, at.Add(registry.FreshFor), false},
		"no session": {registry.Actor{SignedInAt: at}, at, false},
	} {
		if got := tc.actor.FreshAt(tc.now); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func TestBootstrapWithPassword(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		if empty, err := w.IsEmpty(t.Context()); err != nil || empty {
			t.Errorf("with an owner: got %v, %v", empty, err)
		}
		in := registry.OrganizationInput{Name: "Three", Email: "three@example.com", Password: "too short"}
		if _, err := w.CreateOrganization(t.Context(), operator(), in); registry.KindOf(err) != registry.KindInvalid {
			t.Errorf("a short password: got %v", err)
		}
		in.Password = "correct horse battery"
		made, err := w.CreateOrganization(t.Context(), operator(), in)
		if err != nil || made.Password.Reveal() != "" {
			t.Errorf("a chosen password: got %q, %v", made.Password.Reveal(), err)
		}
	})
}
