package replica

import (
	"strconv"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage/storagetest"
)

// TestManyChanges: the feed is applied part by part.
func TestManyChanges(t *testing.T) {
	t.Parallel()
	s := newWorld(t, storagetest.SQLite).server()
	s.bootstrap()
	c := s.create("old")
	s.keepUpNow()
	s.wantName(c, "old", 1)
	s.change(registry.FeedNothing, "", func(tx registry.Tx) error {
		for range feedLimit {
			at, err := tx.NextPosition(t.Context())
			if err != nil {
				return err
			}
			if err := tx.AppendFeed(t.Context(), registry.FeedRow{Position: at, Kind: registry.FeedNothing, At: noon}); err != nil {
				return err
			}
		}
		return nil
	})
	s.rename(c, "new")
	s.keepUpNow()
	s.wantName(c, "new", 1)
	s.wantName(c, "new", 0)
}

// TestUnknownTokenOfAnother: an API token that was unknown may come with
// something else of its organization.
func TestUnknownTokenOfAnother(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		s.keepUpNow()
		digests := []registry.Digest{{PepperID: "key_1", Sum: [32]byte{1}}}
		for range 2 {
			if _, err := s.APITokenState(t.Context(), digests); registry.KindOf(err) != registry.KindNotFound {
				t.Fatalf("got %v, want that it is not found", err)
			}
		}
		s.change(registry.FeedApplication, newID(t, "app_"), func(tx registry.Tx) error {
			return tx.InsertAPIToken(t.Context(), registry.APIToken{
				ID: newID(t, "tok_"), OrganizationID: w.organization.ID, Type: registry.TokenTypeOrganization, Name: "new", IsActive: true,
				ExpiresAt: time.Now().Add(time.Hour), Scopes: []string{"a"}, Permissions: []string{"read"}, Digest: digests[0], Revision: 1,
				CreatedAt: noon, UpdatedAt: noon,
			})
		})
		s.keepUpNow()
		if state, err := s.APITokenState(t.Context(), digests); err != nil || state.APIToken.Name != "new" {
			t.Errorf("got %v, want the new one", err)
		}
	})
}

// TestDenylistHasNoRoom: when not all denied tokens are in the copy, it says
// nothing of one that it does not hold.
func TestDenylistHasNoRoom(t *testing.T) {
	t.Parallel()
	var d denylist
	d.replace(nil)
	for i := range denylistSize {
		d.add(strconv.Itoa(i), noon)
	}
	want := func(jti string, denied, known bool) {
		t.Helper()
		if f, ok := d.has(jti); f.state != denied || ok != known {
			t.Errorf("%s: denied %t, known %t; want %t, %t", jti, f.state, ok, denied, known)
		}
	}
	want("0", true, true)
	want("another", false, true)
	d.add("one too many", noon)
	want("0", true, true)
	want("one too many", false, false)
	if !d.prune(noon.Add(2 * denylistMargin)) {
		t.Error("it does not say that some are missing")
	}
	want("0", false, false)
	d.replace([]registry.DeniedToken{{JTI: "one too many", ExpiresAt: noon}})
	want("one too many", true, true)
	want("0", false, true)
}
