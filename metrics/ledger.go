package metrics

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"keywright/registry"
)

const (
	// FlushInterval is the least time between two flushes of Run, and so the
	// most that a process which is killed forgets.
	FlushInterval = time.Second

	// MaxAccounts is how many credentials and secrets the ledger remembers
	// between two flushes, and how many credentials it counts for the series.
	// It is only reached when the database is away for long: uses of further
	// ones are then dropped, and counted as such. At the bound the ledger
	// holds some 100 MB.
	MaxAccounts = 200_000

	// batchAccounts bounds a batch, so that the store takes it well within its
	// deadline however much has gathered.
	batchAccounts = 5000

	drainRetry = 100 * time.Millisecond
)

// Ledger takes note of uses in memory and adds them to the totals in batches.
// It implements registry.Recorder.
//
// While the process lives no use is lost or counted twice: a batch whose
// outcome is not known is sent again with the same id and the same content,
// and the store takes every id once. Its methods may be called from any
// goroutine.
type Ledger struct {
	LedgerConfig

	flushing sync.Mutex // held over a flush: one at a time

	mu      sync.Mutex // held for moments only, never over the database
	pending map[account]registry.UsageDelta
	since   time.Time // of the oldest use that is pending
	unsure  *batch    // was sent, and nobody knows whether it arrived
	counts  map[account]count
	dropped uint64 // uses that found no room
}

// LedgerConfig is what a Ledger needs. Every field is required.
type LedgerConfig struct {
	Store  registry.UsageStore
	Now    func() time.Time
	Rand   io.Reader // for the ids of batches
	Logger *slog.Logger
}

type account struct{ kind, id string }

type batch struct {
	id     string
	at     time.Time
	since  time.Time
	deltas []registry.UsageDelta
}

// NewLedger returns an empty ledger over those parts.
func NewLedger(c LedgerConfig) *Ledger {
	return &Ledger{LedgerConfig: c, pending: map[account]registry.UsageDelta{}, counts: map[account]count{}}
}

// Record takes note of a use. It never waits for the database.
func (l *Ledger) Record(u registry.Use) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.pending) == 0 {
		l.since = l.Now()
	}
	noted := l.add(account{u.Kind, u.ID}, u)
	if u.SecretID != "" && u.Cause == registry.CauseNone {
		noted = l.add(account{registry.CredentialSecret, u.SecretID}, u) && noted
	}
	if !noted {
		l.dropped++
	}
	if u.Cause == registry.CauseNone {
		l.count(u)
	}
}

// add adds a use to what is pending, unless there is no room for it.
func (l *Ledger) add(a account, u registry.Use) bool {
	d, known := l.pending[a]
	if !known && len(l.pending) >= MaxAccounts {
		return false
	}
	d.Kind, d.ID = a.kind, a.id
	switch {
	case u.Cause != registry.CauseNone:
		d.Failures++
	default:
		if u.Counted {
			d.Uses++
		}
		if u.At.After(d.LastUsedAt) {
			d.LastUsedAt, d.LastUsedIP = u.At, told(u.Address, d.LastUsedIP)
		}
	}
	l.pending[a] = d
	return true
}

// told keeps the known address when a use came without one.
func told(now, before netip.Addr) netip.Addr {
	if now.IsValid() {
		return now
	}
	return before
}

// Run flushes about every FlushInterval until ctx is done. What is then
// pending is left for Drain.
func (l *Ledger) Run(ctx context.Context) {
	ticker := time.NewTicker(FlushInterval)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := l.Flush(ctx)
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

// Flush sends the batch whose outcome is not known, if there is one, and then
// what is pending, batch by batch. After an error everything is still there.
func (l *Ledger) Flush(ctx context.Context) error {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	if l.unsure != nil {
		if err := l.send(ctx, l.unsure); err != nil {
			return err
		}
	}
	// What is recorded meanwhile is left for the next flush.
	for left := l.waiting(); left > 0; left -= batchAccounts {
		b, err := l.cut()
		if err != nil {
			return err
		}
		if err := l.send(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func (l *Ledger) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.pending)
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

// cut makes a batch of some of what is pending.
func (l *Ledger) cut() (*batch, error) {
	id, err := registry.NewID(l.Rand, registry.PrefixBatch)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := &batch{id: id, at: l.Now(), since: l.since, deltas: make([]registry.UsageDelta, 0, min(len(l.pending), batchAccounts))}
	for a, d := range l.pending {
		if len(b.deltas) == batchAccounts {
			break
		}
		b.deltas = append(b.deltas, d)
		delete(l.pending, a)
	}
	l.unsure = b
	return b, nil
}

// send adds a batch to the totals, and forgets it once that is certain.
func (l *Ledger) send(ctx context.Context, b *batch) error {
	if err := l.Store.AddUsage(ctx, b.id, b.at, b.deltas); err != nil {
		return fmt.Errorf("add usage: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unsure = nil
	return nil
}

// Lag is the age of the oldest use that is not in the totals yet; 0 for none.
func (l *Ledger) Lag() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.unsure != nil:
		return max(l.Now().Sub(l.unsure.since), 1)
	case len(l.pending) > 0:
		return max(l.Now().Sub(l.since), 1)
	}
	return 0
}

// Dropped is how many uses found no room since the start.
func (l *Ledger) Dropped() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}
