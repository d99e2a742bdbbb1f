package replica

import (
	"sync"
	"time"

	"keywright/registry"
)

const (
	// denylistSize is how many access tokens the copy of the denylist holds,
	// about 100 bytes each. When there are more, the database is asked about
	// those that are not in it.
	denylistSize = 500_000
	// denylistPage is how many of them are read at once.
	denylistPage = 10_000
	// denylistMargin keeps a token in the copy for longer than any replica
	// would accept it.
	denylistMargin = time.Hour
)

// denylist is the copy of the access tokens that were revoked (RFC 7009), all
// of them: so a token that is not in it is not denied.
type denylist struct {
	mu      sync.RWMutex
	expires map[string]time.Time // by jti
	partial bool                 // there are more than it holds
}

func (d *denylist) replace(tokens []registry.DeniedToken) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expires, d.partial = make(map[string]time.Time, len(tokens)), false
	for _, t := range tokens {
		d.put(t.JTI, t.ExpiresAt)
	}
}

// forget leaves a denylist that cannot tell of any token that it is not denied.
func (d *denylist) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expires, d.partial = map[string]time.Time{}, true
}

// add adds a token that expires at that time at the latest.
func (d *denylist) add(jti string, expires time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.put(jti, expires)
}

func (d *denylist) put(jti string, expires time.Time) {
	if len(d.expires) >= denylistSize {
		d.partial = true
		return
	}
	d.expires[jti] = expires
}

// has tells whether a token is denied, if the copy can say so.
func (d *denylist) has(jti string) (f found[bool], known bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, f.state = d.expires[jti]
	return f, f.state || !d.partial
}

// prune lets go of tokens that have expired, and tells whether others are
// missing. Requests go on while it looks for them; only the follower writes.
func (d *denylist) prune(now time.Time) (partial bool) {
	expired := d.expired(now)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, jti := range expired {
		delete(d.expires, jti)
	}
	return d.partial
}

func (d *denylist) expired(now time.Time) (jtis []string) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for jti, expires := range d.expires {
		if expires.Add(denylistMargin).Before(now) {
			jtis = append(jtis, jti)
		}
	}
	return jtis
}
