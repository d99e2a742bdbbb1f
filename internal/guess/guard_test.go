package guess

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"keywright/registry"
)

func newTestGuard() (*Guard, *time.Time) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return NewGuard(func() time.Time { return now }), &now
}

func host(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}

func attempt(name, text string, address netip.Addr) registry.Attempt {
	credential, ok := registry.ParseSecretText(registry.PrefixClientSecret, text)
	return registry.Attempt{Name: name, Credential: credential, Address: address, Hopeless: !ok}
}

// plausible is an attempt whose credential could be right.
func plausible(name string) registry.Attempt {
	a := attempt(name, "kws_"+name, host(1))
	a.Hopeless = false
	return a
}

// slowedAfter counts the wrong attempts before one is slowed down.
func slowedAfter(t *testing.T, g *Guard, next func(i int) registry.Attempt) int {
	t.Helper()
	for i := range 10 * globalPace.Burst {
		if after := g.Wrong(next(i)); after != 0 {
			if after < 0 {
				t.Errorf("slowed down for %s", after)
			}
			return i
		}
	}
	t.Fatal("never slowed down")
	return 0
}

// exhaust uses the global budget up, with strangers.
func exhaust(t *testing.T, g *Guard) {
	t.Helper()
	slowedAfter(t, g, func(i int) registry.Attempt { return attempt(fmt.Sprint("stranger ", i), "x", host(i)) })
}

func TestWrongIsSlowedDown(t *testing.T) {
	t.Parallel()
	v6 := netip.MustParseAddr("2001:db8::").As16()
	for name, tc := range map[string]struct {
		next func(i int) registry.Attempt
		want int
	}{
		"one name, one address": {func(i int) registry.Attempt { return attempt("a", fmt.Sprint(i), host(1)) }, pairPace.Burst},
		"one IPv6 network": {func(i int) registry.Attempt {
			v6[15] = byte(i)
			return attempt("a", "x", netip.AddrFrom16(v6))
		}, pairPace.Burst},
		"no address":     {func(int) registry.Attempt { return attempt("a", "x", netip.Addr{}) }, pairPace.Burst},
		"many names":     {func(i int) registry.Attempt { return attempt(fmt.Sprint(i), "x", host(1)) }, globalPace.Burst},
		"many addresses": {func(i int) registry.Attempt { return attempt("a", "x", host(i)) }, globalPace.Burst},
	} {
		g, now := newTestGuard()
		if got := slowedAfter(t, g, tc.next); got != tc.want {
			t.Errorf("%s: slowed down after %d, want %d", name, got, tc.want)
		}
		after := g.Wrong(tc.next(0))
		*now = now.Add(after)
		if again := g.Wrong(tc.next(0)); again != 0 {
			t.Errorf("%s: told to wait %s, and then %s more", name, after, again)
		}
		if g.Wrong(tc.next(0)) == 0 {
			t.Errorf("%s: two came back where there was to be one", name)
		}
	}
}

// TestOneLoopSlowsNobodyElse repeats one wrong attempt for ever.
func TestOneLoopSlowsNobodyElse(t *testing.T) {
	t.Parallel()
	g, _ := newTestGuard()
	for range 10 * globalPace.Burst {
		g.Wrong(attempt("loop", "x", host(1)))
	}
	for _, other := range []registry.Attempt{attempt("loop", "x", host(2)), attempt("other", "x", host(1))} {
		if g.strained(other) {
			t.Errorf("%s from %s has to wait", other.Name, other.Address)
		}
		if after := g.Wrong(other); after != 0 {
			t.Errorf("%s from %s is slowed down for %s", other.Name, other.Address, after)
		}
	}
}

func TestWrongAtOnce(t *testing.T) {
	t.Parallel()
	g, _ := newTestGuard()
	var all sync.WaitGroup
	passed := make(chan struct{}, 4*pairPace.Burst)
	for range cap(passed) {
		all.Go(func() {
			if g.Wrong(attempt("a", "x", host(1))) == 0 {
				passed <- struct{}{}
			}
		})
	}
	all.Wait()
	if got := len(passed); got != pairPace.Burst {
		t.Errorf("%d of %d at once were not slowed down, want %d", got, cap(passed), pairPace.Burst)
	}
}

// fill takes every place in the lane.
func fill(t *testing.T, g *Guard) (leave []func()) {
	t.Helper()
	for i := range laneWidth {
		l, err := g.Enter(t.Context(), plausible(fmt.Sprint("guess ", i)))
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	return leave
}

func TestLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, _ := newTestGuard()
		g.Proved(plausible("proved"))
		for range 10 * laneWidth {
			if _, err := g.Enter(t.Context(), plausible("anybody")); err != nil {
				t.Fatal("there is a lane in quiet times:", err)
			}
		}
		exhaust(t, g)
		leave := fill(t, g)
		for range 10 {
			if _, err := g.Enter(t.Context(), plausible("proved")); err != nil {
				t.Error("what was right lately has to wait:", err)
			}
		}

		started := time.Now()
		if _, err := g.Enter(t.Context(), plausible("waits too long")); err == nil || time.Since(started) != laneWait {
			t.Errorf("a full lane: got %v after %s, want an error after %s", err, time.Since(started), laneWait)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := g.Enter(gone, plausible("went away")); err == nil {
			t.Error("who went away enters")
		}

		time.AfterFunc(laneWait/2, leave[0])
		started = time.Now()
		last, err := g.Enter(t.Context(), plausible("waits"))
		if err != nil || time.Since(started) != laneWait/2 {
			t.Errorf("its turn came after %s, %v, want %s", time.Since(started), err, laneWait/2)
		}
		last()
		for _, l := range leave[1:] {
			l()
		}
		if len(g.lane) != 0 {
			t.Errorf("%d are left in the lane", len(g.lane))
		}
	})
}

// TestLaneOfOnePair is about a guesser at one client whom the global budget
// does not notice.
func TestLaneOfOnePair(t *testing.T) {
	t.Parallel()
	g, _ := newTestGuard()
	mine := plausible("a")
	slowedAfter(t, g, func(int) registry.Attempt { return mine })
	if !g.strained(mine) {
		t.Error("the guesser does not have to wait")
	}
	g.Proved(mine)
	if g.strained(mine) {
		t.Error("what was right lately has to wait")
	}
	g.Wrong(mine)
	if !g.strained(mine) {
		t.Error("what is right no more does not have to wait")
	}
}

// TestOneTimeCredentials are recognised by who sends them.
func TestOneTimeCredentials(t *testing.T) {
	t.Parallel()
	g, _ := newTestGuard()
	exhaust(t, g)
	from := func(name string, address netip.Addr) registry.Attempt {
		return registry.Attempt{Name: name, Address: address}
	}
	g.Proved(from("a", host(1)))
	for _, tc := range []struct {
		attempt registry.Attempt
		want    bool
	}{
		{from("a", host(1)), false}, {from("a", host(2)), true}, {from("b", host(1)), true}, {plausible("a"), true},
	} {
		if got := g.strained(tc.attempt); got != tc.want {
			t.Errorf("%s from %s: has to wait: %t, want %t", tc.attempt.Name, tc.attempt.Address, got, tc.want)
		}
	}
}

// BenchmarkGuard is what a right credential pays.
func BenchmarkGuard(b *testing.B) {
	g := NewGuard(time.Now)
	right := plausible("kwc_0123456789abcdef0123456789")
	for b.Loop() {
		leave, err := g.Enter(b.Context(), right)
		if err != nil {
			b.Fatal(err)
		}
		leave()
		g.Proved(right)
	}
}

func TestHopeless(t *testing.T) {
	t.Parallel()
	g, _ := newTestGuard()
	hopeless := attempt("a", "no secret", host(1))
	leave, err := g.Enter(t.Context(), hopeless)
	if err != nil {
		t.Fatal("in quiet times:", err)
	}
	leave()
	exhaust(t, g)
	if _, err := g.Enter(t.Context(), hopeless); err == nil || len(g.lane) != 0 {
		t.Errorf("it is looked up: %v, with %d in the lane", err, len(g.lane))
	}
}

// TestGuessMemoryIsBounded lets 250,000 names guess from as many addresses,
// and as many credentials be right; a million in a soak run.
func TestGuessMemoryIsBounded(t *testing.T) {
	t.Parallel()
	n := 250_000
	if os.Getenv("SOAK") == "1" {
		n = 1_000_000
	}
	g, _ := newTestGuard()
	for i := range n {
		g.Wrong(attempt(fmt.Sprint(i), "x", host(i)))
		g.Proved(attempt(fmt.Sprint(i), "y", host(i)))
	}
	if got := g.pairs.Len(); got > 2*maxPairs {
		t.Errorf("%d pairs are kept, want at most %d", got, 2*maxPairs)
	}
	if got := g.proved.Len(); got > 2*maxProved {
		t.Errorf("%d credentials are kept, want at most %d", got, 2*maxProved)
	}
}
