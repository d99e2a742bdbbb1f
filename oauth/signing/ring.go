package signing

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"keywright/internal/vault"
	"keywright/registry"
)

// MaxTokenBytes bounds an access token. A longer text is refused before any
// part of it is decoded, and a token that would be longer is not made.
const MaxTokenBytes = 16 << 10

// ErrTooLong says that a token with these claims would exceed MaxTokenBytes.
var ErrTooLong = errors.New("the access token would be too long")

// Ring is the key ring of access tokens. It is immutable and safe for
// concurrent use.
type Ring struct {
	issuer  string
	signers map[string]*signer // by encoded JWT header
	current *signer
	tokens  map[tokenKeyID]vault.TokenKey
	sealing vault.TokenKey
	jwks    []byte
}

// NewRing returns a ring that makes tokens of that issuer under the first
// signing key and the first token key, and reads those made under any of them.
func NewRing(issuer string, signing []vault.SigningKey, tokens []vault.TokenKey) (*Ring, error) {
	if len(signing) == 0 || len(tokens) == 0 {
		return nil, errors.New("key ring: a signing key and a token key are needed")
	}
	r := &Ring{
		issuer:  issuer,
		signers: make(map[string]*signer, len(signing)),
		tokens:  make(map[tokenKeyID]vault.TokenKey, len(tokens)),
		sealing: tokens[0],
	}
	for i, key := range signing {
		s, err := newSigner(key)
		if err != nil {
			return nil, fmt.Errorf("key ring: signing key %s: %w", key.ID, err)
		}
		if i == 0 {
			r.current = s
		}
		r.signers[s.header] = s
	}
	for _, key := range tokens {
		r.tokens[newTokenKeyID(key.ID)] = key
	}
	var err error
	if r.jwks, err = json.Marshal(publicKeys(signing)); err != nil {
		return nil, fmt.Errorf("key ring: encode the public keys: %w", err)
	}
	return r, nil
}

// JWKS returns the JSON Web Key Set of every key still able to verify, the
// current one first (RFC 7517 §5). It holds public halves only. Nobody may
// change it.
func (r *Ring) JWKS() []byte { return r.jwks }

// ParseAccessToken returns what an access token of either format says, or a
// *registry.Refused with the cause: malformed token, or bad signature for one
// that was not made under a key of this ring. Expiry is not looked at.
func (r *Ring) ParseAccessToken(raw string) (registry.AccessToken, error) {
	if len(raw) > MaxTokenBytes {
		return registry.AccessToken{}, refused(registry.CauseMalformedToken)
	}
	read := r.verify
	if strings.HasPrefix(raw, PrefixOpaque) {
		read = r.open
	}
	payload, cause := read(raw)
	if cause != registry.CauseNone {
		return registry.AccessToken{}, refused(cause)
	}
	t, ok := decodeClaims(payload, r.issuer)
	if !ok {
		return registry.AccessToken{}, refused(registry.CauseMalformedToken)
	}
	return t, nil
}

func refused(cause registry.Cause) error { return &registry.Refused{Cause: cause} }
