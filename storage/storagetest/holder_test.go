package storagetest_test

import (
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestHolders looks for who holds a scope with a prefix: the newest, by itself
// or by a role, of those that the filter selects.
func TestHolders(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		role := w.role
		role.ID, role.Name, role.Scopes = id("rol_"), "administrator", []string{"documents", "admin_%:read"}
		at := kept(noon)
		add := func(w world, scopes []string, edit func(*registry.Client)) string {
			at = at.Add(time.Second)
			c := w.client
			c.ID, c.ProjectID, c.ApplicationID, c.RoleIDs, c.RevokedAt, c.ConfirmBy = id("kwc_"), "", "", nil, time.Time{}, time.Time{}
			c.Scopes, c.CreatedAt = scopes, at
			edit(&c)
			change(t, db, func(tx registry.Tx) error { return tx.InsertClient(ctx, c) })
			return c.ID
		}
		change(t, db, func(tx registry.Tx) error { return tx.InsertRole(ctx, role) })
		none := func(*registry.Client) {}
		own := add(w, []string{"documents", "admin_%:write"}, none)
		byRole := add(w, nil, func(c *registry.Client) { c.RoleIDs = []string{w.role.ID, role.ID} })
		inProject := add(w, []string{"admin_%:"}, func(c *registry.Client) { c.ProjectID = w.prj.ID })
		revoked := add(w, []string{"admin_%:read"}, func(c *registry.Client) { c.RevokedAt = at })
		for _, scope := range []string{"ADMIN_%:read", "adminxx:read", "an admin_%:read", "admin_%"} {
			add(w, []string{scope}, none)
		}
		add(other, []string{"admin_%:read"}, none)

		unrevoked := registry.ClientFilter{OrganizationID: w.org.ID, OnlyUnrevoked: true}
		holder := func(edit func(*registry.ClientFilter), want string) {
			t.Helper()
			filter := unrevoked
			edit(&filter)
			got := read(t, db, func(r registry.Reader) (string, error) { return r.ClientHolding(ctx, filter, "admin_%:") })
			if got != want {
				t.Errorf("%+v: got %q, want %q", filter, got, want)
			}
		}
		holder(func(*registry.ClientFilter) {}, inProject)
		holder(func(f *registry.ClientFilter) { f.OnlyUnrevoked = false }, revoked)
		holder(func(f *registry.ClientFilter) { f.ApplicationID = w.app.ID }, "")
		holder(func(f *registry.ClientFilter) { f.OrganizationID = "" }, "")
		for _, next := range []string{byRole, own, ""} {
			newest := read(t, db, func(r registry.Reader) (string, error) { return r.ClientHolding(ctx, unrevoked, "admin_%:") })
			change(t, db, func(tx registry.Tx) error { return tx.DeleteClient(ctx, w.org.ID, newest) })
			holder(func(*registry.ClientFilter) {}, next)
		}
	})
}

func TestAPITokenHolders(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		at := kept(noon)
		add := func(w world, projectID string, scopes ...string) string {
			at = at.Add(time.Second)
			token := w.token
			token.ID, token.ProjectID, token.Scopes, token.CreatedAt = id("tok_"), projectID, scopes, at
			copy(token.Digest.Sum[:], token.ID)
			change(t, db, func(tx registry.Tx) error { return tx.InsertAPIToken(ctx, token) })
			return token.ID
		}
		own := add(w, "", "documents", "admin_%:write")
		inProject := add(w, w.prj.ID, "admin_%:")
		add(w, "", "ADMIN_%:write", "adminxx:write")
		add(other, "", "admin_%:read")
		holder := func(filter registry.APITokenFilter, want string) {
			t.Helper()
			got := read(t, db, func(r registry.Reader) (string, error) { return r.APITokenHolding(ctx, filter, "admin_%:") })
			if got != want {
				t.Errorf("%+v: got %q, want %q", filter, got, want)
			}
		}
		all := registry.APITokenFilter{OrganizationID: w.org.ID, OnlyUnrevoked: true}
		holder(registry.APITokenFilter{}, "")
		holder(all, inProject)
		change(t, db, func(tx registry.Tx) error {
			return tx.RevokeAPITokens(ctx, []string{inProject}, at)
		})
		holder(all, own)
		holder(registry.APITokenFilter{OrganizationID: w.org.ID}, inProject)
	})
}
