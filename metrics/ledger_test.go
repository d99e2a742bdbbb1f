package metrics_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"log/slog"
	"maps"
	mathrand "math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/metrics"
	"keywright/registry"
)

var (
	noon    = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	here    = netip.MustParseAddr("192.0.2.1")
	there   = netip.MustParseAddr("2001:db8::1")
	acme    = nth(registry.PrefixOrganization, 0)
	errAway = errors.New("the database is away")
)

// nth is the nth id with that prefix.
func nth(prefix string, n int) string {
	var raw registry.RawID
	binary.LittleEndian.PutUint64(raw[:], uint64(n+1))
	return registry.PackID(raw, prefix)
}

func client(n int) string { return nth(registry.PrefixClient, n) }

func secret(n int) string { return nth(registry.PrefixSecretRecord, n) }

// book is a usage store that keeps the promise of registry.UsageStore in
// memory, and can be made to fail before or after it has taken a batch.
type book struct {
	mu      sync.Mutex
	batches map[string][]registry.UsageDelta
	sums    map[sumKey]registry.UsageDelta
	fail    func(call int) (before, after bool)
	calls   int
	changed bool // a known id came with other content
}

// sumKey is what deltas are summed by.
type sumKey struct {
	kind, id string
	cause    registry.Cause
	hour     time.Time
}

func newBook() *book {
	return &book{batches: map[string][]registry.UsageDelta{}, sums: map[sumKey]registry.UsageDelta{}}
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

func (b *book) AgeUsage(context.Context, registry.UsageAge, int) (int64, error) { return 0, nil }

func (b *book) add(d registry.UsageDelta) {
	key := sumKey{d.Kind, d.ID, d.Cause, d.LastAt.Truncate(time.Hour)}
	sum, known := b.sums[key]
	d.Count += sum.Count
	if known && sum.LastAt.After(d.LastAt) {
		d.LastAt, d.LastIP = sum.LastAt, sum.LastIP
	}
	b.sums[key] = d
}

// uses is the sum over all hours.
func (b *book) uses(kind, id string) (n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, sum := range b.sums {
		if key.kind == kind && key.id == id && key.cause == registry.CauseNone {
			n += sum.Count
		}
	}
	return n
}

func newLedger(s registry.UsageStore) *metrics.Ledger {
	return metrics.NewLedger(metrics.LedgerConfig{
		Store: s, Now: func() time.Time { return noon }, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	})
}

func issued(clientID, secretID string, at time.Time) registry.Use {
	return registry.Use{
		Kind: registry.CredentialClient, ID: clientID, OrganizationID: acme, SecretID: secretID, At: at, Address: here, Counted: true,
	}
}

func flush(t *testing.T, l *metrics.Ledger) {
	t.Helper()
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestUsesBecomeDeltas: uses are summed by hour, network, secret and cause, for
// the credential, its secret or key and the organization.
func TestUsesBecomeDeltas(t *testing.T) {
	t.Parallel()
	b := newBook()
	l := newLedger(b)
	next := noon.Add(time.Hour)
	l.Record(issued(client(1), secret(1), noon))
	l.Record(registry.Use{Kind: registry.CredentialClient, ID: client(1), OrganizationID: acme, SecretID: secret(1), At: noon.Add(2 * time.Second), Address: there})
	l.Record(issued(client(1), secret(1), noon.Add(time.Second)))
	l.Record(issued(client(1), secret(1), next))
	l.Record(registry.Use{Kind: registry.CredentialClient, ID: client(1), OrganizationID: acme, SecretID: secret(1), At: next, Address: here, Cause: registry.CauseWrongSecret})
	keyed := issued(client(2), "", noon)
	keyed.KeyID = nth(registry.PrefixClientKey, 2)
	l.Record(keyed)
	l.Record(registry.Use{Kind: registry.CredentialAPIToken, ID: nth(registry.PrefixAPIToken, 3), At: noon, Counted: true})
	l.Record(registry.Use{Kind: registry.CredentialClient, ID: "kwc_none", At: noon, Counted: true})
	flush(t, l)

	later := noon.Add(2 * time.Second)
	want := map[sumKey]registry.UsageDelta{}
	sum := func(kind, id string, count int64, at time.Time, ip netip.Addr) {
		want[sumKey{kind, id, registry.CauseNone, at.Truncate(time.Hour)}] = registry.UsageDelta{
			Kind: kind, ID: id, OrganizationID: acme, Count: count, LastAt: at, LastIP: ip,
		}
	}
	failed := func(kind, id string, ip netip.Addr) {
		want[sumKey{kind, id, registry.CauseWrongSecret, next}] = registry.UsageDelta{
			Kind: kind, ID: id, OrganizationID: acme, Cause: registry.CauseWrongSecret, Count: 1, LastAt: next, LastIP: ip,
		}
	}
	sum(registry.CredentialClient, client(1), 2, later, there)
	sum(registry.CredentialClient, client(1), 1, next, here)
	sum(registry.CredentialSecret, secret(1), 2, later, there)
	sum(registry.CredentialSecret, secret(1), 1, next, here)
	sum(registry.CredentialClient, client(2), 1, noon, here)
	sum(registry.CredentialKey, keyed.KeyID, 1, noon, here)
	sum(registry.UsageOrganization, acme, 3, later, netip.Addr{})
	sum(registry.UsageOrganization, acme, 1, next, netip.Addr{})
	failed(registry.CredentialClient, client(1), here)
	failed(registry.UsageOrganization, acme, netip.Addr{})
	token := sumKey{registry.CredentialAPIToken, nth(registry.PrefixAPIToken, 3), registry.CauseNone, noon}
	want[token] = registry.UsageDelta{Kind: token.kind, ID: token.id, Count: 1, LastAt: noon}
	if diff := cmp.Diff(want, b.sums, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.AllowUnexported(sumKey{})); diff != "" {
		t.Errorf("sums (-want +got)\n%s", diff)
	}
	if got := l.Dropped(); got != 1 {
		t.Errorf("%d uses were dropped, want the one without an id", got)
	}
	networks := map[netip.Prefix]int64{}
	for _, deltas := range b.batches {
		for _, d := range deltas {
			if d.ID == client(1) && d.Cause == registry.CauseNone && d.LastAt.Before(next) {
				networks[registry.NetworkOf(d.LastIP)] += d.Count
			}
		}
	}
	wantNetworks := map[netip.Prefix]int64{netip.MustParsePrefix("192.0.2.0/24"): 2, netip.MustParsePrefix("2001:db8::/48"): 0}
	if !maps.Equal(networks, wantNetworks) {
		t.Errorf("the networks of the first hour are %v, want %v", networks, wantNetworks)
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
				l.Record(issued(client(i%clients), secret(0), noon))
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
		sum += b.uses(registry.CredentialClient, client(i))
	}
	bySecret, byAcme := b.uses(registry.CredentialSecret, secret(0)), b.uses(registry.UsageOrganization, acme)
	if want := int64(recorders * each); sum != want || bySecret != want || byAcme != want {
		t.Errorf("the clients have %d uses, the secret %d and the organization %d, want %d", sum, bySecret, byAcme, want)
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
	l.Record(issued(client(0), secret(0), noon))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Drain(ctx); !errors.Is(err, errAway) {
		t.Errorf("got %v, want what the store said", err)
	}
	if l.Lag() == 0 {
		t.Error("lag is 0 although nothing was written")
	}
}

func TestRunFlushesByItself(t *testing.T) {
	t.Parallel()
	b := newBook()
	l := newLedger(b)
	l.Record(issued(client(0), secret(0), noon))
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	b.fail = func(int) (bool, bool) { cancel(); return false, false }
	go func() { defer close(stopped); l.Run(ctx) }()
	select {
	case <-stopped:
	case <-time.After(30 * time.Second):
		t.Fatal("no flush within 30 s")
	}
	if got := b.uses(registry.CredentialClient, client(0)); got != 1 {
		t.Errorf("got %d uses, want 1", got)
	}
}

// TestEverySecondIsWritten: what a process that is killed forgets is a second
// of use, however long it ran.
func TestEverySecondIsWritten(t *testing.T) {
	t.Parallel()
	if metrics.FlushInterval > time.Second {
		t.Errorf("FlushInterval is %s, want a second at most", metrics.FlushInterval)
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBook()
		l := metrics.NewLedger(metrics.LedgerConfig{
			Store: b, Now: time.Now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go l.Run(ctx)
		time.Sleep(time.Millisecond) // no use falls together with a flush
		for second := range int64(60) {
			l.Record(issued(client(0), secret(0), time.Now()))
			time.Sleep(time.Second)
			synctest.Wait()
			if got := b.uses(registry.CredentialClient, client(0)); got != second+1 || l.Lag() != 0 {
				t.Fatalf("in second %d: %d uses are written, the lag is %s", second, got, l.Lag())
			}
		}
	})
}

// TestManyTakeTurns: however many credentials are in use, what they did is
// written within ten intervals, about as much in each.
func TestManyTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const clients, intervals = 20_000, 30
		b := newBook()
		l := metrics.NewLedger(metrics.LedgerConfig{
			Store: b, Now: time.Now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go l.Run(ctx)
		time.Sleep(time.Millisecond) // no use falls together with a flush
		written := 0
		for i := range intervals {
			for n := range clients {
				l.Record(issued(client(n), "", time.Now()))
			}
			time.Sleep(metrics.FlushInterval)
			synctest.Wait()
			if lag := l.Lag(); lag > 10*metrics.FlushInterval {
				t.Fatalf("after %d intervals the lag is %s", i+1, lag)
			}
			deltas := 0
			for _, batch := range b.batches {
				deltas += len(batch)
			}
			places := (deltas - written) / 2 // each is one of the client and one of the organization
			if written = deltas; places < clients/10 || places > clients/6 {
				t.Errorf("interval %d wrote %d places of %d", i+1, places, clients)
			}
		}
		if err := l.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		for key, sum := range b.sums {
			if key.kind == registry.CredentialClient && sum.Count != intervals {
				t.Fatalf("%s has %d uses, want %d", key.id, sum.Count, intervals)
			}
		}
		if got := b.uses(registry.UsageOrganization, acme); got != clients*intervals {
			t.Errorf("the organization has %d uses, want %d", got, clients*intervals)
		}
	})
}

// TestMuchIsFlushedEarly: when much is pending Run does not wait for the
// interval to end.
func TestMuchIsFlushedEarly(t *testing.T) {
	t.Parallel()
	store := make(arrivals, 1000)
	l := metrics.Limit(newLedger(store), 10_000)
	for i := range 600 {
		l.Record(issued(client(i), "", noon))
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	began := time.Now()
	go func() { defer close(stopped); l.Run(ctx) }()
	select {
	case <-store:
	case <-time.After(30 * time.Second):
		t.Fatal("no flush within 30 s")
	}
	if took := time.Since(began); took >= metrics.FlushInterval {
		t.Errorf("the first batch came after %s, want it before %s", took, metrics.FlushInterval)
	}
	cancel()
	<-stopped
}

// arrivals is a usage store that tells of each batch.
type arrivals chan struct{}

func (a arrivals) AddUsage(context.Context, string, time.Time, []registry.UsageDelta) error {
	a <- struct{}{}
	return nil
}

func (arrivals) AgeUsage(context.Context, registry.UsageAge, int) (int64, error) { return 0, nil }

// TestLag is the age of the oldest use, pending or on its way.
func TestLag(t *testing.T) {
	t.Parallel()
	b := newBook()
	now := noon
	l := metrics.NewLedger(metrics.LedgerConfig{
		Store: b, Now: func() time.Time { return now }, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
	})
	want := func(lag time.Duration) {
		t.Helper()
		if got := l.Lag(); got != lag {
			t.Errorf("the lag is %s, want %s", got, lag)
		}
	}
	want(0)
	l.Record(issued(client(0), "", noon))
	now = noon.Add(time.Second)
	l.Record(issued(client(1), "", now))
	now = noon.Add(3 * time.Second)
	want(3 * time.Second)
	b.fail = func(call int) (bool, bool) { return call == 1, false }
	if err := l.Flush(t.Context()); err == nil {
		t.Fatal("the flush did not fail")
	}
	l.Record(issued(client(0), "", now))
	now = noon.Add(5 * time.Second)
	want(5 * time.Second)
	flush(t, l)
	want(0)
}

func BenchmarkRecord(b *testing.B) {
	l := newLedger(newBook())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		u := issued(client(mathrand.IntN(1000)), secret(0), noon) // a goroutine is a client
		for pb.Next() {
			l.Record(u)
		}
	})
}
