package replica

import (
	"context"
	"math"
	"slices"
	"time"

	"keywright/registry"
)

const (
	// A change that waits looks again after firstLook, then after twice as
	// long each time, up to nextLook.
	firstLook = time.Millisecond
	nextLook  = 20 * time.Millisecond
)

// Store returns inner such that a change returns only when no replica answers
// from the state before it.
func (r *Replica) Store(inner registry.Store) registry.Store { return store{inner, r} }

type store struct {
	registry.Store
	replica *Replica
}

// Change implements registry.Store.
func (s store) Change(ctx context.Context, fn func(registry.Tx) error) error {
	return s.noted(ctx, s.Store.Change, fn)
}

// ChangeMany implements registry.Store.
func (s store) ChangeMany(ctx context.Context, fn func(registry.Tx) error) error {
	return s.noted(ctx, s.Store.ChangeMany, fn)
}

// noted makes a change of either kind, and waits for it to be known.
func (s store) noted(ctx context.Context, change func(context.Context, func(registry.Tx) error) error, fn func(registry.Tx) error) error {
	var n note
	err := change(ctx, func(tx registry.Tx) error {
		n = note{} // fn may be run again
		return fn(noting{tx, &n})
	})
	if err != nil {
		return err
	}
	if n.at == 0 && !n.aside {
		page, err := s.replica.Feed.Feed(ctx, math.MaxInt64, 1)
		if err != nil {
			return err
		}
		n.at = page.Head
	}
	if n.at > 0 {
		s.replica.changed(ctx, n.at)
	}
	return nil
}

// note is what is to be known of a change that was made.
type note struct {
	at registry.Position // zero: it is nothing that the hot path may see
	// aside tells that the change has no place in the feed. Any other that
	// appended nothing found that there was nothing to do, perhaps because of a
	// change that still waits. Whoever asks for it again is told no sooner than
	// the first that it is done.
	aside bool
}

// noting takes note of a change.
type noting struct {
	registry.Tx
	note *note
}

// AppendFeed implements registry.Tx.
func (n noting) AppendFeed(ctx context.Context, row registry.FeedRow) error {
	if n.note.aside = row.Kind == registry.FeedNothing; !n.note.aside {
		n.note.at = row.Position
	}
	return n.Tx.AppendFeed(ctx, row)
}

// TouchSession implements registry.Tx.
func (n noting) TouchSession(ctx context.Context, id string, seen time.Time) error {
	n.note.aside = true
	return n.Tx.TouchSession(ctx, id, seen)
}

// KeepAnswer implements registry.Tx.
func (n noting) KeepAnswer(ctx context.Context, id string, a registry.KeptAnswer) error {
	n.note.aside = true
	return n.Tx.KeepAnswer(ctx, id, a)
}

// changed is called when a change of this process is committed, and returns
// when no replica answers from the state before it.
func (r *Replica) changed(ctx context.Context, at registry.Position) {
	committed := r.Now()
	for floor := r.floor.Load(); floor < int64(at); floor = r.floor.Load() {
		if r.floor.CompareAndSwap(floor, int64(at)) {
			break
		}
	}
	r.wakeUp()
	if r.Leases == nil {
		return
	}
	// The change is made: it is waited for even if its caller gave up, and a
	// database that is lost meanwhile only makes the wait as long as it can get.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestWait)
	defer cancel()
	r.await(ctx, at)
	if r.Waited != nil {
		r.Waited(since(r.Now(), committed))
	}
}

// await returns when every lease that there is has applied the change, or ctx
// is done.
func (r *Replica) await(ctx context.Context, at registry.Position) {
	for pause := firstLook; ; pause = min(2*pause, nextLook) {
		leases, err := r.Leases.Leases(ctx)
		if err == nil && !slices.ContainsFunc(leases, func(l registry.Lease) bool { return l.Replica != r.id && l.Applied < at }) {
			return
		}
		if err == nil && pause == firstLook {
			_ = r.Leases.WakeReplicas(ctx) // they look by themselves anyway
		}
		select {
		case <-ctx.Done():
			r.Logger.WarnContext(ctx, "a change waited for a lease to run out", "position", int64(at))
			return
		case <-time.After(pause):
		}
	}
}
