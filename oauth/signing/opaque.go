package signing

import (
	"crypto/sha256"
	"strings"

	"keywright/internal/seal"
	"keywright/internal/vault"
	"keywright/registry"
)

// PrefixOpaque starts every opaque access token.
const PrefixOpaque = "kwa_"

// tokenKeyID is how an opaque token names its key: the first bytes of SHA-256
// of the key's id.
type tokenKeyID [8]byte

func newTokenKeyID(id string) tokenKeyID {
	sum := sha256.Sum256([]byte(id))
	return tokenKeyID(sum[:])
}

// Seal makes an opaque access token under the token key that is active when it
// is issued: kwa_ and base64url of key id, nonce and XChaCha20-Poly1305 of the
// claims. It fails as Sign does.
func (r *Ring) Seal(t registry.AccessToken) (string, error) {
	set := r.keys.Load()
	if !r.fresh(set) {
		return "", stale(set)
	}
	key := set.tokenKeyAt(t.IssuedAt)
	payload, err := encodeClaims(t)
	if err != nil {
		return "", err
	}
	id := newTokenKeyID(key.ID)
	raw := make([]byte, 0, len(id)+len(payload)+seal.Overhead)
	raw = key.Box.AppendSeal(append(raw, id[:]...), payload, opaqueContext(id))
	if len(PrefixOpaque)+segment.EncodedLen(len(raw)) > MaxTokenBytes {
		return "", ErrTooLong
	}
	token := make([]byte, 0, len(PrefixOpaque)+segment.EncodedLen(len(raw)))
	return string(segment.AppendEncode(append(token, PrefixOpaque...), raw)), nil
}

// tokenKey seals and opens opaque tokens.
type tokenKey struct {
	vault.TokenKey
	verified *verified
}

// newTokenKey goes on with what the same key knows, if that is among those
// before: ids are never used again.
func newTokenKey(key vault.TokenKey, before map[tokenKeyID]*tokenKey) *tokenKey {
	if same, ok := before[newTokenKeyID(key.ID)]; ok {
		return &tokenKey{key, same.verified}
	}
	return &tokenKey{key, newVerified(maxVerified)}
}

// readOpaque returns what an opaque token says that a key of this set sealed,
// and opens it unless that was done before.
func (k *keySet) readOpaque(raw, issuer string) (registry.AccessToken, registry.Cause) {
	var before *verified
	if key, ok := k.tokenKeyOf(raw); ok {
		before = key.verified
	}
	return before.read(raw, issuer, k.open)
}

// tokenKeyOf returns the key that an opaque token names.
func (k *keySet) tokenKeyOf(raw string) (*tokenKey, bool) {
	const length = 12 // characters hold nine bytes: the key's id, and one more
	text := strings.TrimPrefix(raw, PrefixOpaque)
	start, ok := decodeSegment(text[:min(len(text), length)])
	if !ok || len(start) < len(tokenKeyID{}) {
		return nil, false
	}
	key, ok := k.byKeyID[tokenKeyID(start)]
	return key, ok
}

// open returns the claims of an opaque token that a key of this set sealed.
func (k *keySet) open(raw string) ([]byte, registry.Cause) {
	decoded, ok := decodeSegment(strings.TrimPrefix(raw, PrefixOpaque))
	if !ok || len(decoded) < len(tokenKeyID{}) {
		return nil, registry.CauseMalformedToken
	}
	id := tokenKeyID(decoded)
	key, ok := k.byKeyID[id]
	if !ok {
		return nil, registry.CauseBadSignature
	}
	payload, err := key.Box.Open(decoded[len(id):], opaqueContext(id))
	if err != nil {
		return nil, registry.CauseBadSignature
	}
	return payload, registry.CauseNone
}

// opaqueContext binds the sealed claims to their format and key.
func opaqueContext(id tokenKeyID) []byte { return append([]byte("access token/"), id[:]...) }
