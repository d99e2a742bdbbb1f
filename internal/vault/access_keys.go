package vault

import (
	"context"
	"crypto"
	"time"

	"keywright/internal/seal"
	"keywright/registry"
)

// AccessKeys are the keys of access tokens as they stood at one moment, in the
// order of their use. Those that are gone are left out.
type AccessKeys struct {
	ReadAt  time.Time // when the reading began
	Signing []SigningKey
	Tokens  []TokenKey
}

// SigningKey signs JWT access tokens.
type SigningKey struct {
	ID         string        // the kid
	Algorithm  string        // the JWS alg (RFC 7518 §3.1)
	ActiveFrom time.Time     // when it comes into use
	Private    crypto.Signer // its Public half is published
}

// String is the id, so that no format verb prints the private half.
func (k SigningKey) String() string { return k.ID }

// GoString is String for %#v.
func (k SigningKey) GoString() string { return k.ID }

// TokenKey seals opaque access tokens. Its box is of this one key.
type TokenKey struct {
	ID         string
	ActiveFrom time.Time
	Box        *seal.Box
}

// AccessKeys reads the keys of access tokens.
func (v *Vault) AccessKeys(ctx context.Context) (AccessKeys, error) {
	keys := AccessKeys{ReadAt: v.cfg.Now()}
	stored, err := v.cfg.stored(ctx)
	if err != nil {
		return AccessKeys{}, err
	}
	for _, k := range inUse(stored, registry.KeySigning, keys.ReadAt) {
		secret, err := v.cfg.open(signingKind, k)
		if err != nil {
			return AccessKeys{}, err
		}
		private, err := parseSigningKey(k.Algorithm, secret)
		if err != nil {
			return AccessKeys{}, err
		}
		keys.Signing = append(keys.Signing, SigningKey{k.ID, k.Algorithm, k.ActiveFrom, private})
	}
	for _, k := range inUse(stored, registry.KeyToken, keys.ReadAt) {
		secret, err := v.cfg.open(tokenKind, k)
		if err != nil {
			return AccessKeys{}, err
		}
		box, err := seal.NewBox(v.cfg.Random, secret)
		if err != nil {
			return AccessKeys{}, err
		}
		keys.Tokens = append(keys.Tokens, TokenKey{k.ID, k.ActiveFrom, box})
	}
	return keys, nil
}

// inUse returns the keys of a purpose that are not gone, in the order of their use.
func inUse(stored []registry.Key, purpose registry.KeyPurpose, now time.Time) []registry.Key {
	var keys []registry.Key
	for _, l := range registry.KeyLives(ofPurpose(stored, purpose)) {
		if l.StateAt(now) != registry.KeyGone {
			keys = append(keys, l.Key)
		}
	}
	return keys
}
