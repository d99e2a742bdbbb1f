package replica

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"keywright/registry"
)

const (
	// leaseTime is for how long a lease is good. It bounds how long a change
	// waits for a replica that is paused, cut off or dead.
	leaseTime = time.Second
	// clockDrift is how much faster one clock may run than another: much more
	// than any that is not broken.
	clockDrift = 0.05
	// longestWait is how long a change waits at most.
	longestWait = time.Duration(float64(leaseTime) * (1 + clockDrift))
	// renewInterval lets several renewals fail before a lease runs out. As the
	// feed is looked at every pollInterval, it is a little more.
	renewInterval = leaseTime / 5
	// pollInterval is how far the copy may lag behind when it is not woken.
	pollInterval = 100 * time.Millisecond

	// DefaultSize is how many clients, and how many API tokens, a replica
	// remembers. A client with a secret takes 1.5 to 3 KB beside what it
	// has in common with others of its organization.
	DefaultSize = 50_000
)

// Config is what a Replica needs. Every field but Leases, Size and Waited is required.
type Config struct {
	HotPath registry.HotPath
	Feed    registry.FeedStore
	Leases  registry.LeaseStore // nil: no other process can change the database
	Size    int                 // zero: DefaultSize
	Waited  func(time.Duration) // told of each change how long it waited for other replicas; may be nil
	Now     func() time.Time    // with a monotonic reading
	Rand    io.Reader           // names the replica
	Logger  *slog.Logger
}

// Replica is this process's copy of the hot path. It implements
// registry.HotPath; until Run has begun, and whenever the copy may not be
// used, it reads the database. Its methods may be called from any goroutine.
type Replica struct {
	Config
	id      string
	copy    *memory
	lookups counts

	// floor is the position of the last change made by this process.
	floor atomic.Int64
	// lease is the moment from which leaseTime counts; nil: there is no lease.
	lease atomic.Pointer[time.Time]
	wake  chan struct{}

	follow follower // of Run alone
}

// New returns a replica that does not follow the feed yet.
func New(c Config) (*Replica, error) {
	if c.Size == 0 {
		c.Size = DefaultSize
	}
	var id [16]byte
	if _, err := io.ReadFull(c.Rand, id[:]); err != nil {
		return nil, fmt.Errorf("name a replica: %w", err)
	}
	return &Replica{Config: c, id: hex.EncodeToString(id[:]), copy: newMemory(c.Size), wake: make(chan struct{}, 1)}, nil
}

// Run follows the feed until ctx is done, and then gives the lease back.
func (r *Replica) Run(ctx context.Context) {
	var listening sync.WaitGroup
	if r.Leases != nil {
		listening.Go(func() { r.listen(ctx) })
	}
	defer listening.Wait()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		r.keepUp(ctx)
		select {
		case <-ctx.Done():
			r.leave(context.WithoutCancel(ctx))
			return
		case <-ticker.C:
		case <-r.wake:
		}
	}
}

// wakeUp lets Run look at the feed now.
func (r *Replica) wakeUp() {
	select {
	case r.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Usable tells whether the copy may be answered from now: every change that
// has returned is in it.
func (r *Replica) Usable() bool {
	return int64(r.copy.applied()) >= r.floor.Load() && r.leased()
}

func (r *Replica) leased() bool {
	began := r.lease.Load()
	if began == nil {
		return false
	}
	return r.Leases == nil || since(r.Now(), *began) < leaseTime
}

// since asks both clocks: the monotonic one stands still while the machine
// sleeps, and the other may be set back.
func since(now, then time.Time) time.Duration {
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}
