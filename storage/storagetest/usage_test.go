package storagetest_test

import (
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func addUsage(t testing.TB, db *storage.DB, batch string, deltas ...registry.UsageDelta) {
	t.Helper()
	if err := db.AddUsage(ctx, batch, noon, deltas); err != nil {
		t.Fatal(err)
	}
}

// uses is a delta of a client of w.
func (w world) uses(n int64, at time.Time, ip string) registry.UsageDelta {
	d := registry.UsageDelta{Kind: registry.CredentialClient, ID: w.client.ID, OrganizationID: w.org.ID, Count: n, LastAt: at}
	if ip != "" {
		d.LastIP = netip.MustParseAddr(ip)
	}
	return d
}

func (w world) failures(n int64, cause registry.Cause, at time.Time, ip string) registry.UsageDelta {
	d := w.uses(n, at, ip)
	d.Cause = cause
	return d
}

// forOrganization is the same for the organization.
func forOrganization(d registry.UsageDelta) registry.UsageDelta {
	d.Kind, d.ID, d.LastIP = registry.UsageOrganization, d.OrganizationID, netip.Addr{}
	return d
}

func buckets(t testing.TB, db *storage.DB, kind, id string, grain registry.Grain) []registry.UsageBucket {
	t.Helper()
	return read(t, db, func(r registry.Reader) ([]registry.UsageBucket, error) {
		return r.UsageBuckets(ctx, kind, id, registry.UsageRange{From: noon.AddDate(-3, 0, 0), To: noon.AddDate(3, 0, 0), Grain: grain})
	})
}

func TestUsageIsAddedOncePerBatch(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		const ip = "2001:db8::7"
		secret, token := w.uses(3, noon, ip), w.failures(1, registry.CauseDisabled, noon, ip)
		secret.Kind, secret.ID = registry.CredentialSecret, w.secret.ID
		token.Kind, token.ID = registry.CredentialAPIToken, w.token.ID
		deltas := []registry.UsageDelta{
			secret, token, w.uses(3, noon, ip),
			w.failures(2, registry.CauseWrongSecret, noon.Add(-time.Millisecond), "192.0.2.1"),
			w.failures(1, registry.CauseAddressOffList, noon, "192.0.2.2"),
			w.uses(1, noon, ip), // twice in a batch
			forOrganization(w.uses(4, noon, ip)),
			{Kind: "client\x00", ID: "\xff", Count: 1, LastAt: noon}, // names nothing
		}
		for range 3 {
			addUsage(t, db, "bat_1", deltas...)
		}
		addUsage(t, db, "bat_2", deltas...)
		addUsage(t, db, "bat_3")

		used := registry.Usage{LastUsedAt: kept(noon), LastUsedIP: netip.MustParseAddr(ip)}
		client := used
		client.Count, client.Failures = 8, 6
		client.LastFailedAt, client.LastFailedIP, client.LastFailedCause = kept(noon), netip.MustParseAddr("192.0.2.2"), registry.CauseAddressOffList
		sameAs(t, readClient(t, db, w).Usage, client)
		secrets := read(t, db, func(r registry.Reader) ([]registry.Secret, error) { return r.Secrets(ctx, w.client.ID) })
		used.Count = 6
		sameAs(t, secrets[0].Usage, used)
		stored := read(t, db, func(r registry.Reader) (registry.APIToken, error) { return r.APIToken(ctx, w.org.ID, w.token.ID) })
		sameAs(t, stored.Usage, registry.Usage{
			Failures: 2, LastFailedAt: kept(noon), LastFailedIP: netip.MustParseAddr(ip), LastFailedCause: registry.CauseDisabled,
		})
		sameAs(t, readClient(t, db, w).Revision, int64(1))

		bucket := func(kind, id string, cause registry.Cause, count int64) registry.UsageBucket {
			return registry.UsageBucket{Kind: kind, ID: id, OrganizationID: w.org.ID, StartsAt: noon.Truncate(time.Hour), Cause: cause, Count: count}
		}
		sameAs(t, buckets(t, db, registry.CredentialClient, w.client.ID, registry.GrainHour), []registry.UsageBucket{
			bucket(registry.CredentialClient, w.client.ID, registry.CauseNone, 8),
			bucket(registry.CredentialClient, w.client.ID, registry.CauseWrongSecret, 4),
			bucket(registry.CredentialClient, w.client.ID, registry.CauseAddressOffList, 2),
		})
		sameAs(t, buckets(t, db, registry.UsageOrganization, w.org.ID, registry.GrainHour), []registry.UsageBucket{
			bucket(registry.UsageOrganization, w.org.ID, registry.CauseNone, 8),
		})
	})
}

func TestLastUseOnlyMovesForward(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		use := func(minutes int, ip string) registry.UsageDelta {
			return w.uses(1, noon.Add(time.Duration(minutes)*time.Minute), ip)
		}
		failure := use(4, "192.0.2.4")
		failure.Cause = registry.CauseWrongSecret
		late := use(2, "192.0.2.2")
		late.Cause = registry.CauseExpired
		addUsage(t, db, "bat_1", use(5, "192.0.2.5"), failure)
		addUsage(t, db, "bat_2", use(3, "192.0.2.3"), late)
		sameAs(t, readClient(t, db, w).Usage, registry.Usage{
			Count: 2, LastUsedAt: kept(noon.Add(5 * time.Minute)), LastUsedIP: netip.MustParseAddr("192.0.2.5"),
			Failures: 2, LastFailedAt: kept(noon.Add(4 * time.Minute)), LastFailedIP: netip.MustParseAddr("192.0.2.4"),
			LastFailedCause: registry.CauseWrongSecret,
		})
		addUsage(t, db, "bat_4", use(9, "192.0.2.9"))
		sameAs(t, readClient(t, db, w).Usage.LastUsedIP, netip.MustParseAddr("192.0.2.9"))
	})
}

// TestUsageOfWhatIsDeleted: it goes with the credential, and what was on its
// way then is left out; the organization keeps both.
func TestUsageOfWhatIsDeleted(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: url})
		w, other := settled(t, db), settled(t, db)
		use := w.uses(1, noon, "192.0.2.1")
		secret, never, token := use, use, use
		secret.Kind, secret.ID = registry.CredentialSecret, w.secret.ID
		never.Kind, never.ID = registry.CredentialSecret, "sec_never"
		token.Kind, token.ID = registry.CredentialAPIToken, w.token.ID
		deltas := []registry.UsageDelta{use, secret, never, token, forOrganization(use), other.uses(1, noon, "192.0.2.1")}
		addUsage(t, db, "bat_1", deltas...)
		change(t, db, func(tx registry.Tx) error {
			if err := tx.DeleteClient(ctx, w.org.ID, other.client.ID); registry.KindOf(err) != registry.KindNotFound {
				t.Errorf("deleted the client of another organization: %v", err)
			}
			if err := tx.DeleteAPIToken(ctx, w.org.ID, w.token.ID); err != nil {
				return err
			}
			return tx.DeleteClient(ctx, w.org.ID, w.client.ID)
		})
		addUsage(t, db, "bat_2", deltas...) // was on its way
		sameAs(t, readClient(t, db, other).Usage.Count, int64(2))
		beside := storagetest.SQL(t, url)
		for table, want := range map[string]int{"usage_totals": 2, "usage_buckets": 2, "usage_networks": 1} {
			var rows int
			if err := beside.QueryRow("SELECT count(*) FROM " + table).Scan(&rows); err != nil || rows != want {
				t.Errorf("%s has %d rows, %v, want %d", table, rows, err, want)
			}
		}
		sum := buckets(t, db, registry.UsageOrganization, w.org.ID, registry.GrainDay)
		if len(sum) != 1 || sum[0].Count != 2 {
			t.Errorf("the organization has %v, want one bucket of 2", sum)
		}
	})
}

func TestUsageOfManyReplicasIsExact(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		deltas := []registry.UsageDelta{forOrganization(w.uses(1, noon, ""))}
		change(t, db, func(tx registry.Tx) error {
			for range 600 { // more than one statement on SQLite
				s := w.secret
				s.ID = id("sec_")
				deltas = append(deltas, registry.UsageDelta{Kind: registry.CredentialSecret, ID: s.ID, OrganizationID: w.org.ID, Count: 1, LastAt: noon})
				if err := tx.InsertSecret(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
		const replicas, flushes = 4, 2
		var group errgroup.Group
		for replica := range replicas {
			mine := slices.Clone(deltas)
			if replica%2 == 1 {
				slices.Reverse(mine)
			}
			group.Go(func() error {
				for flush := range flushes {
					if err := db.AddUsage(ctx, fmt.Sprintf("bat_%d_%d", replica, flush), noon, mine); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		secrets := read(t, db, func(r registry.Reader) ([]registry.Secret, error) { return r.Secrets(ctx, w.client.ID) })
		for _, s := range secrets {
			if s.ID != w.secret.ID && s.Usage.Count != replicas*flushes {
				t.Fatalf("got %d uses, want %d", s.Usage.Count, replicas*flushes)
			}
		}
		sum := buckets(t, db, registry.UsageOrganization, w.org.ID, registry.GrainHour)
		if len(sum) != 1 || sum[0].Count != replicas*flushes {
			t.Errorf("the organization has %v, want one bucket of %d", sum, replicas*flushes)
		}
	})
}

// TestUsageBatchIsOneStatement counts at the driver.
func TestUsageBatchIsOneStatement(t *testing.T) {
	t.Parallel()
	var statements atomic.Int64
	db := storagetest.OpenWith(t, storage.Config{URL: storagetest.URL(t, storagetest.Postgres), OnStatement: func(string) { statements.Add(1) }})
	w := settled(t, db)
	before := statements.Load()
	addUsage(t, db, "bat_1", w.uses(1, noon, "192.0.2.1"), w.failures(1, registry.CauseExpired, noon, ""), forOrganization(w.uses(1, noon, "")))
	if n := statements.Load() - before; n != 1 {
		t.Errorf("a batch took %d statements, want 1", n)
	}
}

func TestOldBatchesAreForgotten(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: url})
		for i, at := range []time.Time{noon, noon.Add(23 * time.Hour), noon.Add(25 * time.Hour)} {
			if err := db.AddUsage(ctx, fmt.Sprint("bat_", i), at, nil); err != nil {
				t.Fatal(err)
			}
		}
		var left int
		err := storagetest.SQL(t, url).QueryRow("SELECT count(*) FROM usage_batches").Scan(&left)
		if err != nil || left != 2 {
			t.Errorf("got %d batches, %v, want 2", left, err)
		}
	})
}
