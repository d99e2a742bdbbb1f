package replica

import (
	"context"
	"testing"

	"keywright/registry"
)

// TestSlowRenewal: a lease counts from before its renewal was sent.
func TestSlowRenewal(t *testing.T) {
	t.Parallel()
	reader, _, _ := twoServers(t)
	reader.Leases = during{reader.db, func() { reader.clock.advance(leaseTime) }}
	if err := reader.renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reader.Usable() {
		t.Error("a lease is good that was asked for leaseTime ago")
	}
}

// TestStartsOverWhileRenewing: a lease that says of more changes than there are
// now that they are applied is not used.
func TestStartsOverWhileRenewing(t *testing.T) {
	t.Parallel()
	reader, _, _ := twoServers(t)
	reader.copy.through.Add(1000) // then a backup was restored
	if err := reader.renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if reader.Usable() {
		t.Error("the lease is good, and changes to come are thought to be applied")
	}
	reader.keepUpNow()
	if !reader.Usable() {
		t.Error("the lease that tells the truth is not good")
	}
}

// TestRenewedLeaseIsLeftAlone: a replica that is late to look deletes no lease
// that may be good yet.
func TestRenewedLeaseIsLeftAlone(t *testing.T) {
	t.Parallel()
	want := func(t *testing.T, s *server, n int) {
		t.Helper()
		leases, err := s.db.Leases(t.Context())
		if err != nil || len(leases) != n {
			t.Errorf("got leases %+v, %v, want %d", leases, err, n)
		}
	}
	t.Run("it was renewed since it was seen", func(t *testing.T) {
		t.Parallel()
		reader, other, _ := twoServers(t)
		other.keepUpNow()
		other.clock.advance(forgottenAfter)
		reader.clock.advance(renewInterval)
		reader.keepUpNow()
		other.keepUpNow()
		want(t, other, 2)
	})
	t.Run("it is renewed before it is deleted", func(t *testing.T) {
		t.Parallel()
		reader, other, _ := twoServers(t)
		other.keepUpNow()
		other.clock.advance(forgottenAfter)
		other.Leases = looking{other.db, func() {
			reader.clock.advance(renewInterval)
			reader.keepUpNow()
		}}
		other.keepUpNow()
		want(t, other, 2)
	})
	t.Run("it was committed late in a slow reading", func(t *testing.T) {
		t.Parallel()
		reader, other, _ := twoServers(t)
		other.Leases = looking{other.db, func() { other.clock.advance(forgottenAfter) }}
		other.keepUpNow() // it stood still while it read
		other.Leases = other.db
		other.clock.advance(lookInterval)
		other.keepUpNow()
		want(t, reader, 2)
	})
}

// looking is a LeaseStore at which something happens after the leases are read.
type looking struct {
	registry.LeaseStore
	happens func()
}

func (l looking) Leases(ctx context.Context) ([]registry.Lease, error) {
	leases, err := l.LeaseStore.Leases(ctx)
	l.happens()
	return leases, err
}
