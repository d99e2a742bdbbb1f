package registry_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

// keyed is a key that becomes active so long after noon.
func keyed(id string, active time.Duration) registry.Key {
	return registry.Key{ID: id, Purpose: registry.KeySigning, ActiveFrom: keyNoon.Add(active)}
}

var keyNoon = time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)

func TestKeyStates(t *testing.T) {
	t.Parallel()
	const (
		next, active, retiring, gone = registry.KeyNext, registry.KeyActive, registry.KeyRetiring, registry.KeyGone
		hour                         = time.Hour
		life                         = registry.MaxTokenTTL + registry.KeyLead
	)
	type states = map[string]registry.KeyState
	one := []registry.Key{keyed("a", 0)}
	three := []registry.Key{keyed("c", 48*hour), keyed("a", 0), keyed("b", hour)} // in any order
	for _, c := range []struct {
		name string
		keys []registry.Key
		at   time.Duration
		want states
	}{
		{"one key is active", one, 0, states{"a": active}},
		{"for ever", one, 1e6 * hour, states{"a": active}},
		{"before its time, too", one, -hour, states{"a": active}},
		{"three, at first", three, 0, states{"a": active, "b": next, "c": next}},
		{"just before the second", three, hour - 1, states{"a": active, "b": next, "c": next}},
		{"the second", three, hour, states{"a": retiring, "b": active, "c": next}},
		{"just before the first is gone", three, hour + life - 1, states{"a": retiring, "b": active, "c": next}},
		{"the first is gone", three, hour + life, states{"a": gone, "b": active, "c": next}},
		{"the third", three, 48 * hour, states{"a": gone, "b": retiring, "c": active}},
		{"the second is gone", three, 48*hour + life, states{"a": gone, "b": gone, "c": active}},
		{"two from the same moment", []registry.Key{keyed("a", 0), keyed("b", 0)}, 0, states{"a": retiring, "b": active}},
	} {
		got := states{}
		for _, l := range registry.KeyLives(c.keys) {
			got[l.ID] = l.StateAt(keyNoon.Add(c.at))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestKeyLeadCoversWhatItMust holds the arithmetic of the rules in key_state.go.
func TestKeyLeadCoversWhatItMust(t *testing.T) {
	t.Parallel()
	// The verifier with the oldest copy got it from the replica with the oldest copy.
	if slack := registry.KeyLead - registry.KeyCopyMaxAge - registry.KeySetMaxAge; slack < registry.KeyClockMargin {
		t.Errorf("a verifier may miss a key that is in use: %s are left for clocks that differ", slack)
	}
	// The last token under a retiring key: by a replica that has not noticed and
	// whose clock is behind, looked at by one whose clock is ahead.
	lives := registry.KeyLives([]registry.Key{keyed("a", 0), keyed("b", time.Hour)})
	last := lives[1].ActiveFrom.Add(registry.KeyCopyMaxAge + registry.KeyClockMargin + registry.MaxTokenTTL)
	if lives[0].StateAt(last.Add(registry.KeyClockMargin)) != registry.KeyRetiring {
		t.Error("a key is gone before its last token has expired")
	}
}

func TestKeySchedule(t *testing.T) {
	t.Parallel()
	s := registry.KeySchedule{Purpose: registry.KeySigning, Algorithm: "ES256", Lifetime: 24 * time.Hour}
	fresh := registry.Key{ID: "fresh", Algorithm: "ES256"}
	made := func(active time.Duration, at time.Duration) []registry.Key {
		k := fresh
		k.CreatedAt, k.ActiveFrom = keyNoon.Add(at), keyNoon.Add(active)
		return []registry.Key{k}
	}
	const hour = time.Hour
	foreign := registry.Key{ID: "b", Algorithm: "RS256", ActiveFrom: keyNoon.Add(hour)}
	pair := []registry.Key{keyed("a", 0), keyed("b", hour)}
	longGone := hour + registry.MaxTokenTTL + registry.KeyLead + 24*hour
	for _, c := range []struct {
		name string
		ask  func([]registry.Key, registry.Key, time.Time) registry.KeyChange
		keys []registry.Key
		at   time.Duration
		want registry.KeyChange
	}{
		{"the first key is active at once", s.Due, nil, 0, registry.KeyChange{Put: made(0, 0)}},
		{"a next one behind it", s.Due, pair[:1], 0, registry.KeyChange{Put: made(24*hour, 0)}},
		{"nothing while one stands ready", s.Due, pair, hour - 1, registry.KeyChange{}},
		{"another when it takes over", s.Due, pair, hour, registry.KeyChange{Put: made(25*hour, hour)}},
		{"after a long pause not without its lead", s.Due, pair, 100 * hour, registry.KeyChange{Put: made(100*hour+registry.KeyLead, 100*hour), Drop: []string{"a"}}},
		{"what is gone is kept for a while", s.Due, append(made(1e4*hour, 0), pair...), longGone - 1, registry.KeyChange{}},
		{"and then deleted", s.Due, append(made(1e4*hour, 0), pair...), longGone, registry.KeyChange{Drop: []string{"a"}}},
		{"a next key of another algorithm", s.ChangeAlgorithm, []registry.Key{keyed("a", 0), foreign}, 0, registry.KeyChange{Put: made(hour, 0), Drop: []string{"b"}}},
		{"is left when it is about to be used", s.ChangeAlgorithm, []registry.Key{keyed("a", 0), foreign}, hour - registry.KeyLead, registry.KeyChange{}},
		{"or is used", s.ChangeAlgorithm, []registry.Key{keyed("a", 0), foreign}, hour, registry.KeyChange{}},
		{"one of the same algorithm is left", registry.KeySchedule{Algorithm: "RS256"}.ChangeAlgorithm, []registry.Key{keyed("a", 0), foreign}, 0, registry.KeyChange{}},
	} {
		if diff := cmp.Diff(c.want, c.ask(c.keys, fresh, keyNoon.Add(c.at))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
