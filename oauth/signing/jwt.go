package signing

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keywright/internal/vault"
	"keywright/registry"
)

// typeAccessToken is the typ of RFC 9068 §2.1. Nothing else is signed with
// these keys, so that no other JWT can stand in for an access token.
const typeAccessToken = "at+jwt"

// segment is the encoding of the parts of a compact JWS (RFC 7515 §2). Strict
// refuses the trailing bits that would give one token many spellings.
var segment = base64.RawURLEncoding.Strict()

// signer makes and verifies JWTs under one key.
type signer struct {
	activeFrom time.Time
	header     string // the encoded header of each of its tokens
	algorithm  jose.SignatureAlgorithm
	sign       func(input []byte) (signature []byte, err error) // RFC 7515 §5.1
	public     publicKey
	verified   *verified
}

// publicKey is what the public keys of the standard library are.
type publicKey interface {
	Equal(crypto.PublicKey) bool
}

// newSigner makes the signer of a key. It goes on with what the signer of the
// same key knows, if that is among those before, by header.
func newSigner(key vault.SigningKey, before map[string]*signer) (*signer, error) {
	header, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		KeyID     string `json:"kid"`
		Type      string `json:"typ"`
	}{key.Algorithm, key.ID, typeAccessToken})
	if err != nil {
		return nil, err
	}
	s := &signer{
		activeFrom: key.ActiveFrom,
		header:     segment.EncodeToString(header),
		algorithm:  jose.SignatureAlgorithm(key.Algorithm),
	}
	if s.sign, err = signWith(key.Private, key.Algorithm); err != nil {
		return nil, err
	}
	var ok bool
	if s.public, ok = key.Private.Public().(publicKey); !ok {
		return nil, errors.New("its public half cannot be compared")
	}
	if same, ok := before[s.header]; ok && same.public.Equal(s.public) {
		s.verified = same.verified
	} else {
		s.verified = newVerified(maxVerified)
	}
	return s, nil
}

// Sign makes a JWT access token under the signing key that is active when it is
// issued. It fails with ErrTooLong, and with an error of KindUnavailable if the
// keys are too old.
func (r *Ring) Sign(t registry.AccessToken) (string, error) {
	set := r.keys.Load()
	if !r.fresh(set) {
		return "", stale(set)
	}
	return set.signerAt(t.IssuedAt).make(t)
}

// make writes a token in the compact serialization (RFC 7515 §7.1).
func (s *signer) make(t registry.AccessToken) (string, error) {
	payload, err := encodeClaims(t)
	if err != nil {
		return "", err
	}
	signed := len(s.header) + len(".") + segment.EncodedLen(len(payload))
	if signed > MaxTokenBytes {
		return "", ErrTooLong
	}
	token := make([]byte, 0, signed+signatureRoom)
	token = append(append(token, s.header...), '.')
	token = segment.AppendEncode(token, payload)
	signature, err := s.sign(token)
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	token = segment.AppendEncode(append(token, '.'), signature)
	if len(token) > MaxTokenBytes {
		return "", ErrTooLong
	}
	return string(token), nil
}

// readJWT returns what a JWT says that a key of this set signed, and verifies
// its signature unless that was done before.
func (k *keySet) readJWT(raw, issuer string) (registry.AccessToken, registry.Cause) {
	header, _, _ := strings.Cut(raw, ".")
	var before *verified
	if s, ok := k.byHeader[header]; ok {
		before = s.verified
	}
	return before.read(raw, issuer, k.verify)
}

// verify returns the payload of a JWT that a key of this set signed.
//
// The header must be, byte for byte, the one that a key of the set writes.
// That pins the algorithm to the key and leaves no room for jwk, jku, x5u,
// x5c, crit, another typ, or a header that two parsers read differently; and
// no JSON is parsed before the signature is verified.
func (k *keySet) verify(raw string) ([]byte, registry.Cause) {
	header, rest, _ := strings.Cut(raw, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || !canonical(header) || !canonical(payload) || !canonical(signature) {
		return nil, registry.CauseMalformedToken
	}
	s, ok := k.byHeader[header]
	if !ok {
		return nil, registry.CauseBadSignature
	}
	token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{s.algorithm})
	if err != nil {
		return nil, registry.CauseBadSignature
	}
	verified, err := token.Verify(s.public)
	if err != nil {
		return nil, registry.CauseBadSignature
	}
	return verified, registry.CauseNone
}

// canonical tells whether decodeSegment reads text.
func canonical(text string) bool {
	_, ok := decodeSegment(text)
	return ok
}

// decodeSegment reads base64url without padding in its one spelling. The
// decoder skips line breaks, so those are looked for.
func decodeSegment(text string) ([]byte, bool) {
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	decoded, err := segment.DecodeString(text)
	return decoded, err == nil
}

// publicKeys returns the public halves, in order.
func publicKeys(keys []vault.SigningKey) jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for _, key := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{
			Key: key.Private.Public(), KeyID: key.ID, Algorithm: key.Algorithm, Use: "sig",
		})
	}
	return set
}
