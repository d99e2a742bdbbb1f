package registry

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
	"time"
)

// Prefixes of the secret values that the server generates.
const (
	PrefixClientSecret  = "kws_"
	PrefixAPITokenValue = "kwt_"
)

const (
	secretRandomDigits = 56 // 224 random bits
	secretCheckDigits  = 8
	secretDigits       = secretRandomDigits + secretCheckDigits

	// MaxLiveSecrets is how many secrets of one client may be live at once.
	MaxLiveSecrets = 5
)

// SecretText is the plaintext of a client secret or API token. It exists in
// memory between its making and the one response that shows it, or between a
// request and the comparison; it prints, logs and marshals redacted.
type SecretText struct{ text string }

// NewSecretText generates a secret value: prefix, 56 random lower-case hex
// digits, and 8 digits of CRC-32/IEEE over the ASCII bytes before them, big-endian.
func NewSecretText(random io.Reader, prefix string) (SecretText, error) {
	var raw [secretRandomDigits / 2]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return SecretText{}, fmt.Errorf("read randomness for a secret: %w", err)
	}
	body := prefix + hex.EncodeToString(raw[:])
	return SecretText{body + checkDigits(body)}, nil
}

// checkDigits are the last digits of a secret that begins with body.
func checkDigits(body string) string {
	var sum [crc32.Size]byte
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(body)))
	return hex.EncodeToString(sum[:])
}

// ParseSecretText wraps what a caller presented, and tells whether it has the
// form of a secret with that prefix, check digits included. A false answer
// needs no database to be final.
func ParseSecretText(prefix, text string) (SecretText, bool) {
	s := SecretText{text}
	if len(text) != len(prefix)+secretDigits || !strings.HasPrefix(text, prefix) {
		return s, false
	}
	for _, c := range []byte(text[len(prefix):]) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return s, false
		}
	}
	body, check := text[:len(text)-secretCheckDigits], text[len(text)-secretCheckDigits:]
	return s, checkDigits(body) == check
}

// Reveal returns the plaintext. It is called where the one response is
// written and nowhere else.
func (s SecretText) Reveal() string { return s.text }

// Hint is the prefix and the last four characters, for lists: "kws_…9f3c".
func (s SecretText) Hint() string {
	if len(s.text) < prefixChars+secretDigits {
		return ""
	}
	return s.text[:prefixChars] + "…" + s.text[len(s.text)-4:]
}

const redacted = "[redacted]"

// String returns a placeholder, so that no format verb can print the secret.
func (s SecretText) String() string { return redacted }

// GoString is String for %#v.
func (s SecretText) GoString() string { return redacted }

// LogValue redacts the secret in structured logs.
func (s SecretText) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText redacts the secret in JSON and every other text encoding.
func (s SecretText) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Digest is what is stored of a secret value: HMAC-SHA-256 under a pepper.
type Digest struct {
	PepperID string
	Sum      [sha256.Size]byte
}

// Peppers are the keys of the digests. The first is used for new secrets, the
// others only recognise older ones.
type Peppers struct{ keys []pepper }

type pepper struct {
	id  string
	key []byte
}

// Add appends a pepper; the first one added is the current.
func (p *Peppers) Add(id string, key []byte) { p.keys = append(p.keys, pepper{id, key}) }

// Digest returns the digest of s under the current pepper.
func (p Peppers) Digest(s SecretText) Digest { return p.keys[0].digest(s) }

// Digests returns the digest of s under every pepper, the current one first.
func (p Peppers) Digests(s SecretText) []Digest {
	all := make([]Digest, len(p.keys))
	for i, k := range p.keys {
		all[i] = k.digest(s)
	}
	return all
}

func (k pepper) digest(s SecretText) Digest {
	mac := hmac.New(sha256.New, k.key)
	mac.Write([]byte(s.text))
	d := Digest{PepperID: k.id}
	mac.Sum(d.Sum[:0])
	return d
}

// Secret is the record of one client secret. Its value is in no field.
type Secret struct {
	ID        string
	ClientID  string
	Digest    Digest
	Hint      string
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time // zero: not revoked
	CutOff    Position  // access tokens obtained with it that carry a lower rev are dead
	Usage     Usage
}

// StatusAt derives the state of the secret at that moment: revoked, expired or active.
func (s Secret) StatusAt(now time.Time) Status {
	switch {
	case !s.RevokedAt.IsZero():
		return StatusRevoked
	case expiredAt(s.ExpiresAt, now):
		return StatusExpired
	}
	return StatusActive
}

// matchSecret compares what was presented with every secret of a client, live
// or not, in constant time, and returns the index of the one that matches or
// -1. A client with fewer secrets than one has at most, and an unknown one,
// which has none, is given placeholders: the comparisons are always as many.
func (p Peppers) matchSecret(presented SecretText, secrets []Secret) int {
	digests := p.Digests(presented)
	placeholder := Digest{PepperID: p.keys[0].id} // the digest of nothing
	found := -1
	for i := range max(len(secrets), MaxLiveSecrets+deadSecretsKept) {
		stored := &placeholder
		if i < len(secrets) {
			stored = &secrets[i].Digest
		}
		for _, d := range digests {
			same := subtle.ConstantTimeCompare(d.Sum[:], stored.Sum[:])
			if d.PepperID == stored.PepperID {
				found = subtle.ConstantTimeSelect(same, i, found)
			}
		}
	}
	return found
}
