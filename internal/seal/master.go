package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	// KeyBytes is the size of a master key and of the key of a Box.
	KeyBytes = 32

	masterIDBytes = 8
)

// Errors of Open.
var (
	// ErrUnknownKey says that the value was sealed under a key that is not on
	// the ring.
	ErrUnknownKey = errors.New("sealed under another key")
	// ErrCorrupt says that the value was changed, cut, or sealed for another
	// context.
	ErrCorrupt = errors.New("sealed value does not open")
)

// Master is the ring of master keys: the first seals and opens, the others
// only open what they once sealed. It seals the few keys of the installation,
// far below the 2³² values that random AES-GCM nonces allow for one key.
type Master struct {
	keys   []masterKey
	random io.Reader
}

type masterKey struct {
	id   [masterIDBytes]byte // first bytes of SHA-256 of the key
	aead cipher.AEAD
}

// ParseMaster reads a comma-separated list of base64 keys of 32 bytes each, the
// current one first. Its errors do not repeat the text. random gives nonces.
func ParseMaster(text string, random io.Reader) (*Master, error) {
	m := &Master{random: random}
	for i, part := range strings.Split(text, ",") {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("key %d of the list is not base64", i+1)
		}
		if len(raw) != KeyBytes {
			return nil, fmt.Errorf("key %d of the list has %d bytes instead of %d", i+1, len(raw), KeyBytes)
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, fmt.Errorf("key %d of the list: %w", i+1, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("key %d of the list: %w", i+1, err)
		}
		sum := sha256.Sum256(raw)
		m.keys = append(m.keys, masterKey{[masterIDBytes]byte(sum[:]), aead})
	}
	return m, nil
}

// Seal seals plaintext with AES-256-GCM under the current key. The result is
// the key's id, the nonce and the ciphertext.
func (m *Master) Seal(plaintext, context []byte) ([]byte, error) {
	key := m.keys[0]
	head := masterIDBytes + key.aead.NonceSize()
	sealed := make([]byte, head, head+len(plaintext)+key.aead.Overhead())
	copy(sealed, key.id[:])
	nonce := sealed[masterIDBytes:head]
	if _, err := io.ReadFull(m.random, nonce); err != nil {
		return nil, fmt.Errorf("read randomness for a nonce: %w", err)
	}
	return key.aead.Seal(sealed, nonce, plaintext, context), nil
}

// Open returns what Seal was given for the same context. It fails with
// ErrUnknownKey or ErrCorrupt.
func (m *Master) Open(sealed, context []byte) ([]byte, error) {
	for _, key := range m.keys {
		if !bytes.HasPrefix(sealed, key.id[:]) {
			continue
		}
		rest := sealed[masterIDBytes:]
		if len(rest) < key.aead.NonceSize() {
			return nil, ErrCorrupt
		}
		nonce, ciphertext := rest[:key.aead.NonceSize()], rest[key.aead.NonceSize():]
		plaintext, err := key.aead.Open(nil, nonce, ciphertext, context)
		if err != nil {
			return nil, ErrCorrupt
		}
		return plaintext, nil
	}
	return nil, ErrUnknownKey
}

// Current tells whether the value is sealed under the current key. One that is
// not is to be sealed again before the older key leaves the list.
func (m *Master) Current(sealed []byte) bool {
	return bytes.HasPrefix(sealed, m.keys[0].id[:])
}
