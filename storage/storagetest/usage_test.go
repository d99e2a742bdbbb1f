package storagetest_test

import (
	"fmt"
	"net/netip"
	"slices"
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

func TestUsageIsAddedOncePerBatch(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		ip := netip.MustParseAddr("2001:db8::7")
		deltas := []registry.UsageDelta{
			{Kind: registry.CredentialSecret, ID: w.secret.ID, Uses: 3, LastUsedAt: noon, LastUsedIP: ip},
			{Kind: registry.CredentialClient, ID: w.client.ID, Uses: 3, Failures: 2, LastUsedAt: noon, LastUsedIP: ip},
			{Kind: registry.CredentialAPIToken, ID: w.token.ID, Failures: 1},
			{Kind: registry.CredentialClient, ID: w.client.ID, Uses: 1}, // twice in a batch
		}
		for range 3 {
			addUsage(t, db, "bat_1", deltas...)
		}
		addUsage(t, db, "bat_2", deltas...)
		sameAs(t, readClient(t, db, w).Usage, registry.Usage{Count: 8, Failures: 4, LastUsedAt: kept(noon), LastUsedIP: ip})
		secrets := read(t, db, func(r registry.Reader) ([]registry.Secret, error) { return r.Secrets(ctx, w.client.ID) })
		sameAs(t, secrets[0].Usage, registry.Usage{Count: 6, LastUsedAt: kept(noon), LastUsedIP: ip})
		token := read(t, db, func(r registry.Reader) (registry.APIToken, error) { return r.APIToken(ctx, w.org.ID, w.token.ID) })
		sameAs(t, token.Usage, registry.Usage{Failures: 2})
		addUsage(t, db, "bat_3")
		sameAs(t, readClient(t, db, w).Revision, int64(1))
	})
}

func TestLastUseOnlyMovesForward(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		use := func(minutes int, ip string) registry.UsageDelta {
			d := registry.UsageDelta{Kind: registry.CredentialClient, ID: w.client.ID, Uses: 1}
			if ip != "" {
				d.LastUsedAt, d.LastUsedIP = noon.Add(time.Duration(minutes)*time.Minute), netip.MustParseAddr(ip)
			}
			return d
		}
		addUsage(t, db, "bat_1", use(5, "192.0.2.5"))
		addUsage(t, db, "bat_2", use(3, "192.0.2.3")) // late
		addUsage(t, db, "bat_3", use(0, ""))
		sameAs(t, readClient(t, db, w).Usage, registry.Usage{Count: 3, LastUsedAt: kept(noon.Add(5 * time.Minute)), LastUsedIP: netip.MustParseAddr("192.0.2.5")})
		addUsage(t, db, "bat_4", use(9, "192.0.2.9"))
		sameAs(t, readClient(t, db, w).Usage.LastUsedIP, netip.MustParseAddr("192.0.2.9"))
	})
}

func TestUsageOfWhatIsDeleted(t *testing.T) {
	t.Parallel()
	for _, dialect := range storagetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			url := storagetest.URL(t, dialect)
			db := storagetest.OpenWith(t, storage.Config{URL: url})
			w, other := settled(t, db), settled(t, db)
			deltas := []registry.UsageDelta{
				{Kind: registry.CredentialClient, ID: w.client.ID, Uses: 1},
				{Kind: registry.CredentialSecret, ID: w.secret.ID, Uses: 1},
				{Kind: registry.CredentialSecret, ID: "sec_never", Uses: 1},
				{Kind: registry.CredentialClient, ID: other.client.ID, Uses: 1},
			}
			addUsage(t, db, "bat_1", deltas...)
			change(t, db, func(tx registry.Tx) error { return tx.DeleteClient(ctx, w.org.ID, w.client.ID) })
			addUsage(t, db, "bat_2", deltas...) // was on its way when the client was deleted
			sameAs(t, readClient(t, db, other).Usage.Count, int64(2))
			var rows int
			err := storagetest.SQL(t, url).QueryRow("SELECT count(*) FROM usage_totals").Scan(&rows)
			if err != nil || rows != 1 {
				t.Errorf("got %d totals, %v, want the one of what is left", rows, err)
			}
		})
	}
}

func TestUsageOfManyReplicasIsExact(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		var deltas []registry.UsageDelta
		change(t, db, func(tx registry.Tx) error {
			for range 600 { // more than one statement
				s := w.secret
				s.ID = id("sec_")
				deltas = append(deltas, registry.UsageDelta{Kind: registry.CredentialSecret, ID: s.ID, Uses: 1})
				if err := tx.InsertSecret(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
		const replicas, flushes = 4, 4
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
	})
}

func TestOldBatchesAreForgotten(t *testing.T) {
	t.Parallel()
	for _, dialect := range storagetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
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
}
