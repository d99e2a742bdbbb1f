package replica

import (
	"context"
	"time"

	"keywright/registry"
)

const (
	// lookInterval is how often a replica looks for leases that nobody renews.
	lookInterval = time.Second
	// forgottenAfter is after how long without a renewal a lease is deleted, so
	// that changes no longer wait for a replica that died. It lies far beyond
	// the time for which any lease is good.
	forgottenAfter = 5 * leaseTime
)

// sighting is a lease as it was when it was first seen.
type sighting struct {
	lease registry.Lease
	at    time.Time
}

// renew commits the lease and then reads the feed, in that order: a change
// that did not see this lease is in the feed that is read now.
func (r *Replica) renew(ctx context.Context) error {
	f, began := &r.follow, r.Now()
	next := registry.Lease{Replica: r.id, Renewals: f.last.Renewals + 1, Applied: r.copy.applied()}
	f.last.Renewals = next.Renewals // it may be in force even if that is not known
	f.last.Applied = -1
	limited, cancel := context.WithTimeout(ctx, leaseTime)
	defer cancel()
	if err := r.Leases.RenewLease(limited, next); err != nil {
		return err
	}
	if err := r.catchUp(ctx); err != nil {
		return err
	}
	if r.copy.applied() < next.Applied { // it started over: the lease says too much
		return nil
	}
	f.last, f.renewedAt = next, began
	r.lease.Store(&began)
	return nil
}

// leave gives the lease back, so that no change waits for a replica that has
// stopped.
func (r *Replica) leave(ctx context.Context) {
	r.lease.Store(nil)
	if r.Leases == nil || r.follow.last.Renewals == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, leaseTime)
	defer cancel()
	if err := r.Leases.EndLease(ctx, r.follow.last); err != nil {
		r.Logger.WarnContext(ctx, "the lease was not given back: changes wait for it a while", "error", err)
	}
}

// Tidy deletes the leases of replicas that died, until ctx is done. It is for a
// process that holds no lease itself; Run does it too.
func (r *Replica) Tidy(ctx context.Context) {
	if r.Leases == nil {
		return
	}
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		if err := r.endForgottenLeases(ctx); err != nil && ctx.Err() == nil {
			r.Logger.DebugContext(ctx, "the leases of other replicas cannot be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// endForgottenLeases deletes the leases of replicas that died.
func (r *Replica) endForgottenLeases(ctx context.Context) error {
	f, now := &r.follow, r.Now()
	if since(now, f.lookedAt) < lookInterval {
		return nil
	}
	leases, err := r.Leases.Leases(ctx)
	if err != nil {
		return err
	}
	// A lease that is new may have been committed while they were read, however
	// long that took. So it is as old as the end of the reading, not its beginning.
	read, seen := r.Now(), map[string]sighting{}
	for _, l := range leases {
		s, known := f.others[l.Replica]
		if !known || s.lease.Renewals != l.Renewals {
			s = sighting{l, read}
		}
		seen[l.Replica] = s
		if l.Replica == r.id || now.Sub(s.at) < forgottenAfter {
			continue
		}
		if err := r.Leases.EndLease(ctx, l); err != nil {
			return err
		}
		r.Logger.InfoContext(ctx, "deleted the lease of a replica that does not renew it", "replica", l.Replica)
	}
	f.others, f.lookedAt = seen, now
	return nil
}
