package vault

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"keywright/internal/seal"
	"keywright/registry"
)

// TokenKey seals opaque access tokens. Its box is of this one key.
type TokenKey struct {
	ID  string
	Box *seal.Box
}

// SigningKey signs JWT access tokens.
type SigningKey struct {
	ID        string        // the kid
	Algorithm string        // the JWS alg (RFC 7518 §3.1)
	Private   crypto.Signer // its Public half is published
}

// String is the id, so that no format verb prints the private half.
func (k SigningKey) String() string { return k.ID }

// GoString is String for %#v.
func (k SigningKey) GoString() string { return k.ID }

// Algorithms of the keys, as their rows name them.
const (
	algorithmCheck   = "none"
	algorithmPepper  = "HMAC-SHA-256" // of the audit key, too
	algorithmBox     = "XChaCha20-Poly1305"
	algorithmSigning = "ES256"
)

// kind says how keys of one purpose are made and checked.
type kind struct {
	purpose   registry.KeyPurpose
	algorithm string
	generate  func(random io.Reader) (secret, public []byte, err error)
	check     func(k registry.Key, secret []byte) error
}

// kinds are all purposes. The check value comes first: a wrong master key is
// noticed before anything is made.
var kinds = []kind{
	{registry.KeyCheck, algorithmCheck, checkValue, checkIsValue},
	{registry.KeyPepper, algorithmPepper, randomKey, checkRandomKey},
	{registry.KeyRefusal, algorithmBox, randomKey, checkRandomKey},
	{registry.KeyCursor, algorithmBox, randomKey, checkRandomKey},
	{registry.KeyToken, algorithmBox, randomKey, checkRandomKey},
	{registry.KeyAudit, algorithmPepper, randomKey, checkRandomKey},
	{registry.KeyOneTime, algorithmBox, randomKey, checkRandomKey},
	{registry.KeySigning, algorithmSigning, signingKey, checkSigningKey},
}

var theCheckValue = []byte("keywright master key check")

func checkValue(io.Reader) (secret, public []byte, err error) { return theCheckValue, nil, nil }

func checkIsValue(_ registry.Key, secret []byte) error {
	if !bytes.Equal(secret, theCheckValue) {
		return errors.New("it is not the value that was sealed")
	}
	return nil
}

func randomKey(random io.Reader) (secret, public []byte, err error) {
	secret = make([]byte, seal.KeyBytes)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, nil, fmt.Errorf("read randomness: %w", err)
	}
	return secret, nil, nil
}

func checkRandomKey(_ registry.Key, secret []byte) error {
	if len(secret) != seal.KeyBytes {
		return fmt.Errorf("it has %d bytes instead of %d", len(secret), seal.KeyBytes)
	}
	return nil
}

func signingKey(random io.Reader) (secret, public []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, nil, err
	}
	if secret, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, err
	}
	public, err = x509.MarshalPKIXPublicKey(key.Public())
	return secret, public, err
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

func parseSigningKey(algorithm string, secret []byte) (crypto.Signer, error) {
	if algorithm != algorithmSigning {
		return nil, fmt.Errorf("algorithm %q is not supported", algorithm)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(secret)
	if err != nil {
		return nil, errors.New("it is no PKCS #8 key")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("it is no P-256 key")
	}
	return key, nil
}

// openedKey is a key row and its opened secret.
type openedKey struct {
	registry.Key
	secret []byte
}

// newVault makes the parts that the rest of the program uses. The keys were
// checked and stand newest first.
func newVault(random io.Reader, keys map[registry.KeyPurpose][]openedKey) (*Vault, error) {
	v := &Vault{}
	for _, k := range keys[registry.KeyPepper] {
		v.peppers.Add(k.ID, k.secret)
	}
	for _, k := range keys[registry.KeyAudit] {
		v.audit.Add(k.ID, k.secret)
	}
	var err error
	if v.refusal, err = boxOf(random, keys[registry.KeyRefusal]); err != nil {
		return nil, err
	}
	if v.cursor, err = boxOf(random, keys[registry.KeyCursor]); err != nil {
		return nil, err
	}
	if v.oneTime, err = boxOf(random, keys[registry.KeyOneTime]); err != nil {
		return nil, err
	}
	for _, k := range keys[registry.KeyToken] {
		box, err := seal.NewBox(random, k.secret)
		if err != nil {
			return nil, err
		}
		v.tokens = append(v.tokens, TokenKey{k.ID, box})
	}
	for _, k := range keys[registry.KeySigning] {
		private, err := parseSigningKey(k.Algorithm, k.secret)
		if err != nil {
			return nil, err
		}
		v.signing = append(v.signing, SigningKey{k.ID, k.Algorithm, private})
	}
	return v, nil
}

func boxOf(random io.Reader, keys []openedKey) (*seal.Box, error) {
	secrets := make([][]byte, len(keys))
	for i, k := range keys {
		secrets[i] = k.secret
	}
	return seal.NewBox(random, secrets...)
}
