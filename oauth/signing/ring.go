package signing

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"keywright/internal/vault"
	"keywright/registry"
)

// MaxTokenBytes bounds an access token. A longer text is refused before any
// part of it is decoded, and a token that would be longer is not made.
const MaxTokenBytes = 16 << 10

// ErrTooLong says that a token with these claims would exceed MaxTokenBytes.
var ErrTooLong = errors.New("the access token would be too long")

// Ring is the key ring of access tokens. It works with a copy of the keys that
// Replace swaps as a whole. It is safe for concurrent use.
type Ring struct {
	issuer string
	now    func() time.Time
	keys   atomic.Pointer[keySet]
}

// NewRing returns a ring that makes tokens of that issuer under the key that is
// active when the token is issued, and reads those made under any of the keys.
// The clock, which gave the keys their ReadAt, tells how old they are.
func NewRing(issuer string, now func() time.Time, keys vault.AccessKeys) (*Ring, error) {
	r := &Ring{issuer: issuer, now: now}
	r.keys.Store(&keySet{})
	return r, r.Replace(keys)
}

// Replace makes the ring work with those keys. If it fails the ring keeps the
// ones it has.
func (r *Ring) Replace(keys vault.AccessKeys) error {
	set, err := newKeySet(keys, r.keys.Load())
	if err != nil {
		return fmt.Errorf("key ring: %w", err)
	}
	r.keys.Store(set)
	return nil
}

// Fresh tells whether the ring's copy of the keys is young enough to make and
// refuse tokens by.
func (r *Ring) Fresh() bool { return r.fresh(r.keys.Load()) }

// fresh tells whether the copy is young enough to be sure that it has every
// key that anybody uses. It asks both clocks: the monotonic one stands still
// while the machine sleeps, and the other may be set back.
func (r *Ring) fresh(set *keySet) bool {
	now := r.now()
	age := max(now.Sub(set.readAt), now.Round(0).Sub(set.readAt.Round(0)))
	return age <= registry.KeyCopyMaxAge
}

func stale(set *keySet) error {
	return registry.Unavailable(fmt.Errorf("the keys of access tokens were last read at %s", set.readAt.UTC().Format(time.RFC3339)))
}

// KeySet returns the JSON Web Key Set of every key able to verify, in the order
// of their use (RFC 7517 §5), and whether it may be cached. It holds public
// halves only. Nobody may change it.
func (r *Ring) KeySet() (jwks []byte, cacheable bool) {
	set := r.keys.Load()
	return set.jwks, r.fresh(set)
}

// SigningKeyAge returns for how long the signing key in use has been active.
func (r *Ring) SigningKeyAge() time.Duration {
	now := r.now()
	return now.Sub(r.keys.Load().signerAt(now).activeFrom)
}

// ParseAccessToken returns what an access token of either format says, or a
// *registry.Refused with the cause: malformed token, or bad signature for one
// that was not made under a key of this ring; or an error of KindUnavailable if
// the keys are too old to say so. Expiry is not looked at. The lists of the
// token may be shared: nobody may change them.
func (r *Ring) ParseAccessToken(raw string) (registry.AccessToken, error) {
	if len(raw) > MaxTokenBytes {
		return registry.AccessToken{}, refused(registry.CauseMalformedToken)
	}
	set := r.keys.Load()
	read := set.readJWT
	if strings.HasPrefix(raw, PrefixOpaque) {
		read = set.readOpaque
	}
	t, cause := read(raw, r.issuer)
	switch {
	case cause == registry.CauseBadSignature && !r.fresh(set): // it may be that of a key not read yet
		return registry.AccessToken{}, stale(set)
	case cause != registry.CauseNone:
		return registry.AccessToken{}, refused(cause)
	}
	return t, nil
}

func refused(cause registry.Cause) error { return &registry.Refused{Cause: cause} }
