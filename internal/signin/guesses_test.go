package signin

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"keywright/internal/guess"
	"keywright/internal/web"
)

func newTestGuesses() (*Guesses, *time.Time) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return NewGuesses(func() time.Time { return now }), &now
}

func host(n int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}) }

// refusedAfter tries until it is refused, and returns how often it was not.
func refusedAfter(t *testing.T, try func(i int) error) int {
	t.Helper()
	for i := range 1000 {
		err := try(i)
		if slow, ok := errors.AsType[*web.SlowDownError](err); ok {
			if slow.After <= 0 {
				t.Errorf("refused for %s", slow.After)
			}
			return i
		}
	}
	t.Fatal("never refused")
	return 0
}

func TestGuessesAreSlowedByEach(t *testing.T) {
	t.Parallel()
	v6 := netip.MustParseAddr("2001:db8::").As16()
	for name, tc := range map[string]struct {
		account func(i int) string
		address func(i int) netip.Addr
		burst   int
	}{
		"one pair":       {func(int) string { return "a" }, func(int) netip.Addr { return host(1) }, pairPace.Burst},
		"many addresses": {func(int) string { return "a" }, host, accountPace.Burst},
		"many accounts":  {func(i int) string { return fmt.Sprint(i) }, func(int) netip.Addr { return host(1) }, addressPace.Burst},
		"one IPv6 network": {func(i int) string { return fmt.Sprint(i) }, func(i int) netip.Addr {
			v6[15] = byte(i)
			return netip.AddrFrom16(v6)
		}, addressPace.Burst},
		"other spellings": {func(i int) string { return []string{"a", " A"}[i%2] }, func(int) netip.Addr { return host(1) }, pairPace.Burst},
	} {
		g, now := newTestGuesses()
		if got := refusedAfter(t, func(i int) error { return g.Try(tc.account(i), tc.address(i)) }); got != tc.burst {
			t.Errorf("%s: refused after %d tries, want %d", name, got, tc.burst)
		}
		*now = now.Add(time.Hour)
		if err := g.Try(tc.account(0), tc.address(0)); err != nil {
			t.Errorf("%s: refused an hour later: %v", name, err)
		}
	}
}

// TestStrangersDoNotLockOut lets the whole world guess at an account.
func TestStrangersDoNotLockOut(t *testing.T) {
	t.Parallel()
	g, _ := newTestGuesses()
	g.Succeeded("a", host(1))
	refusedAfter(t, func(i int) error { return g.Try("a", host(i+2)) })
	if err := g.Try("a", host(1)); err != nil {
		t.Errorf("where its owner signed in before: %v", err)
	}
	if err := g.Try("a", host(999)); err == nil {
		t.Error("a stranger is not slowed down")
	}
}

func TestGuessesAtOnce(t *testing.T) {
	t.Parallel()
	g, _ := newTestGuesses()
	var all sync.WaitGroup
	passed := make(chan struct{}, 100)
	for range cap(passed) {
		all.Go(func() {
			if g.Try("a", host(1)) == nil {
				passed <- struct{}{}
			}
		})
	}
	all.Wait()
	if got := len(passed); got != pairPace.Burst {
		t.Errorf("%d of 100 tries at once passed, want %d", got, pairPace.Burst)
	}
}

func TestGuessesForgetTheOldest(t *testing.T) {
	t.Parallel()
	g, _ := newTestGuesses()
	g.Succeeded("watched", host(1))
	for i := range 3 * maxTries {
		_ = g.Try(fmt.Sprint(i), netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))
		if i%(maxTries/2) == 0 {
			_ = g.Try("watched", host(1))
		}
	}
	if _, good := g.good.Get(guess.KeyOf("watched", guess.Network(host(1)))); !good {
		t.Error("what was asked for now and then is forgotten")
	}
	for _, budgets := range []*guess.Budgets{g.addresses, g.accounts, g.pairs} {
		if n := budgets.Len(); n > 2*maxTries {
			t.Errorf("%d entries are kept, want at most %d", n, 2*maxTries)
		}
	}
}
