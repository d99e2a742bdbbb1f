package storagetest_test

import (
	"slices"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestStatusFilterIsStatusAt holds the filter in SQL to the rules in Go, over
// every combination of what they look at.
func TestStatusFilterIsStatusAt(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, at := settled(t, db), kept(noon.Add(time.Minute))
		never := time.Time{}
		var clients []registry.Client
		var tokens []registry.APIToken
		for _, revoked := range []time.Time{never, at.Add(-time.Hour), at.Add(time.Hour)} {
			for _, expires := range []time.Time{never, at.Add(-time.Microsecond), at, at.Add(time.Microsecond)} {
				for _, active := range []bool{true, false} {
					for _, confirmBy := range []time.Time{never, at.Add(time.Minute)} {
						c := w.client
						c.ID, c.RoleIDs, c.RevokedAt, c.ExpiresAt, c.IsActive, c.ConfirmBy = id("kwc_"), nil, revoked, expires, active, confirmBy
						clients = append(clients, c)
					}
					if expires != never {
						tok := w.token
						tok.ID, tok.RevokedAt, tok.ExpiresAt, tok.IsActive = id("tok_"), revoked, expires, active
						tok.Digest = digestOf(0)
						tok.Digest.Sum[0], tok.Digest.Sum[1] = byte(len(tokens)), 0xee
						tokens = append(tokens, tok)
					}
				}
			}
		}
		change(t, db, func(tx registry.Tx) error {
			for _, c := range clients {
				if err := tx.InsertClient(ctx, c); err != nil {
					return err
				}
			}
			for _, tok := range tokens {
				if err := tx.InsertAPIToken(ctx, tok); err != nil {
					return err
				}
			}
			return nil
		})
		clients, tokens = append(clients, w.client), append(tokens, w.token)
		seen := 0
		for _, status := range []registry.Status{
			registry.StatusRevoked, registry.StatusExpired, registry.StatusDisabled, registry.StatusPending, registry.StatusActive,
		} {
			narrowing := registry.Narrowing{At: at, Status: status}
			var want, got []string
			for _, c := range clients {
				if c.StatusAt(at) == status {
					want = append(want, c.ID)
				}
			}
			for _, c := range read(t, db, func(r registry.Reader) ([]registry.Client, error) {
				return r.ClientPage(ctx, registry.ClientFilter{OrganizationID: w.org.ID, Narrowing: narrowing}, registry.Page{Limit: 200})
			}) {
				got = append(got, c.ID)
			}
			for _, tok := range tokens {
				if tok.StatusAt(at) == status {
					want = append(want, tok.ID)
				}
			}
			for _, tok := range read(t, db, func(r registry.Reader) ([]registry.APIToken, error) {
				return r.APITokenPage(ctx, registry.APITokenFilter{OrganizationID: w.org.ID, Narrowing: narrowing}, registry.Page{Limit: 200})
			}) {
				got = append(got, tok.ID)
			}
			slices.Sort(want)
			slices.Sort(got)
			sameAs(t, got, want)
			seen += len(got)
		}
		if seen != len(clients)+len(tokens) {
			t.Errorf("%d credentials have a status, want all %d", seen, len(clients)+len(tokens))
		}
	})
}

// TestSortedPagesAreStable turns the pages of every order while rows are
// added, and finds each row that was there once, in its order.
func TestSortedPagesAreStable(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		settled(t, db) // another organization's, which never shows
		names := []string{"b", "a", "B", "é", "a", "_", "b"}
		add := func(i int) string {
			c := w.client
			c.ID, c.RoleIDs, c.Name = id("kwc_"), nil, names[i%len(names)]
			c.CreatedAt = kept(noon.Add(time.Duration(i%4) * time.Minute))
			c.ExpiresAt = time.Time{}
			if i%3 > 0 {
				c.ExpiresAt = kept(noon.Add(time.Duration(i%5) * time.Hour))
			}
			change(t, db, func(tx registry.Tx) error { return tx.InsertClient(ctx, c) })
			if i%2 > 0 {
				use := registry.UsageDelta{Kind: registry.CredentialClient, ID: c.ID, LastAt: noon.Add(time.Duration(i%3) * time.Second)}
				if err := db.AddUsage(ctx, id("bat_"), noon, []registry.UsageDelta{use}); err != nil {
					t.Fatal(err)
				}
			}
			return c.ID
		}
		there := []string{w.client.ID}
		for i := range 20 {
			there = append(there, add(i))
		}
		filter := registry.ClientFilter{OrganizationID: w.org.ID}
		more := 0
		for _, by := range []registry.SortKey{registry.SortCreatedAt, registry.SortName, registry.SortExpiresAt, registry.SortLastUsedAt} {
			for _, ascending := range []bool{true, false} {
				page := registry.Page{Limit: 3, Sort: registry.Sort{By: by, Ascending: ascending}}
				var got []registry.Client
				for len(got) < 200 {
					rows := read(t, db, func(r registry.Reader) ([]registry.Client, error) { return r.ClientPage(ctx, filter, page) })
					if len(rows) == 0 {
						break
					}
					got = append(got, rows...)
					last := rows[len(rows)-1]
					page.AfterID, page.AfterName, page.AfterAt = last.ID, last.Name, timeOf(last, by)
					if more < 40 {
						add(more)
						more++
					}
				}
				found := map[string]int{}
				for i, c := range got {
					found[c.ID]++
					if i > 0 && comesBefore(c, got[i-1], by) == ascending && timeOrNameDiffers(c, got[i-1], by) {
						t.Errorf("sort %d, ascending %v: %s stands behind %s", by, ascending, c.ID, got[i-1].ID)
					}
				}
				for _, id := range there {
					if found[id] != 1 {
						t.Errorf("sort %d, ascending %v: %s was found %d times", by, ascending, id, found[id])
					}
				}
			}
		}
	})
}

// timeOf is the time that a list is sorted by.
func timeOf(c registry.Client, by registry.SortKey) time.Time {
	switch by {
	case registry.SortExpiresAt:
		return c.ExpiresAt
	case registry.SortLastUsedAt:
		return c.Usage.LastUsedAt
	}
	return c.CreatedAt
}

func timeOrNameDiffers(a, b registry.Client, by registry.SortKey) bool {
	if by == registry.SortName {
		return a.Name != b.Name
	}
	return !timeOf(a, by).Equal(timeOf(b, by))
}

// comesBefore tells whether a stands before b in a rising list.
func comesBefore(a, b registry.Client, by registry.SortKey) bool {
	x, y := timeOf(a, by), timeOf(b, by)
	switch {
	case by == registry.SortName:
		return a.Name < b.Name
	case by == registry.SortExpiresAt && x.IsZero():
		return false
	case by == registry.SortExpiresAt && y.IsZero():
		return true
	}
	return x.Before(y)
}

// TestWhatIsWarnedOfIsListed holds the list of what expires within a window to
// the warnings, for clients with secrets that end before, with and after them.
func TestWhatIsWarnedOfIsListed(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		const day = 24 * time.Hour
		w := settled(t, db)
		at := kept(noon)
		number := 0
		for _, client := range []time.Duration{0, -day, 5 * day, 50 * day} {
			for _, secrets := range [][]time.Duration{{0}, {-day}, {5 * day}, {5 * day, 40 * day}, {3 * day, 5 * day}, {5 * day, 0}, {3 * day, -day}} {
				for _, revoked := range []bool{false, true} {
					c := w.client
					c.ID, c.RoleIDs, c.RevokedAt, c.ConfirmBy, c.ExpiresAt = id("kwc_"), nil, time.Time{}, time.Time{}, time.Time{}
					if client != 0 {
						c.ExpiresAt = at.Add(client)
					}
					change(t, db, func(tx registry.Tx) error {
						if err := tx.InsertClient(ctx, c); err != nil {
							return err
						}
						for i, ends := range secrets {
							number++
							s := w.secret
							s.ID, s.ClientID, s.RevokedAt, s.ExpiresAt = id("sec_"), c.ID, time.Time{}, time.Time{}
							s.Digest = digestOf(0)
							s.Digest.Sum[0], s.Digest.Sum[1] = byte(number), 0xdd
							if ends != 0 {
								s.ExpiresAt = at.Add(ends)
							}
							if revoked && i == len(secrets)-1 {
								s.RevokedAt = at
							}
							if err := tx.InsertSecret(ctx, s); err != nil {
								return err
							}
						}
						return nil
					})
				}
			}
		}
		warnings := read(t, db, func(r registry.Reader) ([]registry.Warning, error) { return r.DueWarnings(ctx, at, 1000) })
		var want, got []string
		for _, warning := range warnings {
			if warning.OrganizationID == w.org.ID && warning.ClientID != "" {
				want = append(want, warning.ClientID)
			}
		}
		filter := registry.ClientFilter{OrganizationID: w.org.ID, Narrowing: registry.Narrowing{At: at, ExpiringWithin: 30 * day}}
		for _, c := range read(t, db, func(r registry.Reader) ([]registry.Client, error) {
			return r.ClientPage(ctx, filter, registry.Page{Limit: 200})
		}) {
			got = append(got, c.ID)
		}
		slices.Sort(want)
		want = slices.Compact(want) // a client may end soon, and its last secret sooner
		slices.Sort(got)
		if !slices.Equal(got, want) || len(want) < 14+8 {
			t.Errorf("listed %d, want those %d that are warned of:\n%v\n%v", len(got), len(want), got, want)
		}
	})
}
