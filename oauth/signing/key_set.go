package signing

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"keywright/internal/vault"
)

// keySet is the keys of access tokens as they were read once. It is immutable.
type keySet struct {
	readAt   time.Time
	signers  []*signer          // in the order of their use
	byHeader map[string]*signer // by encoded JWT header
	tokens   []*tokenKey        // in the order of their use
	byKeyID  map[tokenKeyID]*tokenKey
	jwks     []byte
}

// newKeySet returns the set of those keys, which go on with what they know in
// the set before.
func newKeySet(keys vault.AccessKeys, before *keySet) (*keySet, error) {
	if len(keys.Signing) == 0 || len(keys.Tokens) == 0 {
		return nil, errors.New("a signing key and a token key are needed")
	}
	set := &keySet{
		readAt:   keys.ReadAt,
		byHeader: make(map[string]*signer, len(keys.Signing)),
		byKeyID:  make(map[tokenKeyID]*tokenKey, len(keys.Tokens)),
	}
	for _, key := range keys.Signing {
		s, err := newSigner(key, before.byHeader)
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", key.ID, err)
		}
		set.signers = append(set.signers, s)
		set.byHeader[s.header] = s
	}
	for _, key := range keys.Tokens {
		k := newTokenKey(key, before.byKeyID)
		set.tokens = append(set.tokens, k)
		set.byKeyID[newTokenKeyID(key.ID)] = k
	}
	var err error
	if set.jwks, err = json.Marshal(publicKeys(keys.Signing)); err != nil {
		return nil, fmt.Errorf("encode the public keys: %w", err)
	}
	return set, nil
}

// signerAt returns the signing key that is active at that moment: the last
// that became so. Before all of them it is the first.
func (k *keySet) signerAt(at time.Time) *signer {
	active := k.signers[0]
	for _, s := range k.signers[1:] {
		if !at.Before(s.activeFrom) {
			active = s
		}
	}
	return active
}

// tokenKeyAt is signerAt for token keys.
func (k *keySet) tokenKeyAt(at time.Time) *tokenKey {
	active := k.tokens[0]
	for _, key := range k.tokens[1:] {
		if !at.Before(key.ActiveFrom) {
			active = key
		}
	}
	return active
}
