package registry_test

import (
	"fmt"
	"maps"
	"strings"
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
		counts, err := w.UserCounts(t.Context(), actor, ids...)
		if want := map[string]int{role.ID: 1, scope.ID: 1, w.one.Project.ID: 1}; err != nil || !maps.Equal(counts, want) {
			t.Errorf("the counts are %v, %v; want %v", counts, err, want)
		}
		if _, err := w.UserCounts(t.Context(), machine(t, w.one, w.one.Project.ID), role.ID); registry.KindOf(err) != registry.KindForbidden {
			t.Errorf("a machine of a project counts: got %v", err)
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

func TestSearch(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		actor := owner(w.one)
		for i := range 3 {
			if _, err := w.CreateProject(t.Context(), actor, registry.ProjectInput{Name: fmt.Sprintf("Billing %d", i)}); err != nil {
				t.Fatal(err)
			}
		}
		first, err := w.Projects(t.Context(), actor, registry.ProjectQuery{Search: " billing ", Limit: 2})
		if err != nil || len(first.Items) != 2 || first.NextCursor == "" {
			t.Fatalf("the first page: %v, %v", first, err)
		}
		rest, err := w.Projects(t.Context(), actor, registry.ProjectQuery{Search: " billing ", Limit: 2, Cursor: first.NextCursor})
		if err != nil || len(rest.Items) != 1 || rest.NextCursor != "" {
			t.Errorf("the second page: %v, %v", rest, err)
		}
		for name, q := range map[string]registry.ProjectQuery{
			"the cursor of another search": {Cursor: first.NextCursor},
			"two lines":                    {Search: "a\nb"},
			"what is too long":             {Search: strings.Repeat("x", 101)},
		} {
			if _, err := w.Projects(t.Context(), actor, q); registry.KindOf(err) != registry.KindInvalid {
				t.Errorf("%s: got %v", name, err)
			}
		}
	})
}
