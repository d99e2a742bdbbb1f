package storagetest_test

import (
	"slices"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func scopeOf(w world, name string) registry.Scope {
	at := kept(noon)
	return registry.Scope{ID: id("scp_"), OrganizationID: w.org.ID, Name: name, Description: "it's", Revision: 1, CreatedAt: at, UpdatedAt: at}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		one, two, foreign := scopeOf(w, "one"), scopeOf(w, "two"), scopeOf(other, "one")
		two.CreatedAt = one.CreatedAt.Add(time.Second)
		change(t, db, func(tx registry.Tx) error {
			for _, s := range []registry.Scope{one, two, foreign} {
				if err := tx.InsertScope(ctx, s); err != nil {
					return err
				}
			}
			one.Description, one.Revision = "changed", 2
			return tx.UpdateScope(ctx, one)
		})
		sameAs(t, read(t, db, func(r registry.Reader) (registry.Scope, error) { return r.Scope(ctx, w.org.ID, one.ID) }), one)
		page := registry.Page{Limit: 1}
		first := read(t, db, func(r registry.Reader) ([]registry.Scope, error) { return r.ScopePage(ctx, w.org.ID, page) })
		sameAs(t, first, []registry.Scope{two})
		page.AfterAt, page.AfterID = two.CreatedAt, two.ID
		sameAs(t, read(t, db, func(r registry.Reader) ([]registry.Scope, error) { return r.ScopePage(ctx, w.org.ID, page) }), []registry.Scope{one})

		err := db.Change(ctx, func(tx registry.Tx) error { return tx.InsertScope(ctx, scopeOf(w, "one")) })
		wantKind(t, err, registry.KindConflict)
		stranger := one
		stranger.OrganizationID = other.org.ID
		for name, fn := range map[string]func(tx registry.Tx) error{
			"Scope":          func(tx registry.Tx) error { _, err := tx.Scope(ctx, other.org.ID, one.ID); return err },
			"ScopeForUpdate": func(tx registry.Tx) error { _, err := tx.ScopeForUpdate(ctx, other.org.ID, one.ID); return err },
			"UpdateScope":    func(tx registry.Tx) error { return tx.UpdateScope(ctx, stranger) },
			"DeleteScope":    func(tx registry.Tx) error { return tx.DeleteScope(ctx, other.org.ID, one.ID) },
			"DeleteRole":     func(tx registry.Tx) error { return tx.DeleteRole(ctx, other.org.ID, w.role.ID) },
			"DeleteAPIToken": func(tx registry.Tx) error { return tx.DeleteAPIToken(ctx, other.org.ID, w.token.ID) },
			"DeleteApplication": func(tx registry.Tx) error {
				return tx.DeleteApplication(ctx, other.org.ID, w.app.ID)
			},
		} {
			if err := db.Change(ctx, fn); err == nil || registry.KindOf(err) != registry.KindNotFound {
				t.Errorf("%s across organizations: got %v, want not found", name, err)
			}
		}
		change(t, db, func(tx registry.Tx) error { return tx.DeleteScope(ctx, w.org.ID, one.ID) })
		_, err = tryRead(db, func(r registry.Reader) (registry.Scope, error) { return r.Scope(ctx, w.org.ID, one.ID) })
		wantKind(t, err, registry.KindNotFound)
	})
}

func TestUsers(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		settled(t, db) // uses things of the same names
		app := registry.User{Kind: registry.FeedApplication, ID: w.app.ID, Name: w.app.Name}
		client := registry.User{Kind: registry.FeedClient, ID: w.client.ID, Name: w.client.Name}
		token := registry.User{Kind: registry.FeedAPIToken, ID: w.token.ID, Name: w.token.Name}
		api := registry.User{Kind: registry.FeedAPI, ID: w.api.ID, Name: w.api.Name}
		role := registry.User{Kind: registry.FeedRole, ID: w.role.ID, Name: w.role.Name}
		users := func(fn func(r registry.Reader) ([]registry.User, error)) []registry.User { return read(t, db, fn) }
		ofScope := func(name string, limit int) []registry.User {
			return users(func(r registry.Reader) ([]registry.User, error) { return r.ScopeUsers(ctx, scopeOf(w, name), limit) })
		}
		sameAs(t, users(func(r registry.Reader) ([]registry.User, error) { return r.APIUsers(ctx, w.api, 9) }), []registry.User{app, client})
		sameAs(t, users(func(r registry.Reader) ([]registry.User, error) { return r.RoleUsers(ctx, w.role, 9) }), []registry.User{client})
		sameAs(t, ofScope("documents", 9), []registry.User{api, token, role})
		sameAs(t, ofScope("documents", 1), []registry.User{api})
		sameAs(t, ofScope("it's", 9), []registry.User{api})
		sameAs(t, ofScope("a", 9), []registry.User{client})
		sameAs(t, ofScope("document", 9), []registry.User(nil))

		err := db.Change(ctx, func(tx registry.Tx) error { return tx.DeleteRole(ctx, w.org.ID, w.role.ID) })
		wantKind(t, err, registry.KindConflict)
		err = db.Change(ctx, func(tx registry.Tx) error { return tx.DeleteApplication(ctx, w.org.ID, w.app.ID) })
		wantKind(t, err, registry.KindConflict)
		change(t, db, func(tx registry.Tx) error {
			if err := tx.DeleteClient(ctx, w.org.ID, w.client.ID); err != nil {
				return err
			}
			if err := tx.DeleteRole(ctx, w.org.ID, w.role.ID); err != nil {
				return err
			}
			return tx.DeleteApplication(ctx, w.org.ID, w.app.ID)
		})
		sameAs(t, users(func(r registry.Reader) ([]registry.User, error) { return r.APIUsers(ctx, w.api, 9) }), []registry.User(nil))
	})
}

func TestDisconnectEndpoints(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		later := kept(noon.Add(time.Hour))
		disconnect := func(org string, ids ...string) (apps []string) {
			change(t, db, func(tx registry.Tx) (err error) {
				apps, err = tx.DisconnectEndpoints(ctx, org, ids, later)
				return err
			})
			return apps
		}
		sameAs(t, disconnect(other.org.ID, w.api.Endpoints[0].ID), []string(nil))
		sameAs(t, disconnect(w.org.ID), []string(nil))
		sameAs(t, disconnect(w.org.ID, w.api.Endpoints[1].ID), []string(nil))
		application := func() registry.Application {
			return read(t, db, func(r registry.Reader) (registry.Application, error) { return r.Application(ctx, w.org.ID, w.app.ID) })
		}
		sameAs(t, application(), w.app)
		sameAs(t, disconnect(w.org.ID, w.api.Endpoints[0].ID, w.api.Endpoints[1].ID), []string{w.app.ID})
		w.app.EndpointIDs, w.app.Revision, w.app.UpdatedAt = nil, 2, later
		sameAs(t, application(), w.app)
	})
}

func TestApplicationsAndTheirClients(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		wide, gone := w.app, w.client
		wide.ID, wide.ProjectID, wide.EndpointIDs, wide.CreatedAt = id("app_"), "", nil, w.app.CreatedAt.Add(time.Second)
		gone.ID, gone.RoleIDs, gone.RevokedAt = id("kwc_"), nil, time.Time{}
		change(t, db, func(tx registry.Tx) error {
			if err := tx.InsertApplication(ctx, wide); err != nil {
				return err
			}
			return tx.InsertClient(ctx, gone)
		})
		list := func(project string, page registry.Page) []registry.Application {
			return read(t, db, func(r registry.Reader) ([]registry.Application, error) {
				return r.ApplicationPage(ctx, w.org.ID, project, page)
			})
		}
		sameAs(t, list("", registry.Page{Limit: 9}), []registry.Application{wide, w.app})
		sameAs(t, list("", registry.Page{Limit: 9, AfterAt: wide.CreatedAt, AfterID: wide.ID}), []registry.Application{w.app})
		sameAs(t, list(w.prj.ID, registry.Page{Limit: 9}), []registry.Application{w.app})
		plain := gone
		plain.ID, plain.ConfirmBy, plain.ExpiresAt, plain.IsActive, plain.Environment = id("kwc_"), time.Time{}, time.Time{}, true, "staging"
		unlabelled := plain
		unlabelled.ID, unlabelled.Environment = id("kwc_"), ""
		change(t, db, func(tx registry.Tx) error {
			if err := tx.InsertClient(ctx, plain); err != nil {
				return err
			}
			return tx.InsertClient(ctx, unlabelled)
		})
		for at, want := range map[time.Time]map[string]registry.ApplicationClients{
			noon:           {w.app.ID: {Count: 4, Active: 2, Environments: []string{gone.Environment, "staging"}}},
			gone.ConfirmBy: {w.app.ID: {Count: 3, Active: 2, Environments: []string{"staging"}}},
		} {
			sameAs(t, read(t, db, func(r registry.Reader) (map[string]registry.ApplicationClients, error) {
				return r.ClientCounts(ctx, w.org.ID, []string{w.app.ID, wide.ID, other.app.ID}, at)
			}), want)
		}
		roles := read(t, db, func(r registry.Reader) ([]registry.Role, error) {
			return r.RolePage(ctx, w.org.ID, registry.Page{Limit: 9})
		})
		sameAs(t, roles, []registry.Role{w.role})
	})
}

func TestAPITokensOfAnOrganization(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		wide := w.token
		wide.ID, wide.ProjectID, wide.Type, wide.Digest = id("tok_"), "", registry.TokenTypeOrganization, digestOf(0x77)
		wide.CreatedBy.ID, wide.CreatedAt = "mem_b", w.token.CreatedAt.Add(time.Second)
		change(t, db, func(tx registry.Tx) error { return tx.InsertAPIToken(ctx, wide) })
		list := func(f registry.APITokenFilter) []registry.APIToken {
			f.OrganizationID = w.org.ID
			return read(t, db, func(r registry.Reader) ([]registry.APIToken, error) {
				return r.APITokenPage(ctx, f, registry.Page{Limit: 9})
			})
		}
		sameAs(t, list(registry.APITokenFilter{}), []registry.APIToken{wide, w.token})
		sameAs(t, list(registry.APITokenFilter{ProjectID: w.prj.ID}), []registry.APIToken{w.token})
		sameAs(t, list(registry.APITokenFilter{CreatedBy: "mem_b"}), []registry.APIToken{wide})
		sameAs(t, list(registry.APITokenFilter{Type: registry.TokenTypeProject}), []registry.APIToken{w.token})

		at := kept(noon.Add(time.Minute))
		revoke := func(f registry.APITokenFilter) (ids []string) {
			t.Helper()
			f.OnlyUnrevoked = true
			count := read(t, db, func(r registry.Reader) (int, error) { return r.CountAPITokens(ctx, f) })
			change(t, db, func(tx registry.Tx) (err error) {
				if ids, err = tx.LockAPITokens(ctx, f); err != nil {
					return err
				}
				return tx.RevokeAPITokens(ctx, ids, at)
			})
			if count != len(ids) {
				t.Errorf("%+v: counted %d of %v", f, count, ids)
			}
			return ids
		}
		sameAs(t, revoke(registry.APITokenFilter{OrganizationID: other.org.ID, ProjectID: w.prj.ID}), []string(nil))
		sameAs(t, revoke(registry.APITokenFilter{}), []string(nil)) // no organization is none, not all
		sameAs(t, revoke(registry.APITokenFilter{OrganizationID: w.org.ID, CreatedBy: "mem_b"}), []string{wide.ID})
		wide.RevokedAt, wide.UpdatedAt, wide.Revision = at, at, 2
		sameAs(t, list(registry.APITokenFilter{}), []registry.APIToken{wide, w.token})
		sameAs(t, list(registry.APITokenFilter{OnlyUnrevoked: true}), []registry.APIToken{w.token})
		sameAs(t, revoke(registry.APITokenFilter{OrganizationID: w.org.ID}), []string{w.token.ID})

		use := []registry.UsageDelta{{Kind: registry.CredentialAPIToken, ID: wide.ID, Count: 1, LastAt: noon}}
		if err := db.AddUsage(ctx, id("bat_"), noon, use); err != nil {
			t.Fatal(err)
		}
		change(t, db, func(tx registry.Tx) error { return tx.DeleteAPIToken(ctx, w.org.ID, wide.ID) })
		change(t, db, func(tx registry.Tx) error { return tx.InsertAPIToken(ctx, wide) }) // its usage went with it
		again := list(registry.APITokenFilter{CreatedBy: "mem_b"})
		if len(again) != 1 || again[0].Usage.Count != 0 || slices.ContainsFunc(again, func(t registry.APIToken) bool { return t.ID != wide.ID }) {
			t.Errorf("got %v", again)
		}
	})
}
