package metrics

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"keywright/registry"
)

const (
	// FlushInterval is the time between two flushes of Run. Where no more than
	// flushAtLeast places are used within it, each writes everything, and a
	// process that is killed forgets the uses of one interval; where more are,
	// of flushTurns intervals at most.
	FlushInterval = time.Second

	// flushAtLeast is how many places a flush of Run writes before it leaves the
	// rest for the next, so that ten thousand credentials in use, which take the
	// database as many rows however often each was used, do not take it all the
	// time.
	flushAtLeast = 1000

	// flushTurns is how many flushes of Run write everything, however much it is.
	flushTurns = 10

	// MaxPending bounds what the ledger remembers between two flushes: a
	// credential with a secret takes one place for each hour, network and cause
	// of failure. At three quarters of the bound the networks are no longer kept
	// apart; beyond it, uses that need another place are dropped, and counted as
	// such. It is only reached when the database is away for long.
	MaxPending = 1_000_000

	// MaxCredentials is how many credentials the ledger counts for the series.
	// Further ones have none until the process starts anew.
	MaxCredentials = 1_000_000

	// earlyFlush is the part of the bound that may be pending before Run flushes
	// without waiting for the interval to end.
	earlyFlush = 20

	// batchSize bounds a batch, so that the store takes it well within its
	// deadline however much has gathered.
	batchSize = 2500

	drainRetry = 100 * time.Millisecond
)

// Ledger takes note of uses in memory and adds them to the usage in batches.
// It implements registry.Recorder.
//
// While the process lives no use is lost or counted twice: a batch whose
// outcome is not known is sent again with the same id and the same content,
// and the store takes every id once. Its methods may be called from any
// goroutine.
//
// Full to both its bounds it holds at most 400 MB. With what a second brings,
// some thousand credentials, it is a megabyte.
type Ledger struct {
	LedgerConfig

	places   int64 // MaxPending
	shards   [shardCount]shard
	held     atomic.Int64  // places taken, in the shards and in taken
	counted  atomic.Int64  // credentials that are counted for the series
	dropped  atomic.Uint64 // uses that found no place
	full     chan struct{} // says that it is time for an early flush
	oldest   atomic.Int64  // of the uses that a flush took, in Unix ns; 0: there are none
	flushing sync.Mutex    // held over a flush: one at a time. It guards:

	turn   int             // of the shard that was not flushed for longest
	taken  map[place]tally // out of a shard, and in no batch yet
	next   *batch          // is being filled
	unsure *batch          // was sent, and nobody knows whether it arrived
}

// LedgerConfig is what a Ledger needs. Every field is required.
type LedgerConfig struct {
	Store  registry.UsageStore
	Now    func() time.Time
	Rand   io.Reader // for the ids of batches
	Logger *slog.Logger
}

// NewLedger returns an empty ledger over those parts.
func NewLedger(c LedgerConfig) *Ledger {
	l := &Ledger{LedgerConfig: c, places: MaxPending, full: make(chan struct{}, 1), next: &batch{}}
	for i := range l.shards {
		l.shards[i].pending, l.shards[i].counts = map[place]tally{}, map[credential]count{}
	}
	return l
}

// Record takes note of a use. It never waits for the database.
func (l *Ledger) Record(u registry.Use) {
	p, ok := placeOf(u)
	if !ok {
		l.dropped.Add(1)
		return
	}
	s := &l.shards[p.id[0]%shardCount] // ids are random
	s.mu.Lock()
	defer s.mu.Unlock()
	if !l.add(s, p, u) {
		l.dropped.Add(1)
	}
	if u.Cause == registry.CauseNone {
		l.count(s, p.credential, u)
	}
}

// add adds a use to what is pending in its shard, unless there is no place.
func (l *Ledger) add(s *shard, p place, u registry.Use) bool {
	t, known := s.pending[p]
	if !known && p.family != 0 && l.held.Load() >= l.places/4*3 {
		p.family, p.network = 0, [6]byte{}
		t, known = s.pending[p]
	}
	if !known {
		if l.held.Load() >= l.places {
			return false
		}
		if len(s.pending) == 0 {
			s.since = l.Now()
		}
		if l.held.Add(1) == l.places/earlyFlush {
			select {
			case l.full <- struct{}{}:
			default: // it was said already
			}
		}
	}
	t.add(u)
	s.pending[p] = t
	return true
}

// Run flushes about every FlushInterval what has been pending for longest, and
// at once everything when that is much, until ctx is done. What is then pending
// is left for Drain.
func (l *Ledger) Run(ctx context.Context) {
	ticker := time.NewTicker(FlushInterval)
	defer ticker.Stop()
	failing := false
	for {
		full := l.full
		if failing {
			full = nil // the database is left alone for an interval
		}
		var err error
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			err = l.flush(ctx, shardCount/flushTurns+1, flushAtLeast)
		case <-full:
			err = l.Flush(ctx)
		}
		if (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			l.tell(ctx, err)
		}
	}
}

// tell logs when flushing begins to fail and when it succeeds again, not every
// second in between.
func (l *Ledger) tell(ctx context.Context, err error) {
	if err == nil {
		l.Logger.InfoContext(ctx, "usage counts are written again")
		return
	}
	l.Logger.WarnContext(ctx, "usage counts wait for the database", "error", err)
}

// Flush writes all that is pending, batch by batch. After an error what was not
// written is still there.
func (l *Ledger) Flush(ctx context.Context) error { return l.flush(ctx, shardCount, math.MaxInt) }

// flush sends the batch whose outcome is not known, if there is one, and then
// what is pending in the shards whose turn it is: so many of them, and further
// ones until so many places were written.
func (l *Ledger) flush(ctx context.Context, shards, places int) error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	if err := l.send(ctx); err != nil {
		return err
	}
	if err := l.sendTaken(ctx); err != nil {
		return err
	}
	written := 0
	for n := 0; n < shardCount && (n < shards || written < places); n++ {
		l.take(&l.shards[l.turn])
		l.turn = (l.turn + 1) % shardCount
		written += len(l.taken)
		if err := l.sendTaken(ctx); err != nil {
			return err
		}
	}
	if err := l.sendNext(ctx); err != nil {
		return err
	}
	l.oldest.Store(0)
	return nil
}

// take takes what is pending in a shard.
func (l *Ledger) take(s *shard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return
	}
	if since := s.since.UnixNano(); l.oldest.Load() == 0 || since < l.oldest.Load() {
		l.oldest.Store(since)
	}
	l.taken, s.pending = s.pending, map[place]tally{}
}

// sendTaken moves what was taken into batches, and sends those that are full.
func (l *Ledger) sendTaken(ctx context.Context) error {
	for p, t := range l.taken {
		l.next.add(p, t)
		delete(l.taken, p)
		l.held.Add(-1)
		if l.next.size >= batchSize {
			if err := l.sendNext(ctx); err != nil {
				return err
			}
		}
	}
	l.taken = nil
	return nil
}

func (l *Ledger) sendNext(ctx context.Context) error {
	if l.next.size == 0 {
		return nil
	}
	id, err := registry.NewID(l.Rand, registry.PrefixBatch)
	if err != nil {
		return err
	}
	l.next.id, l.next.at = id, l.Now()
	l.unsure, l.next = l.next, &batch{}
	return l.send(ctx)
}

// send adds the batch whose outcome is not known to the usage, and forgets it
// once that is certain.
func (l *Ledger) send(ctx context.Context) error {
	if l.unsure == nil {
		return nil
	}
	if err := l.Store.AddUsage(ctx, l.unsure.id, l.unsure.at, l.unsure.deltas); err != nil {
		return fmt.Errorf("add usage: %w", err)
	}
	l.unsure = nil
	return nil
}

// Drain flushes until nothing is left, or until ctx is done. It is for the end
// of the process, when nobody records any more.
func (l *Ledger) Drain(ctx context.Context) error {
	for {
		err := l.Flush(ctx)
		if err == nil && l.Lag() == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("write the last usage counts: %w", err)
		case <-time.After(drainRetry):
		}
	}
}

// Lag is the age of the oldest use that is not written yet; 0 for none.
func (l *Ledger) Lag() time.Duration {
	oldest := int64(math.MaxInt64)
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		if len(s.pending) > 0 {
			oldest = min(oldest, s.since.UnixNano())
		}
		s.mu.Unlock()
	}
	// Last, so that what a flush takes meanwhile is seen on one side or the other.
	if taken := l.oldest.Load(); taken != 0 {
		oldest = min(oldest, taken)
	}
	if oldest == math.MaxInt64 {
		return 0
	}
	return max(l.Now().Sub(time.Unix(0, oldest)), 1)
}

// Dropped is how many uses found no place since the start.
func (l *Ledger) Dropped() uint64 { return l.dropped.Load() }
