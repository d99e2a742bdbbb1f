package signing

import (
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
	jose       jose.Signer
	public     any
}

func newSigner(key vault.SigningKey) (*signer, error) {
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
		public:     key.Private.Public(),
	}
	options := (&jose.SignerOptions{}).WithType(typeAccessToken).WithHeader("kid", key.ID)
	s.jose, err = jose.NewSigner(jose.SigningKey{Algorithm: s.algorithm, Key: key.Private}, options)
	return s, err
}

// Sign makes a JWT access token under the signing key that is active when it is
// issued. It fails with ErrTooLong, and with an error of KindUnavailable if the
// keys are too old.
func (r *Ring) Sign(t registry.AccessToken) (string, error) {
	set := r.keys.Load()
	if !r.fresh(set) {
		return "", stale(set)
	}
	return set.signerAt(t.IssuedAt).sign(t)
}

func (s *signer) sign(t registry.AccessToken) (string, error) {
	payload, err := encodeClaims(t)
	if err != nil {
		return "", err
	}
	if segment.EncodedLen(len(payload)) > MaxTokenBytes {
		return "", ErrTooLong
	}
	signature, err := s.jose.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("sign an access token: %w", err)
	}
	token, err := signature.CompactSerialize()
	if err != nil {
		return "", fmt.Errorf("encode an access token: %w", err)
	}
	if !strings.HasPrefix(token, s.header+".") {
		return "", errors.New("sign an access token: the header is not the one that is verified")
	}
	if len(token) > MaxTokenBytes {
		return "", ErrTooLong
	}
	return token, nil
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

// canonical tells whether text is base64url without padding in its one
// spelling. The decoder skips line breaks, so those are looked for.
func canonical(text string) bool {
	if text == "" || strings.ContainsAny(text, "\r\n") {
		return false
	}
	_, err := segment.DecodeString(text)
	return err == nil
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
