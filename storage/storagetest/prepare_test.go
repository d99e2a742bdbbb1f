package storagetest_test

import (
	"testing"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestNothingIsPreparedThroughAPooler makes all kinds of calls with a pooler
// before the server and without: the hot path is prepared once for each
// connection, and through a pooler nothing is.
func TestNothingIsPreparedThroughAPooler(t *testing.T) {
	t.Parallel()
	for _, pooler := range []bool{false, true} {
		r := &relay{pooler: pooler}
		db := storagetest.OpenWith(t, storage.Config{URL: relayTo(t, storagetest.URL(t, storagetest.Postgres), r), PoolSize: 1})
		if err := db.Migrate(ctx); err != nil { // with connections of its own
			t.Fatal(err)
		}
		before := r.prepared.Load()
		w := settled(t, db)
		sameAs(t, readClient(t, db, w), w.client)
		for range 3 {
			client, err := db.ClientState(ctx, w.client.ID)
			if err != nil {
				t.Fatal(err)
			}
			sameAs(t, client.Client, w.client)
			token, err := db.APITokenState(ctx, []registry.Digest{digestOf(0xaa), w.token.Digest})
			if err != nil {
				t.Fatal(err)
			}
			sameAs(t, token.APIToken, w.token)
			if _, err := db.Feed(ctx, 0, 10); err != nil {
				t.Fatal(err)
			}
		}
		got, want := r.prepared.Load()-before, int64(2)
		if pooler {
			got, want = r.prepared.Load(), 0
		}
		if got != want {
			t.Errorf("with a pooler: %v; prepared %d statements, want %d", pooler, got, want)
		}
	}
}
