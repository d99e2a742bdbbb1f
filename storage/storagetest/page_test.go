package storagetest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func TestPagesAreStable(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		// The order must be the query's own, not that of the index it uses.
		_, err := storagetest.SQL(t, url).Exec("DROP INDEX clients_organization_idx; DROP INDEX clients_creator_idx")
		if err != nil {
			t.Fatal(err)
		}
		pagesAreStable(t, storagetest.OpenWith(t, storage.Config{URL: url}))
	})
}

func pagesAreStable(t *testing.T, db *storage.DB) {
	t.Helper()
	w := settled(t, db)
	settled(t, db) // another organization's, which never shows
	add := func(clientID string, at time.Time) {
		c, a := w.client, w.api
		c.ID, c.RoleIDs, c.CreatedAt = clientID, nil, at
		a.ID, a.CreatedAt, a.Endpoints = id("api_"), at, nil
		a.Identifier = "https://" + a.ID
		change(t, db, func(tx registry.Tx) error {
			if err := tx.InsertAPI(ctx, a); err != nil {
				return err
			}
			return tx.InsertClient(ctx, c)
		})
	}
	want := []string{w.client.ID}
	for range 11 {
		want = append(want, id("kwc_"))
	}
	for i := range 11 { // in another order than that of the ids
		n := i*7%11 + 1
		add(want[n], kept(noon.Add(time.Duration(n/4)*time.Microsecond))) // three moments: most times are equal
	}
	var got []string
	var apis int
	page := registry.Page{Limit: 3}
	for range 20 {
		clients := read(t, db, func(r registry.Reader) ([]registry.Client, error) {
			return r.ClientPage(ctx, registry.ClientFilter{OrganizationID: w.org.ID}, page)
		})
		if len(clients) == 0 {
			break
		}
		for _, c := range clients {
			got = append(got, c.ID)
		}
		last := clients[len(clients)-1]
		page.AfterAt, page.AfterID = last.CreatedAt, last.ID
		add(id("kwc_"), kept(noon.Add(time.Hour))) // newer than the cursor: not seen
	}
	slices.Reverse(want) // times rise with the ids
	sameAs(t, got, want)

	for page = (registry.Page{Limit: 5}); ; apis++ {
		list := read(t, db, func(r registry.Reader) ([]registry.API, error) { return r.APIPage(ctx, w.org.ID, page) })
		if len(list) == 0 {
			break
		}
		if !slices.IsSortedFunc(list, func(a, b registry.API) int { return b.CreatedAt.Compare(a.CreatedAt) }) {
			t.Error("APIs are not newest first")
		}
		last := list[len(list)-1]
		page.AfterAt, page.AfterID = last.CreatedAt, last.ID
		if last.OrganizationID != w.org.ID {
			t.Error("an API of another organization")
		}
	}
	if apis < 3 {
		t.Errorf("got %d pages of APIs", apis)
	}
}

func TestClientFilter(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db) // revoked, with everything set
		bare := w.client
		bare.ID, bare.ProjectID, bare.ApplicationID, bare.RoleIDs, bare.RevokedAt = id("kwc_"), "", "", nil, time.Time{}
		bare.CreatedBy.ID, bare.ConfirmBy = "mem_b", kept(noon)
		change(t, db, func(tx registry.Tx) error { return tx.InsertClient(ctx, bare) })
		for i, c := range []struct {
			filter registry.ClientFilter
			want   []string
		}{
			{registry.ClientFilter{}, []string{bare.ID, w.client.ID}},
			{registry.ClientFilter{ProjectID: w.prj.ID}, []string{w.client.ID}},
			{registry.ClientFilter{ApplicationID: w.app.ID}, []string{w.client.ID}},
			{registry.ClientFilter{CreatedBy: "mem_b"}, []string{bare.ID}},
			{registry.ClientFilter{OnlyUnrevoked: true}, []string{bare.ID}},
			{registry.ClientFilter{NotGoneAt: noon.Add(24 * time.Hour)}, []string{w.client.ID}},
			{registry.ClientFilter{NotGoneAt: noon.Add(-time.Second)}, []string{bare.ID, w.client.ID}},
		} {
			c.filter.OrganizationID = w.org.ID
			got := read(t, db, func(r registry.Reader) ([]registry.Client, error) {
				return r.ClientPage(ctx, c.filter, registry.Page{Limit: 10})
			})
			var ids []string
			for _, client := range got {
				ids = append(ids, client.ID)
				if gone := client.GoneAt(c.filter.NotGoneAt); !c.filter.NotGoneAt.IsZero() && gone {
					t.Errorf("filter %d lets through what is gone", i)
				}
			}
			if fmt.Sprint(ids) != fmt.Sprint(c.want) {
				t.Errorf("filter %d: got %v, want %v", i, ids, c.want)
			}
		}
	})
}
