package storagetest_test

import (
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func testKey(purpose registry.KeyPurpose, at time.Time) registry.Key {
	return registry.Key{
		ID: id("key_"), Purpose: purpose, Algorithm: "ES256", Public: []byte{0, 1, '\''}, Sealed: []byte{0xff, 0},
		CreatedAt: kept(at), ActiveFrom: kept(at.Add(time.Hour)),
	}
}

func put(keys ...registry.Key) func([]registry.Key) (registry.KeyChange, error) {
	return func([]registry.Key) (registry.KeyChange, error) { return registry.KeyChange{Put: keys}, nil }
}

func TestChangeKeys(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		first, second, pepper := testKey(registry.KeySigning, noon), testKey(registry.KeySigning, noon.Add(1e9)), testKey(registry.KeyPepper, noon.Add(2e9))
		for _, k := range []registry.Key{second, first, pepper} {
			if err := db.ChangeKeys(ctx, k.Purpose, put(k)); err != nil {
				t.Fatal(err)
			}
		}
		sameAs(t, keysOf(t, db), []registry.Key{first, second, pepper})
		sameAs(t, read(t, db, func(r registry.Reader) ([]registry.Key, error) { return r.SigningKeys(ctx) }), []registry.Key{first, second})

		// Of a key that stands, all that changes is when it comes into use and how it is sealed.
		moved := second
		moved.ActiveFrom, moved.Sealed, moved.Algorithm, moved.CreatedAt = kept(noon), []byte{1}, "none", kept(noon)
		err := db.ChangeKeys(ctx, registry.KeySigning, func(standing []registry.Key) (registry.KeyChange, error) {
			sameAs(t, standing, []registry.Key{first, second})
			return registry.KeyChange{Put: []registry.Key{moved}, Drop: []string{first.ID}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		second.ActiveFrom, second.Sealed = moved.ActiveFrom, moved.Sealed
		sameAs(t, keysOf(t, db), []registry.Key{second, pepper})

		drop := func([]registry.Key) (registry.KeyChange, error) {
			return registry.KeyChange{Put: []registry.Key{first}, Drop: []string{pepper.ID}}, nil
		}
		wantKind(t, db.ChangeKeys(ctx, registry.KeySigning, drop), registry.KindNotFound) // it is of another purpose
		sameAs(t, keysOf(t, db), []registry.Key{second, pepper})
	})
}

func keysOf(t *testing.T, db *storage.DB) []registry.Key {
	t.Helper()
	keys, err := db.Keys(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestKeysFromBeforeRotation reads a key that was stored without the time it
// comes into use.
func TestKeysFromBeforeRotation(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		k := testKey(registry.KeySigning, noon)
		k.ActiveFrom = time.Time{}
		if err := db.ChangeKeys(ctx, k.Purpose, put(k)); err != nil {
			t.Fatal(err)
		}
		k.ActiveFrom = k.CreatedAt
		sameAs(t, keysOf(t, db), []registry.Key{k})
	})
}

func TestChangesOfKeysDoNotOverlap(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		var replicas errgroup.Group
		for i := range 10 {
			replicas.Go(func() error {
				return db.ChangeKeys(ctx, registry.KeySigning, func(standing []registry.Key) (c registry.KeyChange, _ error) {
					if len(standing) == 0 {
						c.Put = []registry.Key{testKey(registry.KeySigning, noon.Add(time.Duration(i)))}
					}
					return c, nil
				})
			})
		}
		if err := replicas.Wait(); err != nil {
			t.Fatal(err)
		}
		if n := len(keysOf(t, db)); n != 1 {
			t.Errorf("%d replicas made a key", n)
		}
	})
}
