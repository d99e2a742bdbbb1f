package storagetest_test

import (
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// clientKeyOf is a public key of the world's client.
func clientKeyOf(w world, kid string, at time.Time) registry.ClientKey {
	return registry.ClientKey{ID: id("jwk_"), ClientID: w.client.ID, CreatedAt: kept(at), PublicKey: registry.PublicKey{
		KeyID: kid, Algorithm: "ES256", Thumbprint: "thumbprint of " + kid, JWK: []byte(`{"kty": "EC",  "kid":"it's"}`),
	}}
}

func insertClientKeys(t testing.TB, db *storage.DB, keys ...registry.ClientKey) {
	t.Helper()
	change(t, db, func(tx registry.Tx) error {
		for _, k := range keys {
			if err := tx.InsertClientKey(ctx, k); err != nil {
				return err
			}
		}
		return nil
	})
}

func clientKeysOf(t testing.TB, db *storage.DB, clientIDs ...string) map[string][]registry.ClientKey {
	t.Helper()
	return read(t, db, func(r registry.Reader) (map[string][]registry.ClientKey, error) {
		return r.ClientKeysOf(ctx, clientIDs)
	})
}

func TestClientKeysAreOldestFirstAndDeletable(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		young, old := clientKeyOf(w, "young", noon), clientKeyOf(w, "old", noon.Add(-time.Hour))
		foreign := clientKeyOf(other, "young", noon) // the same key, of another client
		insertClientKeys(t, db, young, old, foreign)
		sameAs(t, clientKeysOf(t, db), map[string][]registry.ClientKey{})
		sameAs(t, clientKeysOf(t, db, w.client.ID, other.client.ID, "kwc_none"),
			map[string][]registry.ClientKey{w.client.ID: {old, young}, other.client.ID: {foreign}})
		state, err := db.ClientState(ctx, w.client.ID)
		if err != nil {
			t.Fatal(err)
		}
		sameAs(t, state.Keys, []registry.ClientKey{old, young})

		change(t, db, func(tx registry.Tx) error { return tx.DeleteClientKey(ctx, w.client.ID, old.ID) })
		sameAs(t, clientKeysOf(t, db, w.client.ID)[w.client.ID], []registry.ClientKey{young})
		for _, gone := range []registry.ClientKey{old, foreign} {
			err := db.Change(ctx, func(tx registry.Tx) error { return tx.DeleteClientKey(ctx, w.client.ID, gone.ID) })
			wantKind(t, err, registry.KindNotFound)
		}
	})
}

func TestAClientHasAKeyAndAKidOnce(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		insertClientKeys(t, db, clientKeyOf(w, "a", noon))
		sameKey, sameKid, ofNobody := clientKeyOf(w, "b", noon), clientKeyOf(w, "a", noon), clientKeyOf(w, "c", noon)
		sameKey.Thumbprint = "thumbprint of a"
		sameKid.Thumbprint = "another"
		ofNobody.ClientID = "kwc_none"
		for _, k := range []registry.ClientKey{sameKey, sameKid, ofNobody} {
			err := db.Change(ctx, func(tx registry.Tx) error { return tx.InsertClientKey(ctx, k) })
			wantKind(t, err, registry.KindConflict)
		}
		if got := len(clientKeysOf(t, db, w.client.ID)[w.client.ID]); got != 1 {
			t.Errorf("got %d keys, want 1", got)
		}
	})
}

func TestUsageOfAKey(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		k, second := clientKeyOf(w, "a", noon), clientKeyOf(w, "b", noon.Add(time.Second))
		insertClientKeys(t, db, k, second)
		use := func(id string) registry.UsageDelta {
			return registry.UsageDelta{Kind: registry.CredentialKey, ID: id, Count: 3, LastAt: noon}
		}
		addUsage(t, db, "bat_1", use(k.ID), use(second.ID), use("jwk_none"))
		usage := func(i int) registry.Usage { return clientKeysOf(t, db, w.client.ID)[w.client.ID][i].Usage }
		sameAs(t, usage(0), registry.Usage{Count: 3, LastUsedAt: kept(noon)})

		// A key that is brought back has a new record, and starts at nothing.
		change(t, db, func(tx registry.Tx) error { return tx.DeleteClientKey(ctx, w.client.ID, k.ID) })
		addUsage(t, db, "bat_2", use(k.ID)) // was on its way
		insertClientKeys(t, db, k)
		sameAs(t, usage(0), registry.Usage{})
		sameAs(t, usage(1), registry.Usage{Count: 3, LastUsedAt: kept(noon)})

		change(t, db, func(tx registry.Tx) error { return tx.DeleteClient(ctx, w.org.ID, w.client.ID) })
		sameAs(t, clientKeysOf(t, db, w.client.ID), map[string][]registry.ClientKey{})
		change(t, db, func(tx registry.Tx) error { return tx.InsertClient(ctx, w.client) })
		insertClientKeys(t, db, second)
		sameAs(t, usage(0), registry.Usage{})
	})
}

func TestAssertionsAreUsedOnce(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		use := func(client, jti string, expires time.Time) bool {
			t.Helper()
			first, err := db.UseAssertion(ctx, registry.UsedAssertion{ClientID: client, ID: jti, ExpiresAt: expires})
			if err != nil {
				t.Fatal(err)
			}
			return first
		}
		if !use("kwc_a", "old", noon) || use("kwc_a", "old", noon.Add(time.Hour)) {
			t.Error("the first use and a repeated one are not told apart")
		}
		if !use("kwc_b", "old", noon) || !use("kwc_a", "young", noon.Add(time.Hour)) || !use("kwc_a", "any\x00 byte\xff", noon) {
			t.Error("another client or jti is taken for the same")
		}
		n, err := db.PruneUsedAssertions(ctx, noon.Add(time.Minute))
		if err != nil || n != 3 || !use("kwc_a", "old", noon) || use("kwc_a", "young", noon) {
			t.Errorf("pruned %d, %v, want the three that expired", n, err)
		}

		var firsts atomic.Int64
		var group errgroup.Group
		for range 50 {
			group.Go(func() error {
				first, err := db.UseAssertion(ctx, registry.UsedAssertion{ClientID: "kwc_a", ID: "at once", ExpiresAt: noon})
				if first {
					firsts.Add(1)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil || firsts.Load() != 1 {
			t.Errorf("%d of fifty at once were the first, %v, want one", firsts.Load(), err)
		}
	})
}
