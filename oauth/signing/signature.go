package signing

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"

	"keywright/internal/vault"
)

// signatureRoom is what a signature of ES256 or EdDSA takes in a token, with
// the dot before it, in bytes. One of RS256 takes more.
const signatureRoom = 1 + 86

// signWith returns what signs the input of a JWS with that key, by what the
// standard library has for it. A library of JOSE would make the same signatures,
// and build, copy and parse the token around them several times. Tokens are
// verified by such a library, here and in tests.
func signWith(private crypto.Signer, algorithm string) (sign func(input []byte) ([]byte, error), err error) {
	switch key := private.(type) {
	case *ecdsa.PrivateKey:
		if algorithm == vault.ES256 {
			return func(input []byte) ([]byte, error) { return signES256(key, input) }, nil
		}
	case *rsa.PrivateKey:
		if algorithm == vault.RS256 { // RFC 7518 §3.3
			return func(input []byte) ([]byte, error) {
				digest := sha256.Sum256(input)
				return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
			}, nil
		}
	case ed25519.PrivateKey:
		if algorithm == vault.EdDSA { // RFC 8037 §3.1
			return func(input []byte) ([]byte, error) { return ed25519.Sign(key, input), nil }, nil
		}
	}
	return nil, fmt.Errorf("a key of type %T does not sign with %q", private, algorithm)
}

// signES256 is RFC 7518 §3.4: the two numbers of the signature, each in as many
// bytes as the order of the curve has, whatever zeros they begin with.
func signES256(key *ecdsa.PrivateKey, input []byte) ([]byte, error) {
	digest := sha256.Sum256(input)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return nil, err
	}
	const numberBytes = 256 / 8
	signature := make([]byte, 2*numberBytes)
	r.FillBytes(signature[:numberBytes])
	s.FillBytes(signature[numberBytes:])
	return signature, nil
}
