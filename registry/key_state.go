package registry

import (
	"cmp"
	"slices"
	"time"
)

// The keys of access tokens, those that sign and those that seal, are replaced
// again and again: next → active → retiring → gone. Where a key stands follows
// from the times of all keys of its purpose; nothing flips a flag.
//
// Several replicas, whose clocks differ, and verifiers that keep a copy of the
// published keys must agree all the while. Four rules see to that:
//
//  1. A key is stored, and published, at least KeyLead before its first use.
//  2. A replica works with a copy of the keys that is at most KeyCopyMaxAge
//     old. With an older one it makes no token, calls no token's key unknown,
//     and lets nobody cache what it publishes.
//  3. What is published may be kept for KeySetMaxAge.
//  4. A key is accepted for as long as a token that was made under it may
//     live, and KeyLead more.
//
// So a verifier whose copy lacks a key got it, by 2, at most KeyCopyMaxAge
// after the key was stored, and drops it, by 3, KeySetMaxAge later; which is,
// by 1, KeyClockMargin before the key's first use by whichever clock. Another
// replica whose copy lacks the key is too old by then to say that it is
// unknown. And the last token under a key that retires is made by a replica
// that has not noticed, at most KeyCopyMaxAge and KeyClockMargin later.
const (
	// KeySetMaxAge is how long verifiers may keep the published keys.
	KeySetMaxAge = 5 * time.Minute
	// KeyCopyMaxAge is how long a replica may work with the keys as it read them.
	KeyCopyMaxAge = time.Minute
	// KeyClockMargin is by how much the clocks of two replicas may differ, and
	// a commit be late.
	KeyClockMargin = time.Minute
	// KeyLead is how long before its first use a key is stored at the latest.
	KeyLead = KeyCopyMaxAge + KeySetMaxAge + KeyClockMargin

	// goneKeyKept is how long a key is shown after it is gone.
	goneKeyKept = 24 * time.Hour
)

// KeyState is where a key of access tokens stands.
type KeyState string

// The states, in their order.
const (
	KeyNext     KeyState = "next"     // published and accepted, not used yet
	KeyActive   KeyState = "active"   // new tokens are made under it
	KeyRetiring KeyState = "retiring" // still accepted: tokens made under it may live
	KeyGone     KeyState = "gone"     // neither published nor accepted
)

// KeyLife is a key among the others of its purpose.
type KeyLife struct {
	Key
	RetiresAt time.Time // when the next one takes over; zero: none stands ready
	GoneAt    time.Time // when its last token has expired; zero as RetiresAt is

	first bool
}

// KeyLives returns the lives of the keys of one purpose, in the order of their use.
func KeyLives(keys []Key) []KeyLife {
	lives := make([]KeyLife, len(keys))
	for i, k := range keys {
		lives[i].Key = k
	}
	slices.SortFunc(lives, func(a, b KeyLife) int {
		return cmp.Or(a.ActiveFrom.Compare(b.ActiveFrom), cmp.Compare(a.ID, b.ID))
	})
	for i := range lives {
		lives[i].first = i == 0
		if i > 0 {
			lives[i-1].RetiresAt = lives[i].ActiveFrom
			lives[i-1].GoneAt = lives[i].ActiveFrom.Add(MaxTokenTTL + KeyLead)
		}
	}
	return lives
}

// StateAt returns the state at that moment. The first key of all is never
// next: whatever the clock, there is no other to use.
func (l KeyLife) StateAt(now time.Time) KeyState {
	switch {
	case !l.GoneAt.IsZero() && !now.Before(l.GoneAt):
		return KeyGone
	case !l.RetiresAt.IsZero() && !now.Before(l.RetiresAt):
		return KeyRetiring
	case l.first || !now.Before(l.ActiveFrom):
		return KeyActive
	}
	return KeyNext
}
