package seal

import (
	"crypto/cipher"
	"fmt"
	"io"
	"slices"

	"golang.org/x/crypto/chacha20poly1305"
)

// Overhead is how much longer than its plaintext a sealed value is, in bytes.
const Overhead = chacha20poly1305.NonceSizeX + chacha20poly1305.Overhead

// Box seals values with XChaCha20-Poly1305, whose 24-byte nonces are random
// without a bound on how many values one key seals. The result is the nonce and
// the ciphertext, Overhead longer than the plaintext.
type Box struct {
	aeads  []cipher.AEAD
	random io.Reader
}

// NewBox returns a box over keys of KeyBytes each. The first seals and opens,
// the others only open. random gives nonces.
func NewBox(random io.Reader, keys ...[]byte) (*Box, error) {
	b := &Box{random: random}
	for _, key := range keys {
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			return nil, fmt.Errorf("make a box: %w", err)
		}
		b.aeads = append(b.aeads, aead)
	}
	if len(b.aeads) == 0 {
		return nil, fmt.Errorf("make a box: no key")
	}
	return b, nil
}

// Seal seals plaintext together with context. It panics when there is no
// randomness: going on would use a nonce twice.
func (b *Box) Seal(plaintext, context []byte) []byte {
	return b.AppendSeal(make([]byte, 0, len(plaintext)+Overhead), plaintext, context)
}

// AppendSeal appends what Seal returns to dst.
func (b *Box) AppendSeal(dst, plaintext, context []byte) []byte {
	dst = slices.Grow(dst, len(plaintext)+Overhead)
	nonce := dst[len(dst) : len(dst)+chacha20poly1305.NonceSizeX]
	if _, err := io.ReadFull(b.random, nonce); err != nil {
		panic("seal: read randomness for a nonce: " + err.Error())
	}
	return b.aeads[0].Seal(dst[:len(dst)+len(nonce)], nonce, plaintext, context)
}

// Open returns what Seal was given for the same context, or ErrCorrupt.
func (b *Box) Open(sealed, context []byte) ([]byte, error) {
	if len(sealed) < chacha20poly1305.NonceSizeX {
		return nil, ErrCorrupt
	}
	nonce, ciphertext := sealed[:chacha20poly1305.NonceSizeX], sealed[chacha20poly1305.NonceSizeX:]
	for _, aead := range b.aeads {
		if plaintext, err := aead.Open(nil, nonce, ciphertext, context); err == nil {
			return plaintext, nil
		}
	}
	return nil, ErrCorrupt
}
