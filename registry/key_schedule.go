package registry

import (
	"slices"
	"time"
)

// maxRetiringKeys is how many keys may retire at once. Verifiers load all of
// them, and a key is not to be rotated out of existence by who repeats it.
const maxRetiringKeys = 10

// KeySchedule says how the keys of one purpose are replaced. Its methods say
// what has to change; they are asked again under the lock of the change, so
// that of replicas that notice together one makes the new key.
type KeySchedule struct {
	Purpose   KeyPurpose
	Algorithm string        // of new keys
	Lifetime  time.Duration // for which a key is active; more than KeyLead
	// Make returns a new key of that purpose and algorithm, not stored yet and
	// without times.
	Make func() (Key, error)
}

// Due returns what has to change at that moment: the first key is made, which
// is active at once, or the next one when none stands ready, and those long
// gone are deleted. fresh is the key to put there if one is needed.
func (s KeySchedule) Due(standing []Key, fresh Key, now time.Time) KeyChange {
	var c KeyChange
	lives := KeyLives(standing)
	for _, l := range lives {
		if l.StateAt(now.Add(-goneKeyKept)) == KeyGone {
			c.Drop = append(c.Drop, l.ID)
		}
	}
	if len(lives) == 0 {
		c.put(fresh, now, now)
	} else if last := lives[len(lives)-1]; last.StateAt(now) != KeyNext {
		c.put(fresh, now, later(last.ActiveFrom.Add(s.Lifetime), now.Add(KeyLead)))
	}
	return c
}

// ChangeAlgorithm replaces a next key of another algorithm, unless it is about
// to be used. The new one becomes active when the old one would have.
func (s KeySchedule) ChangeAlgorithm(standing []Key, fresh Key, now time.Time) KeyChange {
	var c KeyChange
	for _, l := range KeyLives(standing) {
		if l.StateAt(now) == KeyNext && l.Algorithm != s.Algorithm && l.ActiveFrom.After(now.Add(KeyLead)) {
			c.Drop = append(c.Drop, l.ID)
			c.put(fresh, now, l.ActiveFrom)
			break
		}
	}
	return c
}

// rotate makes the next key active as soon as that is safe, and puts a new
// next one behind it. It returns the key that takes over. There is nothing to
// change where it takes over as soon anyway.
func (s KeySchedule) rotate(standing []Key, fresh Key, now time.Time) (string, KeyChange, error) {
	var c KeyChange
	lives := KeyLives(standing)
	retiring := 0
	for i, l := range lives {
		switch l.StateAt(now) {
		case KeyRetiring:
			retiring++
		case KeyNext:
			at := later(now, l.CreatedAt.Add(KeyLead))
			at = later(at, lives[i-1].ActiveFrom.Add(time.Microsecond)) // the order stays
			if !l.ActiveFrom.After(at) {
				return l.ID, c, nil
			}
			if retiring >= maxRetiringKeys {
				return "", c, Conflict(CodeConflict, "%d signing keys are retiring: the first is gone at %s",
					retiring, lives[i-1-retiring].GoneAt.UTC().Format(time.RFC3339))
			}
			l.ActiveFrom = at
			c.Put = append(c.Put, l.Key)
			if i == len(lives)-1 {
				c.put(fresh, now, at.Add(s.Lifetime))
			}
			return l.ID, c, nil
		}
	}
	c.put(fresh, now, now.Add(KeyLead)) // none stood ready
	return fresh.ID, c, nil
}

func (c *KeyChange) put(k Key, created, active time.Time) {
	k.CreatedAt, k.ActiveFrom = created, active
	c.Put = append(c.Put, k)
}

// Nothing tells whether the change is none.
func (c KeyChange) Nothing() bool { return len(c.Put) == 0 && len(c.Drop) == 0 }

// apply returns the standing keys after the change.
func (c KeyChange) apply(standing []Key) []Key {
	changed := slices.DeleteFunc(slices.Clone(standing), func(k Key) bool {
		return slices.Contains(c.Drop, k.ID) || slices.ContainsFunc(c.Put, func(p Key) bool { return p.ID == k.ID })
	})
	return append(changed, c.Put...)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
