package storagetest_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// age ages everything that is old, a few rows at a time.
func age(t testing.TB, db *storage.DB, until registry.UsageAge) {
	t.Helper()
	for n := int64(1); n > 0; {
		var err error
		if n, err = db.AgeUsage(ctx, until, 3); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUsageAges: hours become part of their day, a late one too, days are
// deleted in the end, and a day is answered the same all the while.
func TestUsageAges(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		midnight := noon.Truncate(24 * time.Hour)
		for hour := range 30 { // 24 of one day and 6 of the next
			at := midnight.Add(time.Duration(hour) * time.Hour)
			addUsage(t, db, id("bat_"), w.uses(2, at, ""), w.failures(1, registry.CauseExpired, at, ""), forOrganization(w.uses(2, at, "")))
		}
		bucket := func(day int, cause registry.Cause, count int64) registry.UsageBucket {
			return registry.UsageBucket{
				Kind: registry.CredentialClient, ID: w.client.ID, OrganizationID: w.org.ID,
				StartsAt: midnight.AddDate(0, 0, day), Cause: cause, Count: count,
			}
		}
		days := func() []registry.UsageBucket {
			return buckets(t, db, registry.CredentialClient, w.client.ID, registry.GrainDay)
		}
		hours := func() int { return len(buckets(t, db, registry.CredentialClient, w.client.ID, registry.GrainHour)) }
		want := []registry.UsageBucket{
			bucket(0, registry.CauseNone, 48), bucket(0, registry.CauseExpired, 24),
			bucket(1, registry.CauseNone, 12), bucket(1, registry.CauseExpired, 6),
		}
		sameAs(t, days(), want)
		sameAs(t, hours(), 60)

		first := registry.UsageAge{Hours: midnight.Add(47 * time.Hour), Days: midnight.AddDate(-1, 0, 0)} // the second day is not over
		age(t, db, first)
		sameAs(t, days(), want)
		sameAs(t, hours(), 12)
		addUsage(t, db, id("bat_"), w.uses(5, midnight.Add(3*time.Hour), "")) // from an outage
		want[0].Count += 5
		sameAs(t, days(), want)
		age(t, db, first)
		sameAs(t, days(), want)
		sameAs(t, hours(), 12)
		sum := buckets(t, db, registry.UsageOrganization, w.org.ID, registry.GrainDay)
		if len(sum) != 2 || sum[0].Count != 48 || sum[1].Count != 12 {
			t.Errorf("the organization has %v, want 48 and 12", sum)
		}

		age(t, db, registry.UsageAge{Hours: midnight.AddDate(0, 0, 2), Days: midnight.Add(time.Second)})
		sameAs(t, days(), want[2:])
		sameAs(t, hours(), 0)
		sameAs(t, readClient(t, db, w).Usage.Count, int64(65)) // totals do not age
	})
}

// TestAgeingUnderWayIsExact ages from several sides while others write into
// the hours that are aged, and looks at the sum meanwhile.
func TestAgeingUnderWayIsExact(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		midnight := noon.Truncate(24 * time.Hour)
		const writers, batches = 3, 40
		sum := func() (n int64) {
			for _, b := range buckets(t, db, registry.CredentialClient, w.client.ID, registry.GrainDay) {
				n += b.Count
			}
			return n
		}
		written := make(chan struct{})
		var writing, ageing errgroup.Group
		for writer := range writers {
			writing.Go(func() error {
				for i := range batches {
					var deltas []registry.UsageDelta
					for hour := range 5 {
						deltas = append(deltas, w.uses(1, midnight.Add(time.Duration(i+hour)*time.Hour), ""))
					}
					if err := db.AddUsage(ctx, fmt.Sprintf("bat_%d_%d", writer, i), noon, deltas); err != nil {
						return err
					}
				}
				return nil
			})
		}
		for range 3 {
			ageing.Go(func() error {
				for {
					if _, err := db.AgeUsage(ctx, registry.UsageAge{Hours: midnight.AddDate(0, 0, 9)}, 7); err != nil {
						return err
					}
					select {
					case <-written:
						return nil
					default:
					}
				}
			})
		}
		ageing.Go(func() error {
			for before := int64(0); ; {
				now := sum()
				if now < before {
					return fmt.Errorf("the sum fell from %d to %d", before, now)
				}
				before = now
				select {
				case <-written:
					return nil
				default:
				}
			}
		})
		if err := writing.Wait(); err != nil {
			t.Fatal(err)
		}
		close(written)
		if err := ageing.Wait(); err != nil {
			t.Fatal(err)
		}
		sameAs(t, sum(), int64(writers*batches*5))
		age(t, db, registry.UsageAge{Hours: midnight.AddDate(0, 0, 9)})
		sameAs(t, sum(), int64(writers*batches*5))
		sameAs(t, len(buckets(t, db, registry.CredentialClient, w.client.ID, registry.GrainHour)), 0)
	})
}

func TestUsageNetworks(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
		addUsage(t, db, id("bat_"), w.uses(1, at(2), "192.0.2.7"), w.uses(1, at(1), "192.0.2.8"), w.uses(1, at(3), "2001:db8:1:2::3"),
			w.uses(1, at(4), "::ffff:192.0.2.9"), w.failures(1, registry.CauseWrongSecret, at(5), "198.51.100.1"), w.uses(1, at(6), ""),
			other.uses(1, at(5), "192.0.2.7"))
		addUsage(t, db, id("bat_"), w.uses(1, at(0), "192.0.2.200"))
		network := func(w world, prefix string, first, last int) registry.UsageNetwork {
			return registry.UsageNetwork{
				Kind: registry.CredentialClient, ID: w.client.ID, Network: netip.MustParsePrefix(prefix),
				FirstSeen: kept(at(first)), LastSeen: kept(at(last)),
			}
		}
		networks := func(w world) []registry.UsageNetwork {
			return read(t, db, func(r registry.Reader) ([]registry.UsageNetwork, error) {
				return r.UsageNetworks(ctx, registry.CredentialClient, w.client.ID)
			})
		}
		v4, v6 := network(w, "192.0.2.0/24", 0, 4), network(w, "2001:db8:1::/48", 3, 3)
		sameAs(t, networks(w), []registry.UsageNetwork{v4, v6})

		for i := range 70 { // a batch brings a few
			use := w.uses(1, at(10+i), fmt.Sprintf("10.0.%d.1", i))
			addUsage(t, db, id("bat_"), use, use)
		}
		age(t, db, registry.UsageAge{Networks: noon})
		left := networks(w)
		if len(left) != registry.MaxUsageNetworks || left[0].Network != netip.MustParsePrefix("10.0.6.0/24") {
			t.Errorf("%d networks are left from %s on, want the last %d", len(left), left[0].Network, registry.MaxUsageNetworks)
		}
		sameAs(t, len(networks(other)), 1)

		var many []registry.UsageDelta
		for i := range 50 {
			many = append(many, other.uses(1, noon, fmt.Sprintf("10.1.%d.1", i)))
		}
		addUsage(t, db, id("bat_"), many...)
		sameAs(t, len(networks(other)), 1+8)
		sameAs(t, readClient(t, db, other).Usage.Count, int64(51))
	})
}

func TestUsageOfAnOrganization(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, foreign := settled(t, db), settled(t, db)
		wide := w.client
		wide.ID, wide.ProjectID, wide.ApplicationID, wide.RoleIDs = id("kwc_"), "", "", nil
		change(t, db, func(tx registry.Tx) error { return tx.InsertClient(ctx, wide) })
		hour := noon.Truncate(time.Hour)
		of := func(d registry.UsageDelta, kind, id string) registry.UsageDelta {
			d.Kind, d.ID = kind, id
			return d
		}
		use := w.uses(3, noon, "")
		addUsage(t, db, "bat_1", use, of(use, registry.CredentialSecret, w.secret.ID), foreign.uses(9, noon, ""),
			of(w.uses(4, noon, ""), registry.CredentialAPIToken, w.token.ID), of(w.uses(2, noon.Add(time.Hour), ""), registry.CredentialAPIToken, w.token.ID),
			of(w.failures(5, registry.CauseExpired, noon, ""), registry.CredentialClient, wide.ID), of(w.uses(0, noon, ""), registry.CredentialClient, wide.ID))

		year := registry.UsageRange{From: noon.AddDate(-1, 0, 0), To: noon.AddDate(1, 0, 0), Grain: registry.GrainDay}
		top := func(project string, r registry.UsageRange, limit int) []registry.CredentialUsage {
			return read(t, db, func(reader registry.Reader) ([]registry.CredentialUsage, error) {
				return reader.TopUsage(ctx, w.org.ID, project, r, limit)
			})
		}
		token := registry.CredentialUsage{Kind: registry.CredentialAPIToken, ID: w.token.ID, Uses: 6}
		client := registry.CredentialUsage{Kind: registry.CredentialClient, ID: w.client.ID, Uses: 3}
		sameAs(t, top("", year, 10), []registry.CredentialUsage{token, client, {Kind: registry.CredentialClient, ID: wide.ID, Failures: 5}})
		sameAs(t, top("", year, 1), []registry.CredentialUsage{token})
		sameAs(t, top(w.prj.ID, year, 10), []registry.CredentialUsage{token, client})
		token.Uses = 4
		sameAs(t, top(w.prj.ID, registry.UsageRange{From: hour, To: hour.Add(time.Hour), Grain: registry.GrainHour}, 1), []registry.CredentialUsage{token})

		project := read(t, db, func(r registry.Reader) ([]registry.UsageBucket, error) {
			return r.ProjectUsage(ctx, w.org.ID, w.prj.ID, registry.UsageRange{From: hour, To: noon.AddDate(1, 0, 0), Grain: registry.GrainHour})
		})
		sameAs(t, project, []registry.UsageBucket{{StartsAt: hour, Count: 7}, {StartsAt: hour.Add(time.Hour), Count: 2}})

	})
}

// TestUsageOfNothingIsPruned: what a flush wrote while its credential was being
// deleted does not stay.
func TestUsageOfNothingIsPruned(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: url})
		w := settled(t, db)
		use := w.uses(1, noon, "192.0.2.1")
		secret, token := use, use
		secret.Kind, secret.ID = registry.CredentialSecret, w.secret.ID
		token.Kind, token.ID = registry.CredentialAPIToken, w.token.ID
		addUsage(t, db, "bat_1", use, secret, token, forOrganization(use))
		beside := storagetest.SQL(t, url)
		for _, kind := range []string{"client", "secret", "key", "api_token"} {
			for _, statement := range []string{
				"INSERT INTO usage_totals (kind, id, uses, failures) VALUES ('" + kind + "', 'gone_" + kind + "', 1, 0)",
				"INSERT INTO usage_networks (kind, id, network, first_seen, last_seen) VALUES ('" + kind + "', 'gone_" + kind +
					"', '192.0.2.0/24', '2030-01-02T00:00:00.000000Z', '2030-01-02T00:00:00.000000Z')",
			} {
				if _, err := beside.Exec(statement); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, want := range []int64{6, 2, 0} { // three of each at a time
			if n, err := db.PruneUsage(ctx, 3); err != nil || n != want {
				t.Errorf("pruned %d rows, %v, want %d", n, err, want)
			}
		}
		for table, want := range map[string]int{"usage_totals": 4, "usage_networks": 2} {
			var rows int
			if err := beside.QueryRow("SELECT count(*) FROM " + table).Scan(&rows); err != nil || rows != want {
				t.Errorf("%s has %d rows, %v, want %d", table, rows, err, want)
			}
		}
	})
}
