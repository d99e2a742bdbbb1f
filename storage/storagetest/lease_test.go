package storagetest_test

import (
	"testing"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func TestLeases(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		renew := func(l registry.Lease) {
			t.Helper()
			if err := db.RenewLease(ctx, l); err != nil {
				t.Fatal(err)
			}
		}
		end := func(l registry.Lease) {
			t.Helper()
			if err := db.EndLease(ctx, l); err != nil {
				t.Fatal(err)
			}
		}
		standing := func(want ...registry.Lease) {
			t.Helper()
			got, err := db.Leases(ctx)
			if err != nil {
				t.Fatal(err)
			}
			sameAs(t, got, want)
		}
		lease := func(replica string, renewals int64, applied registry.Position) registry.Lease {
			return registry.Lease{Replica: replica, Renewals: renewals, Applied: applied}
		}

		standing()
		renew(lease("b", 1, 7))
		renew(lease("a", 4, 9))
		standing(lease("a", 4, 9), lease("b", 1, 7))

		renew(lease("a", 5, 8)) // one that starts over has applied less
		standing(lease("a", 5, 8), lease("b", 1, 7))
		renew(lease("a", 4, 9)) // on its way for longer than the one after it
		standing(lease("a", 5, 8), lease("b", 1, 7))

		end(lease("a", 4, 9))
		end(lease("b", 2, 7))
		end(lease("nobody", 1, 7))
		standing(lease("a", 5, 8), lease("b", 1, 7))
		end(lease("a", 5, 0)) // a renewal is known by its number
		standing(lease("b", 1, 7))
	})
}
