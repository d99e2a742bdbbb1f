package replica

import (
	"context"
	"math"
	"time"

	"keywright/registry"
)

const (
	// feedLimit is how many rows are read at once.
	feedLimit = 1000
	// pruneInterval is how often the denylist is pruned.
	pruneInterval = 10 * time.Minute
	// listenAgain is how long a lost connection for wake-ups is left alone.
	listenAgain = time.Second
)

// follower is what Run alone knows.
type follower struct {
	following bool // the copy is complete, but for what the feed says next
	failing   bool
	prunedAt  time.Time // when the denylist was pruned last
	renewedAt time.Time
	last      registry.Lease // as it was committed last
	others    map[string]sighting
	lookedAt  time.Time // at the leases of others
}

// keepUp follows the feed once and renews the lease if that is due.
func (r *Replica) keepUp(ctx context.Context) {
	err := r.step(ctx)
	f := &r.follow
	if (err != nil) == f.failing || ctx.Err() != nil {
		return
	}
	if f.failing = err != nil; f.failing {
		r.Logger.WarnContext(ctx, "the change feed cannot be read: requests are answered from the database", "error", err)
	} else {
		r.Logger.InfoContext(ctx, "the change feed is read again")
	}
}

func (r *Replica) step(ctx context.Context) error {
	f := &r.follow
	if !f.following {
		if err := r.start(ctx); err != nil {
			return err
		}
	}
	if err := r.catchUp(ctx); err != nil {
		return err
	}
	if err := r.pruneDenylist(ctx); err != nil || r.Leases == nil {
		return err
	}
	// What was applied is told at once: a change may wait for it.
	if f.last.Applied != r.copy.applied() || since(r.Now(), f.renewedAt) >= renewInterval {
		if err := r.renew(ctx); err != nil {
			return err
		}
	}
	if f.last.Applied != r.copy.applied() { // more came in meanwhile
		r.wakeUp()
	}
	return r.endForgottenLeases(ctx)
}

// start begins with an empty copy at the head of the feed.
func (r *Replica) start(ctx context.Context) error {
	page, err := r.Feed.Feed(ctx, math.MaxInt64, 1)
	if err != nil {
		return err
	}
	began := r.Now()
	denied, err := r.readDenylist(ctx)
	if err != nil {
		return err
	}
	r.copy.begin(page.Head, denied)
	r.follow.following, r.follow.prunedAt = true, began
	if r.Leases == nil {
		r.lease.Store(&began)
	}
	return nil
}

// catchUp applies the feed through its head.
func (r *Replica) catchUp(ctx context.Context) error {
	for {
		limited, cancel := context.WithTimeout(ctx, leaseTime)
		page, err := r.Feed.Feed(limited, r.copy.applied(), feedLimit)
		cancel()
		if err != nil {
			return err
		}
		// It was for too long without the feed, or a backup was restored.
		if applied := r.copy.applied(); page.Pruned || page.Head < applied || skips(page.Rows, applied) {
			r.Logger.WarnContext(ctx, "the change feed does not go on where it was left: the replica starts over")
			r.forgetAll()
			return r.start(ctx)
		}
		complete := len(page.Rows) < feedLimit
		if !complete {
			page.Head = page.Rows[len(page.Rows)-1].Position
		}
		if r.copy.apply(page, r.Now()); complete {
			return nil
		}
	}
}

// skips tells whether the rows leave out a position, as only the recovery from
// a backup does: then the changes before are not those that were applied.
func skips(rows []registry.FeedRow, after registry.Position) bool {
	for _, row := range rows {
		if after++; row.Position != after {
			return true
		}
	}
	return false
}

// readDenylist reads the denylist page by page. What comes in meanwhile is in
// the feed.
func (r *Replica) readDenylist(ctx context.Context) ([]registry.DeniedToken, error) {
	var all []registry.DeniedToken
	for after := ""; len(all) <= denylistSize; {
		some, err := r.Feed.DeniedTokens(ctx, after, r.Now().Add(-denylistMargin), denylistPage)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if len(some) < denylistPage {
			break
		}
		after = some[len(some)-1].JTI
	}
	return all, nil
}

// pruneDenylist lets go of what has expired now and then, and reads the
// denylist again if there is room for what was missing.
func (r *Replica) pruneDenylist(ctx context.Context) error {
	now := r.Now()
	if since(now, r.follow.prunedAt) < pruneInterval {
		return nil
	}
	if r.copy.denied.prune(now) {
		denied, err := r.readDenylist(ctx)
		if err != nil {
			return err
		}
		r.copy.denied.replace(denied)
	}
	r.follow.prunedAt = now
	return nil
}

// forgetAll empties the copy, which is not used again before it was begun anew.
func (r *Replica) forgetAll() {
	r.lease.Store(nil)
	r.copy.end()
	r.follow.following = false
}

// listen is woken by other processes. It is a wake-up only: what is missed is
// found by polling.
func (r *Replica) listen(ctx context.Context) {
	for ctx.Err() == nil {
		if err := r.Leases.Listen(ctx, r.wakeUp); err != nil && ctx.Err() == nil {
			r.Logger.DebugContext(ctx, "not listening for changes", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
		}
	}
}
