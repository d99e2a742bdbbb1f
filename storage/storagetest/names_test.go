package storagetest_test

import (
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func TestRecordNames(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		scope, waiting := scopeOf(w, "documents"), w.client
		waiting.ID, waiting.Name, waiting.ProjectID, waiting.ApplicationID = id("kwc_"), "Waiting", "", ""
		waiting.RoleIDs, waiting.RevokedAt = nil, time.Time{}
		change(t, db, func(tx registry.Tx) error {
			if err := tx.InsertScope(ctx, scope); err != nil {
				return err
			}
			return tx.InsertClient(ctx, waiting)
		})
		named := func(at time.Time, ids ...string) map[string]registry.RecordName {
			return read(t, db, func(r registry.Reader) (map[string]registry.RecordName, error) {
				return r.RecordNames(ctx, w.org.ID, ids, at)
			})
		}
		ids := []string{
			w.app.ID, w.prj.ID, w.client.ID, w.token.ID, w.member.ID, w.api.ID, w.role.ID, scope.ID, waiting.ID,
			w.org.ID, "kwc_gone", "odd", "", "it's", other.client.ID, other.member.ID,
		}
		want := map[string]registry.RecordName{
			w.app.ID: {Name: w.app.Name, ProjectID: w.prj.ID}, w.prj.ID: {Name: w.prj.Name, ProjectID: w.prj.ID},
			w.client.ID: {Name: w.client.Name, ProjectID: w.prj.ID}, w.token.ID: {Name: w.token.Name, ProjectID: w.prj.ID},
			w.member.ID: {Name: w.member.Email}, w.api.ID: {Name: w.api.Name}, w.role.ID: {Name: w.role.Name}, scope.ID: {Name: "documents"},
			waiting.ID: {Name: "Waiting"},
		}
		sameAs(t, named(w.client.ConfirmBy.Add(-time.Microsecond), ids...), want)
		delete(want, waiting.ID) // the other one was revoked, and stays
		sameAs(t, named(w.client.ConfirmBy, ids...), want)
		sameAs(t, named(noon), map[string]registry.RecordName{})
	})
}

func TestUserCounts(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db) // uses things of the same names
		documents, unused := scopeOf(w, "documents"), scopeOf(w, "unused")
		second := w.client
		second.ID, second.ApplicationID, second.ProjectID = id("kwc_"), "", ""
		second.Introspects = []string{w.api.Identifier} // beside the audiences: it counts once
		change(t, db, func(tx registry.Tx) error {
			for _, scope := range []registry.Scope{documents, unused} {
				if err := tx.InsertScope(ctx, scope); err != nil {
					return err
				}
			}
			return tx.InsertClient(ctx, second)
		})
		got := read(t, db, func(r registry.Reader) (map[string]int, error) {
			return r.UserCounts(ctx, w.org.ID, []string{
				w.api.ID, w.role.ID, w.prj.ID, documents.ID, unused.ID, w.client.ID, "rol_gone", "",
				other.api.ID, other.role.ID, other.prj.ID,
			})
		})
		sameAs(t, got, map[string]int{
			w.api.ID:     3, // the application and two clients
			w.role.ID:    2, // clients
			w.prj.ID:     3, // the application, a client and an API token
			documents.ID: 3, // the API, the role and the API token
		})
	})
}

func TestSearchedPages(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		change(t, db, func(tx registry.Tx) error { return tx.InsertScope(ctx, scopeOf(w, "documents")) })
		for search, want := range map[string][6]int{ // projects, applications, APIs, roles, scopes, members
			"":         {1, 1, 1, 1, 1, 1},
			"app":      {0, 1, 0, 0, 0, 0},
			"READER":   {0, 0, 0, 1, 0, 0},
			"example.": {0, 0, 1, 0, 0, 1},
			"it's":     {0, 0, 0, 0, 1, 0},
			"_ocs":     {},
			"%":        {},
		} {
			page := registry.Page{Limit: 9, Search: search}
			got := read(t, db, func(r registry.Reader) (n [6]int, err error) {
				projects, err1 := r.ProjectPage(ctx, w.org.ID, "", page)
				applications, err2 := r.ApplicationPage(ctx, w.org.ID, w.prj.ID, page)
				apis, err3 := r.APIPage(ctx, w.org.ID, page)
				roles, err4 := r.RolePage(ctx, w.org.ID, page)
				scopes, err5 := r.ScopePage(ctx, w.org.ID, page)
				members, err6 := r.MemberPage(ctx, w.org.ID, page)
				for _, e := range []error{err1, err2, err3, err4, err5, err6} {
					if e != nil {
						err = e
					}
				}
				return [6]int{len(projects), len(applications), len(apis), len(roles), len(scopes), len(members)}, err
			})
			if got != want {
				t.Errorf("search %q: got %v, want %v", search, got, want)
			}
		}
	})
}
