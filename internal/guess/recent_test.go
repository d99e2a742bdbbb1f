package guess

import (
	"net/netip"
	"testing"
	"time"
)

func TestRecentForgetsTheOldest(t *testing.T) {
	t.Parallel()
	r := NewRecent[int](10)
	r.Put(1, 100)
	r.Put(2, 200)
	for k := range Key(1000) {
		r.Put(1000+k, 0)
		if v, ok := r.Get(1); !ok || v != 100 {
			t.Fatalf("what is asked for is forgotten after %d", k)
		}
		if r.Len() > 20 {
			t.Fatalf("%d keys are kept, want at most 20", r.Len())
		}
	}
	if _, ok := r.Get(2); ok {
		t.Error("what nobody asked for is still known")
	}
	r.Forget(1)
	if _, ok := r.Get(1); ok {
		t.Error("it is not forgotten")
	}
}

func TestKeyOf(t *testing.T) {
	t.Parallel()
	first, again := KeyOf("a", "b"), KeyOf("a", "b")
	if first != again {
		t.Error("the same texts have different keys")
	}
	keys := map[Key]bool{}
	for _, texts := range [][]string{{}, {""}, {"a"}, {"a", ""}, {"", "a"}, {"a", "b"}, {"ab"}, {"b", "a"}} {
		keys[KeyOf(texts...)] = true
	}
	if len(keys) != 8 {
		t.Errorf("8 texts have %d keys", len(keys))
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::": "2001:db8:1:2::/64",
	} {
		if got := Network(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if Network(netip.Addr{}) == "" {
		t.Error("no address has no name")
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := NewBudget(Pace{Burst: 2, Every: time.Minute})
	for i, want := range []bool{true, true, false} {
		if got := b.Take(now); got != want {
			t.Errorf("take %d: got %t", i, got)
		}
	}
	if got := b.Next(now.Add(20 * time.Second)); got.Round(time.Millisecond) != 40*time.Second {
		t.Errorf("the next is in %s, want 40s", got)
	}
	if now = now.Add(time.Minute); b.Next(now) != 0 || !b.Take(now) || b.Take(now) {
		t.Error("after a minute there is not exactly one")
	}
}
