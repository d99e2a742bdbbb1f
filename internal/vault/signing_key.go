package vault

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"keywright/registry"
)

// Algorithms of signing keys, as the alg of a JWS names them (RFC 7518 §3.1,
// RFC 8037 §3.1).
const (
	ES256 = "ES256" // ECDSA on P-256
	RS256 = "RS256" // RSA PKCS #1 v1.5, 2048 bits
	EdDSA = "EdDSA" // Ed25519
)

const rsaBits = 2048

func signingKey(random io.Reader, algorithm string) (secret, public []byte, err error) {
	key, err := generateSigningKey(random, algorithm)
	if err != nil {
		return nil, nil, err
	}
	if secret, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, err
	}
	public, err = x509.MarshalPKIXPublicKey(key.Public())
	return secret, public, err
}

func generateSigningKey(random io.Reader, algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case RS256:
		return rsa.GenerateKey(random, rsaBits)
	case EdDSA:
		_, key, err := ed25519.GenerateKey(random)
		return key, err
	}
	return nil, unsupported(algorithm)
}

// checkSigningKey refuses a public half that does not belong to the sealed
// private one: it is stored in the clear.
func checkSigningKey(k registry.Key, secret []byte) error {
	private, err := parseSigningKey(k.Algorithm, secret)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return err
	}
	if !bytes.Equal(public, k.Public) {
		return errors.New("its public half belongs to another key")
	}
	return nil
}

// parseSigningKey returns the key that fits the algorithm, and no other: the
// algorithm is stored in the clear, too.
func parseSigningKey(algorithm string, secret []byte) (crypto.Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(secret)
	if err != nil {
		return nil, errors.New("it is no PKCS #8 key")
	}
	switch key := parsed.(type) {
	case *ecdsa.PrivateKey:
		if algorithm == ES256 && key.Curve == elliptic.P256() {
			return key, nil
		}
	case *rsa.PrivateKey:
		if algorithm == RS256 && key.N.BitLen() >= rsaBits {
			return key, nil
		}
	case ed25519.PrivateKey:
		if algorithm == EdDSA {
			return key, nil
		}
	}
	return nil, unsupported(algorithm)
}

func unsupported(algorithm string) error {
	return fmt.Errorf("algorithm %q is not supported, or is not that of the key", algorithm)
}
