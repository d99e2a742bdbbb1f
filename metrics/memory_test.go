package metrics_test

import (
	"context"
	"maps"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"keywright/metrics"
	"keywright/registry"
)

// maxHeap is what the documentation of Ledger promises.
const maxHeap = 400 << 20

// sums is a usage store that adds up what it gets by kind, and keeps nothing else.
type sums map[string]int64

func (s sums) AddUsage(_ context.Context, _ string, _ time.Time, deltas []registry.UsageDelta) error {
	for _, d := range deltas {
		if d.Cause == registry.CauseNone {
			s[d.Kind] += d.Count
		}
	}
	return nil
}

func (sums) AgeUsage(context.Context, registry.UsageAge, int) (int64, error) { return 0, nil }

// heap is what is in use after collecting garbage.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestSoakMillionCredentials lets as many credentials as there are places be used
// before anything is flushed, each with a secret: nothing is lost, and the
// memory stays within its bound. Unless SOAK=1 it is a fifth of them, and of
// the bound. It is not parallel, because it looks at the heap of the process.
func TestSoakMillionCredentials(t *testing.T) {
	credentials, bound := metrics.MaxPending, int64(maxHeap)
	if os.Getenv("SOAK") != "1" {
		credentials, bound = credentials/5, bound/5
	}
	store := sums{}
	before := heap()
	l := newLedger(store)
	for i := range credentials {
		l.Record(issued(client(i), secret(i), noon))
	}
	held := heap() - before
	t.Logf("%d credentials and their secrets take %d MB", credentials, held>>20)
	if held > bound {
		t.Errorf("the ledger holds %d MB, want at most %d", held>>20, bound>>20)
	}
	flush(t, l)
	want := sums{registry.CredentialClient: int64(credentials), registry.CredentialSecret: int64(credentials), registry.UsageOrganization: int64(credentials)}
	if !maps.Equal(store, want) || l.Dropped() != 0 {
		t.Errorf("written %v and dropped %d, want %v", store, l.Dropped(), want)
	}
	if left := heap() - before; left > held/2 {
		t.Errorf("%d of %d MB are held after everything was written", left>>20, held>>20)
	}
}

// TestPlacesAreBounded: beyond the bound a credential that is known is still
// counted, and another is when there is room again.
func TestPlacesAreBounded(t *testing.T) {
	t.Parallel()
	const places = 1000
	store := sums{}
	l := metrics.Limit(newLedger(store), places)
	for i := range places + 10 {
		l.Record(issued(client(i), "", noon))
	}
	l.Record(issued(client(0), "", noon)) // has its place
	if got := l.Dropped(); got != 10 {
		t.Errorf("%d uses were dropped beyond the bound, want 10", got)
	}
	flush(t, l)
	l.Record(issued(client(places), "", noon))
	flush(t, l)
	if got := store[registry.CredentialClient]; got != places+2 || l.Dropped() != 10 {
		t.Errorf("%d uses were written and %d dropped, want %d and 10", got, l.Dropped(), places+2)
	}
}

// addressIn returns an address of the nth network.
func addressIn(n int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, byte(n >> 16), byte(n >> 8), byte(n)})
}

// TestNetworksGoFirst: where places become few, a use from another network
// needs none of its own.
func TestNetworksGoFirst(t *testing.T) {
	t.Parallel()
	const places = 1000
	store := sums{}
	l := metrics.Limit(newLedger(store), places)
	use := issued(client(0), "", noon)
	for i := range 2 * places {
		use.Address = addressIn(i)
		l.Record(use)
	}
	l.Record(issued(client(1), "", noon))
	flush(t, l)
	if got := store[registry.CredentialClient]; got != 2*places+1 || l.Dropped() != 0 {
		t.Errorf("%d uses were written and %d dropped, want %d and 0", got, l.Dropped(), 2*places+1)
	}
}
