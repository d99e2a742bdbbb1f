package replica

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage/storagetest"
)

// twoServers are a reader, which holds a lease, and a writer beside it.
func twoServers(t *testing.T) (reader, writer *server, c registry.Client) {
	t.Helper()
	w := newWorld(t, storagetest.Postgres)
	reader, writer = w.server(), w.server()
	writer.bootstrap()
	c = writer.create("old")
	reader.keepUpNow()
	reader.wantName(c, "old", 1)
	reader.wantName(c, "old", 0)
	return reader, writer, c
}

// TestPausedReplica: a change waits until the lease of a replica that stands
// still has run out, and from then on the replica reads the database.
func TestPausedReplica(t *testing.T) {
	t.Parallel()
	reader, writer, c := twoServers(t)
	began := time.Now()
	writer.clock = nil
	writer.Now = time.Now
	writer.rename(c, "new")
	if took := time.Since(began); took < leaseTime {
		t.Errorf("the change returned after %s: before the lease of the other replica ran out", took)
	}
	reader.clock.advance(time.Since(began)) // it stood still
	reader.wantName(c, "new", 1)
	reader.wantName(c, "new", 1)
	reader.keepUpNow()
	reader.wantName(c, "new", 1)
	reader.wantName(c, "new", 0)
}

// TestHealthyReplica: a change waits no longer than the other replica needs to
// apply it.
func TestHealthyReplica(t *testing.T) {
	t.Parallel()
	reader, writer, c := twoServers(t)
	reader.Now, writer.Now = time.Now, time.Now
	reader.running()
	for i := range 50 {
		want := fmt.Sprint("name ", i)
		writer.rename(c, want)
		if got := reader.name(c); got != want {
			t.Fatalf("after the change returned the other replica says %q, want %q", got, want)
		}
	}
}

// TestWokenReplica: a change wakes the others, and waits for none of them to look
// by itself. The reader here never does.
func TestWokenReplica(t *testing.T) {
	t.Parallel()
	reader, writer, c := twoServers(t)
	writer.Now = time.Now
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer func() { cancel(); running.Wait() }()
	running.Go(func() { reader.listen(ctx) })
	<-reader.wake // it is woken when it listens
	running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-reader.wake:
				reader.keepUp(ctx)
			}
		}
	})
	fastest := longestWait // other tests may be in the way of one or the other
	writer.Waited = func(d time.Duration) { fastest = min(fastest, d) }
	for i := range 5 {
		writer.rename(c, fmt.Sprint("name ", i))
	}
	if fastest >= leaseTime {
		t.Errorf("the fastest change waited %s for a replica that listens", fastest)
	}
}

// TestLeaseIsAskedForBeforeTheHead: a change that finds no lease, because it is
// on its way, is applied before that lease is good.
func TestLeaseIsAskedForBeforeTheHead(t *testing.T) {
	t.Parallel()
	reader, writer, c := twoServers(t)
	reader.clock.advance(leaseTime) // it has run out
	if err := reader.db.EndLease(t.Context(), reader.follow.last); err != nil {
		t.Fatal(err)
	}
	reader.Leases = during{reader.db, func() { writer.rename(c, "new") }}
	reader.follow.renewedAt = time.Time{}
	if err := reader.renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !reader.Usable() {
		t.Fatal("the lease is not good")
	}
	reader.wantName(c, "new", 1)
}

// during is a LeaseStore at which something happens before a renewal is committed.
type during struct {
	registry.LeaseStore
	happens func()
}

func (d during) RenewLease(ctx context.Context, l registry.Lease) error {
	d.happens()
	return d.LeaseStore.RenewLease(ctx, l)
}

// TestDatabaseIsLost: a change that is committed returns although nobody can
// tell any more who has applied it.
func TestDatabaseIsLost(t *testing.T) {
	t.Parallel()
	_, writer, c := twoServers(t)
	writer.Now = time.Now
	writer.Leases = lost{writer.db}
	began := time.Now()
	writer.rename(c, "new")
	if took := time.Since(began); took < leaseTime {
		t.Errorf("the change returned after %s: before any lease has run out", took)
	}
}

// lost is a LeaseStore whose database does not answer.
type lost struct{ registry.LeaseStore }

func (lost) Leases(context.Context) ([]registry.Lease, error) {
	return nil, registry.Unavailable(context.DeadlineExceeded)
}

// TestDeadReplica: the lease of a replica that died is deleted, and no change
// waits for it any more.
func TestDeadReplica(t *testing.T) {
	t.Parallel()
	reader, writer, c := twoServers(t)
	writer.keepUpNow()
	writer.clock.advance(forgottenAfter)
	writer.keepUpNow()
	leases, err := writer.db.Leases(t.Context())
	if err != nil || len(leases) != 1 || leases[0].Replica != writer.id {
		t.Fatalf("got leases %+v, %v, want the writer's alone", leases, err)
	}
	var waited time.Duration
	writer.Waited = func(d time.Duration) { waited = d }
	writer.Now = time.Now
	writer.rename(c, "new")
	if waited >= leaseTime {
		t.Errorf("the change waited %s for a replica whose lease is gone", waited)
	}
	// It was only asleep: what it wakes up with is not good.
	reader.clock.advance(forgottenAfter)
	reader.wantName(c, "new", 1)
	reader.keepUpNow()
	reader.wantName(c, "new", 1)
	reader.wantName(c, "new", 0)
}

// TestChangesDoNotEnd: a replica that finds another change each time it has told
// of one does its other work, too.
func TestChangesDoNotEnd(t *testing.T) {
	t.Parallel()
	reader, writer, c := twoServers(t)
	writer.store = writer.db
	renewals := 0
	reader.Leases = during{reader.db, func() {
		if renewals++; renewals < 10 {
			writer.rename(c, fmt.Sprint("name ", renewals))
		}
	}}
	writer.rename(c, "name")
	reader.keepUpNow()
	if renewals != 1 {
		t.Errorf("it renewed its lease %d times in a row", renewals)
	}
	if len(reader.wake) != 1 {
		t.Error("it does not go on at once, though a change may wait")
	}
}

// TestLeave: no change waits for a replica that has stopped.
func TestLeave(t *testing.T) {
	t.Parallel()
	reader, _, _ := twoServers(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	reader.Run(ctx)
	if leases, err := reader.db.Leases(t.Context()); err != nil || len(leases) != 0 {
		t.Errorf("got leases %+v, %v, want none", leases, err)
	}
	if reader.Usable() {
		t.Error("it still answers from its copy")
	}
}

// TestStartsOver: nothing of the copy is used when the feed does not go on
// where it was left.
func TestStartsOver(t *testing.T) {
	t.Parallel()
	t.Run("a part is gone", func(t *testing.T) {
		t.Parallel()
		reader, writer, c := twoServers(t)
		writer.rename(c, "new")
		writer.create("another") // the newest change, which is never pruned
		if n, err := writer.db.PruneFeed(t.Context(), time.Now().Add(time.Hour)); err != nil || n == 0 {
			t.Fatalf("pruned %d rows, %v", n, err)
		}
		reader.keepUpNow()
		reader.wantName(c, "new", 1)
		reader.wantName(c, "new", 0)
	})
	t.Run("a backup was restored", func(t *testing.T) {
		t.Parallel()
		reader, writer, c := twoServers(t)
		writer.rename(c, "new")
		reader.copy.through.Add(1000)
		reader.keepUpNow()
		reader.wantName(c, "new", 1)
		reader.wantName(c, "new", 0)
	})
	t.Run("a backup was restored and recovered", func(t *testing.T) {
		t.Parallel()
		reader, writer, c := twoServers(t)
		writer.store = writer.db
		elsewhere := writer.world.organization
		elsewhere.ID = newID(t, "org_")
		writer.world.organization = elsewhere
		writer.change(registry.FeedOrganization, elsewhere.ID, func(tx registry.Tx) error {
			c.Name, c.Revision = "as in the backup", c.Revision+1
			return errors.Join(tx.UpdateClient(t.Context(), c), tx.SkipPositions(t.Context(), 1000))
		})
		reader.keepUpNow()
		reader.wantName(c, "as in the backup", 1)
		reader.wantName(c, "as in the backup", 0)
	})
}

// TestTidy: a process that remembers nothing deletes the leases of the dead all
// the same.
func TestTidy(t *testing.T) {
	t.Parallel()
	_, writer, _ := twoServers(t)
	writer.Now = time.Now
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); writer.Tidy(ctx) }()
	defer func() { cancel(); <-done }()
	for deadline := time.Now().Add(6 * forgottenAfter); ; time.Sleep(100 * time.Millisecond) {
		leases, err := writer.db.Leases(t.Context())
		if err == nil && len(leases) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got leases %+v, %v, want none", leases, err)
		}
	}
}
