package registry

import (
	"encoding/base32"
	"fmt"
	"io"
	"strings"
)

// Prefixes of the identifiers that the server hands out. Every id is its
// prefix and 26 base32 characters, 128 random bits, and is never used again.
const (
	PrefixOrganization = "org_"
	PrefixProject      = "prj_"
	PrefixMember       = "mem_"
	PrefixApplication  = "app_"
	PrefixAPI          = "api_"
	PrefixEndpoint     = "ept_"
	PrefixRole         = "rol_"
	PrefixScope        = "scp_"
	PrefixClient       = "kwc_"
	PrefixSecretRecord = "sec_"
	PrefixClientKey    = "jwk_"
	PrefixAPIToken     = "tok_"
	PrefixAuditEvent   = "evt_"
	PrefixKey          = "key_"
	PrefixBatch        = "bat_"
	PrefixSession      = "ses_"
)

const (
	idBytes     = 16
	idChars     = 26
	prefixChars = 4
)

const idDigits = "0123456789abcdefghjkmnpqrstvwxyz"

const notADigit = 0xff

// idValues are what the characters stand for.
var idValues = func() (values [256]byte) {
	for i := range values {
		values[i] = notADigit
	}
	for i, c := range []byte(idDigits) {
		values[c] = byte(i)
	}
	return values
}()

var idEncoding = base32.NewEncoding(idDigits).WithPadding(base32.NoPadding)

// NewID returns prefix and 128 bits read from random, in lower-case base32.
func NewID(random io.Reader, prefix string) (string, error) {
	var raw RawID
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("read randomness for an id: %w", err)
	}
	return PackID(raw, prefix), nil
}

// IsID tells whether id has the form of an identifier with that prefix. It is
// asked before the database is, so that hostile text never reaches a query.
func IsID(id, prefix string) bool {
	_, ok := UnpackID(id, prefix)
	return ok
}

// RawID is the random part of an identifier, for who keeps very many.
type RawID [idBytes]byte

// UnpackID returns the random part of an identifier with that prefix, or false
// if it is none. An id has one spelling: bits that stand for nothing are zero.
//
// It runs several times per request, and unlike the decoder of encoding/base32
// allocates nothing.
func UnpackID(id, prefix string) (raw RawID, ok bool) {
	text, ok := strings.CutPrefix(id, prefix)
	if !ok || len(text) != idChars {
		return RawID{}, false
	}
	bits, held := uint(0), 0 // the last ones that were read, and how many of them are in no byte yet
	next := raw[:0]
	for _, c := range []byte(text) {
		digit := idValues[c]
		if digit == notADigit {
			return RawID{}, false
		}
		if bits, held = bits<<5|uint(digit), held+5; held >= 8 {
			held -= 8
			next = append(next, byte(bits>>held))
		}
	}
	return raw, bits&(1<<held-1) == 0
}

// PackID is the reverse of UnpackID.
func PackID(raw RawID, prefix string) string {
	text := make([]byte, 0, 2*idChars) // enough for every prefix
	return string(idEncoding.AppendEncode(append(text, prefix...), raw[:]))
}
