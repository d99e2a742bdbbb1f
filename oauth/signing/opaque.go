package signing

import (
	"crypto/sha256"
	"strings"

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
	sealed := key.Box.Seal(payload, opaqueContext(id))
	if len(PrefixOpaque)+segment.EncodedLen(len(id)+len(sealed)) > MaxTokenBytes {
		return "", ErrTooLong
	}
	return PrefixOpaque + segment.EncodeToString(append(id[:], sealed...)), nil
}

// open returns the claims of an opaque token that a key of this set sealed.
func (k *keySet) open(raw string) ([]byte, registry.Cause) {
	text := strings.TrimPrefix(raw, PrefixOpaque)
	if !canonical(text) {
		return nil, registry.CauseMalformedToken
	}
	decoded, err := segment.DecodeString(text)
	if err != nil || len(decoded) < len(tokenKeyID{}) {
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
