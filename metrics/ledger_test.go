package metrics_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/metrics"
	"keywright/registry"
)

var (
	noon    = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	here    = netip.MustParseAddr("192.0.2.1")
	there   = netip.MustParseAddr("2001:db8::1")
	errAway = errors.New("the database is away")
)

// book is a usage store that keeps the promise of registry.UsageStore in
// memory, and can be made to fail before or after it has taken a batch.
type book struct {
	mu      sync.Mutex
	batches map[string][]registry.UsageDelta
	totals  map[string]registry.UsageDelta // by kind and id
	fail    func(call int) (before, after bool)
	calls   int
	changed bool // a known id came with other content
}

func newBook() *book {
	return &book{batches: map[string][]registry.UsageDelta{}, totals: map[string]registry.UsageDelta{}}
}

func (b *book) AddUsage(_ context.Context, id string, _ time.Time, deltas []registry.UsageDelta) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls++
	before, after := false, false
	if b.fail != nil {
		before, after = b.fail(b.calls)
	}
	if before {
		return errAway
	}
	if known, ok := b.batches[id]; ok {
		b.changed = b.changed || !reflect.DeepEqual(known, deltas)
	} else {
		b.batches[id] = slices.Clone(deltas)
		for _, d := range deltas {
			b.add(d)
		}
	}
	if after {
		return errAway
	}
	return nil
}

func (b *book) add(d registry.UsageDelta) {
	key := d.Kind + " " + d.ID
	t := b.totals[key]
	t.Kind, t.ID = d.Kind, d.ID
	t.Uses += d.Uses
	t.Failures += d.Failures
	if d.LastUsedAt.After(t.LastUsedAt) {
		t.LastUsedAt, t.LastUsedIP = d.LastUsedAt, d.LastUsedIP
	}
	b.totals[key] = t
}

func newLedger(b *book) *metrics.Ledger {
	return metrics.NewLedger(metrics.LedgerConfig{
		Store: b, Now: func() time.Time { return noon }, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	})
}

func issued(client, secret string, at time.Time) registry.Use {
	return registry.Use{Kind: registry.CredentialClient, ID: client, SecretID: secret, At: at, Address: here, Counted: true}
}

func TestUsesBecomeTotals(t *testing.T) {
	t.Parallel()
	b := newBook()
	l := newLedger(b)
	l.Record(issued("c", "s", noon))
	l.Record(registry.Use{Kind: registry.CredentialClient, ID: "c", SecretID: "s", At: noon.Add(2 * time.Second), Address: there})
	l.Record(issued("c", "s", noon.Add(time.Second)))
	l.Record(registry.Use{Kind: registry.CredentialClient, ID: "c", At: noon.Add(time.Hour), Address: here, Cause: registry.CauseWrongSecret})
	l.Record(registry.Use{Kind: registry.CredentialAPIToken, ID: "t", At: noon, Counted: true})
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := noon.Add(2 * time.Second)
	want := map[string]registry.UsageDelta{
		"client c":    {Kind: "client", ID: "c", Uses: 2, Failures: 1, LastUsedAt: later, LastUsedIP: there},
		"secret s":    {Kind: "secret", ID: "s", Uses: 2, LastUsedAt: later, LastUsedIP: there},
		"api_token t": {Kind: "api_token", ID: "t", Uses: 1, LastUsedAt: noon},
	}
	if diff := cmp.Diff(want, b.totals, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("totals (-want +got)\n%s", diff)
	}
}

func TestNothingPendingSendsNothing(t *testing.T) {
	t.Parallel()
	b := newBook()
	if err := newLedger(b).Flush(t.Context()); err != nil || b.calls != 0 {
		t.Errorf("got %v after %d calls, want none", err, b.calls)
	}
}

// TestExactWhileFlushesFail records from several goroutines while others flush
// and the store fails, half of the time after it has taken the batch.
func TestExactWhileFlushesFail(t *testing.T) {
	t.Parallel()
	const recorders, each, clients = 8, 5000, 7
	b := newBook()
	b.fail = func(call int) (bool, bool) { return call%4 == 1, call%4 == 3 }
	l := newLedger(b)

	done := make(chan struct{})
	var flushers, recording sync.WaitGroup
	for range 2 {
		flushers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_ = l.Flush(t.Context()) // fails as arranged
				}
			}
		})
	}
	for range recorders {
		recording.Go(func() {
			for i := range each {
				l.Record(issued(fmt.Sprint(i%clients), "s", noon))
			}
		})
	}
	recording.Wait()
	close(done)
	flushers.Wait()
	if err := l.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}

	var sum int64
	for i := range clients {
		sum += b.totals[fmt.Sprint("client ", i)].Uses
	}
	if want := int64(recorders * each); sum != want || b.totals["secret s"].Uses != want {
		t.Errorf("clients have %d uses and the secret %d, want %d", sum, b.totals["secret s"].Uses, want)
	}
	if b.changed {
		t.Error("a batch was sent again with other content")
	}
	if lag := l.Lag(); lag != 0 {
		t.Errorf("lag is %s after everything was written", lag)
	}
}

func TestDrainGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	b := newBook()
	b.fail = func(int) (bool, bool) { return true, false }
	l := newLedger(b)
	l.Record(issued("c", "s", noon))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Drain(ctx); !errors.Is(err, errAway) {
		t.Errorf("got %v, want what the store said", err)
	}
	if l.Lag() == 0 {
		t.Error("lag is 0 although nothing was written")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	b := newBook()
	l := newLedger(b)
	const more = 10
	for i := range metrics.MaxAccounts + more {
		l.Record(issued(fmt.Sprint(i), "", noon))
	}
	l.Record(issued("0", "", noon)) // one that is known already
	if got := l.Dropped(); got != more {
		t.Errorf("%d uses were dropped, want %d", got, more)
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(b.totals); got != metrics.MaxAccounts {
		t.Errorf("%d credentials were written, want %d", got, metrics.MaxAccounts)
	}
	if got := b.totals["client 0"].Uses; got != 2 {
		t.Errorf("the known credential has %d uses, want 2", got)
	}
}

func TestRunFlushesByItself(t *testing.T) {
	t.Parallel()
	b := newBook()
	l := newLedger(b)
	l.Record(issued("c", "s", noon))
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	b.fail = func(int) (bool, bool) { cancel(); return false, false }
	go func() { defer close(stopped); l.Run(ctx) }()
	select {
	case <-stopped:
	case <-time.After(30 * time.Second):
		t.Fatal("no flush within 30 s")
	}
	if got := b.totals["client c"].Uses; got != 1 {
		t.Errorf("got %d uses, want 1", got)
	}
}

func BenchmarkRecord(b *testing.B) {
	l := newLedger(newBook())
	u := issued("kwc_00000000000000000000000000", "sec_00000000000000000000000000", noon)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Record(u)
		}
	})
}
