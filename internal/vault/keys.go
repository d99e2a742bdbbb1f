package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"keywright/internal/seal"
	"keywright/registry"
)

// Algorithms of the keys, as their rows name them.
const (
	algorithmCheck  = "none"
	algorithmPepper = "HMAC-SHA-256" // of the audit key, too
	algorithmBox    = "XChaCha20-Poly1305"
)

// kind says how keys of one purpose are made and checked.
type kind struct {
	purpose   registry.KeyPurpose
	algorithm string
	generate  func(random io.Reader, algorithm string) (secret, public []byte, err error)
	check     func(k registry.Key, secret []byte) error
}

// fixed are the purposes whose keys stay. The check value comes first: a wrong
// master key is noticed before anything is made.
var fixed = []kind{
	{registry.KeyCheck, algorithmCheck, checkValue, checkIsValue},
	{registry.KeyPepper, algorithmPepper, randomKey, checkRandomKey},
	{registry.KeyRefusal, algorithmBox, randomKey, checkRandomKey},
	{registry.KeyCursor, algorithmBox, randomKey, checkRandomKey},
	{registry.KeyAudit, algorithmPepper, randomKey, checkRandomKey},
	{registry.KeyOneTime, algorithmBox, randomKey, checkRandomKey},
}

// The purposes whose keys are replaced on a schedule. Signing keys have the
// algorithm of the configuration.
var (
	tokenKind   = kind{registry.KeyToken, algorithmBox, randomKey, checkRandomKey}
	signingKind = kind{registry.KeySigning, "", signingKey, checkSigningKey}
)

var theCheckValue = []byte("keywright master key check")

func checkValue(io.Reader, string) (secret, public []byte, err error) { return theCheckValue, nil, nil }

func checkIsValue(_ registry.Key, secret []byte) error {
	if !bytes.Equal(secret, theCheckValue) {
		return errors.New("it is not the value that was sealed")
	}
	return nil
}

func randomKey(random io.Reader, _ string) (secret, public []byte, err error) {
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

// openedKey is a key row and its opened secret.
type openedKey struct {
	registry.Key
	secret []byte
}

// newVault makes the parts that the rest of the program uses. The keys were
// checked and stand newest first.
func newVault(cfg Config, keys map[registry.KeyPurpose][]openedKey) (*Vault, error) {
	v := &Vault{cfg: cfg}
	for _, k := range keys[registry.KeyPepper] {
		v.peppers.Add(k.ID, k.secret)
	}
	for _, k := range keys[registry.KeyAudit] {
		v.audit.Add(k.ID, k.secret)
	}
	var err error
	if v.refusal, err = boxOf(cfg.Random, keys[registry.KeyRefusal]); err != nil {
		return nil, err
	}
	if v.cursor, err = boxOf(cfg.Random, keys[registry.KeyCursor]); err != nil {
		return nil, err
	}
	if v.oneTime, err = boxOf(cfg.Random, keys[registry.KeyOneTime]); err != nil {
		return nil, err
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
