package registry_test

import (
	"fmt"
	"testing"

	"keywright/registry"
)

func TestUsers(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		actor := owner(w.one)
		role, err := w.CreateRole(t.Context(), actor, registry.RoleInput{Name: "reader", Scopes: []string{"documents"}})
		if err != nil {
			t.Fatal(err)
		}
		scope, err := w.CreateScope(t.Context(), actor, registry.ScopeInput{Name: "documents"})
		if err != nil {
			t.Fatal(err)
		}
		made, _ := w.client(registry.ClientInput{Name: "Importer", Roles: []string{role.ID}, ProjectID: w.one.Project.ID})
		ids := []string{role.ID, scope.ID, w.one.Project.ID, w.two.Project.ID, "rol_gone", made.ID, "odd", ""}
		used, err := w.Users(t.Context(), actor, ids...)
		if err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]string{
			role.ID: "[{client " + made.ID + " Importer}]", scope.ID: "[{role " + role.ID + " reader}]",
			w.one.Project.ID: "[{client " + made.ID + " Importer}]",
			// Of another organization, gone, or of a kind that nothing uses.
			w.two.Project.ID: "[]", "rol_gone": "[]", made.ID: "[]",
		} {
			if got := fmt.Sprint(used[id].Users); got != want || used[id].More {
				t.Errorf("%s is used by %s, more %v; want %s", id, got, used[id].More, want)
			}
		}
		if _, err := w.Users(t.Context(), machine(t, w.one, w.one.Project.ID), role.ID); registry.KindOf(err) != registry.KindForbidden {
			t.Errorf("a machine of a project: got %v", err)
		}
		for i := range 100 {
			w.client(registry.ClientInput{Name: fmt.Sprintf("Copy %d", i), Roles: []string{role.ID}})
		}
		used, err = w.Users(t.Context(), actor, role.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := used[role.ID]; len(got.Users) != 100 || !got.More {
			t.Errorf("of 101 users %d are named, more %v", len(got.Users), got.More)
		}
	})
}
