package replica

import (
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"time"

	"keywright/registry"
)

func TestAnswersFromTheCopy(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		c := s.create("first")
		s.wantName(c, "first", 1) // it does not follow the feed
		s.wantName(c, "first", 1)
		s.keepUpNow()
		s.wantName(c, "first", 1)
		s.wantName(c, "first", 0)

		s.rename(c, "second")
		s.wantName(c, "second", 1) // not applied yet: the floor
		s.keepUpNow()
		s.wantName(c, "second", 1)
		s.wantName(c, "second", 0)
	})
}

// TestHoldsOnceWhatIsEqual: what clients of an organization have in common is
// in memory once, and what they have not is their own.
func TestHoldsOnceWhatIsEqual(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		s.change(registry.FeedAPI, "", func(tx registry.Tx) error {
			return tx.InsertAPI(t.Context(), registry.API{
				ID: newID(t, "api_"), OrganizationID: w.organization.ID, Identifier: "https://api.example.com", Name: "API",
				Scopes: []string{"documents:read"}, Revision: 1, CreatedAt: noon, UpdatedAt: noon,
			})
		})
		s.keepUpNow()
		var states []*registry.ClientState
		for _, scopes := range [][]string{{"documents:read"}, {"documents:read"}, {"documents:write"}} {
			c := s.createWith("client", scopes...)
			s.keepUpNow()
			s.wantName(c, "client", 1)
			got, err := s.ClientState(t.Context(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			want, err := s.db.ClientState(t.Context(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the state that is kept is %+v, want that of the database, %+v", got, want)
			}
			states = append(states, got)
		}
		for i, other := range states[1:] {
			if &other.APIs[0] != &states[0].APIs[0] {
				t.Errorf("client %d has the APIs for itself", i+1)
			}
		}
		if &states[1].Client.Scopes[0] != &states[0].Client.Scopes[0] {
			t.Error("equal scopes are in memory twice")
		}
	})
}

// TestForgottenStatesAreFreed: what an organization has in common is held for
// as long as a client of it is remembered, and no longer.
func TestForgottenStatesAreFreed(t *testing.T) {
	t.Parallel()
	const size, organizations = 10, 500
	m := newMemory(size)
	m.begin(1, nil)
	for i := range organizations {
		for j := range 2 {
			m.keepClient(&registry.ClientState{Client: registry.Client{
				ID: fmt.Sprint("kwc_", i, "_", j), OrganizationID: fmt.Sprint("org_", i),
			}}, 1)
		}
	}
	held := func() (n int) {
		runtime.GC()
		m.clients.CleanUp() // evicts what is too much
		for i := range organizations {
			if c, _ := m.alike(fmt.Sprint("org_", i)); c != nil {
				n++
			}
		}
		return n
	}
	for deadline := time.Now().Add(30 * time.Second); held() > size; {
		if time.Now().After(deadline) {
			t.Fatalf("%d organizations have a state in memory, want %d at most", held(), size)
		}
	}
	runtime.KeepAlive(m)
}

func TestRemembersWhoIsUnknown(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		s.keepUpNow()
		c := registry.Client{ID: newID(t, "kwc_")}
		s.wantName(c, notFound, 1)
		s.wantName(c, notFound, 0)

		c.OrganizationID, c.Name, c.IsActive, c.Revision = w.organization.ID, "new", true, 1
		c.CreatedAt, c.UpdatedAt = noon, noon
		c.AuthMethod, c.TokenFormat, c.TokenTTL = registry.AuthClientSecret, registry.FormatJWT, time.Minute
		s.change(registry.FeedClient, c.ID, func(tx registry.Tx) error { return tx.InsertClient(t.Context(), c) })
		s.keepUpNow()
		s.wantName(c, "new", 1)
		s.wantName(c, "new", 0)

		// One that comes with something else of its organization.
		d := c
		d.ID = newID(t, "kwc_")
		s.wantName(d, notFound, 1)
		s.wantName(d, notFound, 0)
		s.change(registry.FeedApplication, newID(t, "app_"), func(tx registry.Tx) error { return tx.InsertClient(t.Context(), d) })
		s.keepUpNow()
		s.wantName(d, "new", 1)
	})
}

func TestForgetsAnOrganization(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		c, d := s.create("c"), s.create("d")
		s.keepUpNow()
		s.name(c)
		s.name(d)
		for _, kind := range []string{registry.FeedOrganization, registry.FeedProject, registry.FeedApplication, registry.FeedAPI,
			registry.FeedRole, registry.FeedScope, "a kind of a later version"} {
			s.change(kind, newID(t, "rol_"), func(registry.Tx) error { return nil })
			s.keepUpNow()
			s.wantName(c, "c", 1)
			s.wantName(c, "c", 0)
			s.wantName(d, "d", 1)
		}
		for _, kind := range []string{registry.FeedMember, registry.FeedKey, registry.FeedNothing} {
			s.change(kind, "", func(registry.Tx) error { return nil })
			s.keepUpNow()
			s.wantName(c, "c", 0)
		}
		s.rename(c, "c2")
		s.keepUpNow()
		s.wantName(c, "c2", 1)
		s.wantName(d, "d", 0)

		w.organization.ID = newID(t, "org_") // whomever it concerns in a later version
		s.change("a kind of a later version", "", func(registry.Tx) error { return nil })
		s.keepUpNow()
		s.wantName(c, "c2", 1)
	})
}

func TestAPIToken(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		s.keepUpNow()
		first, second := registry.Digest{PepperID: "key_1", Sum: [32]byte{1}}, registry.Digest{PepperID: "key_1", Sum: [32]byte{2}}
		token := registry.APIToken{
			ID: newID(t, "tok_"), OrganizationID: w.organization.ID, Type: registry.TokenTypeOrganization, Name: "one", IsActive: true,
			ExpiresAt: time.Now().Add(time.Hour), Scopes: []string{"a"}, Permissions: []string{"read"}, Digest: first, Revision: 1,
			CreatedAt: noon, UpdatedAt: noon,
		}
		want := func(d registry.Digest, want string, statements int64) {
			t.Helper()
			before := s.statements.Load()
			got, err := s.APITokenState(t.Context(), []registry.Digest{d})
			name := fmt.Sprint(err)
			if err == nil {
				name = got.APIToken.Name
			}
			if name != want {
				t.Errorf("got %q, want %q", name, want)
			}
			if got := s.statements.Load() - before; got != statements {
				t.Errorf("%q took %d statements, want %d", want, got, statements)
			}
		}
		unknown := registry.NotFound("API token").Error()
		want(first, unknown, 1)
		want(first, unknown, 0)
		want(second, unknown, 1)
		s.change(registry.FeedAPIToken, token.ID, func(tx registry.Tx) error { return tx.InsertAPIToken(t.Context(), token) })
		s.keepUpNow()
		want(first, "one", 1)
		want(first, "one", 0)
		want(second, unknown, 1)
		want(second, unknown, 0)

		token.Digest, token.Name, token.Revision = second, "two", 2 // regenerated
		s.change(registry.FeedAPIToken, token.ID, func(tx registry.Tx) error { return tx.UpdateAPIToken(t.Context(), token) })
		s.keepUpNow()
		want(second, "two", 1)
		want(second, "two", 0)
		want(first, unknown, 1)
		want(first, unknown, 0)
	})
}

// TestEndpoints: the endpoints of an API come from the copy until the API, or
// anything else of an organization, changes.
func TestEndpoints(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		api := registry.API{
			ID: newID(t, "api_"), OrganizationID: w.organization.ID, Identifier: "https://api.example.com", Name: "API",
			Revision: 1, CreatedAt: noon, UpdatedAt: noon,
		}
		endpoint := registry.Endpoint{ID: newID(t, "end_"), APIID: api.ID, Method: "GET", Path: "/old"}
		api.Endpoints = []registry.Endpoint{endpoint}
		s.change(registry.FeedAPI, api.ID, func(tx registry.Tx) error { return tx.InsertAPI(t.Context(), api) })
		want := func(path string, statements int64) {
			t.Helper()
			before := s.statements.Load()
			list, err := s.APIEndpoints(t.Context(), api.ID)
			if err != nil || len(list) != 1 || list[0].Path != path {
				t.Errorf("got endpoints %+v, %v; want %s", list, err, path)
			}
			if got := s.statements.Load() - before; got != statements {
				t.Errorf("%s took %d statements, want %d", path, got, statements)
			}
		}
		s.keepUpNow()
		want("/old", 1)
		want("/old", 0)
		api.Endpoints[0].Path, api.Revision = "/new", 2
		s.change(registry.FeedAPI, api.ID, func(tx registry.Tx) error { return tx.UpdateAPI(t.Context(), api) })
		s.keepUpNow()
		want("/new", 1)
		want("/new", 0)
	})
}
