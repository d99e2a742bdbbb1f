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

var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns prefix and 128 bits read from random, in lower-case base32.
func NewID(random io.Reader, prefix string) (string, error) {
	var raw [idBytes]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("read randomness for an id: %w", err)
	}
	return prefix + idEncoding.EncodeToString(raw[:]), nil
}

// IsID tells whether id has the form of an identifier with that prefix. It is
// asked before the database is, so that hostile text never reaches a query.
func IsID(id, prefix string) bool {
	if len(id) != len(prefix)+idChars || !strings.HasPrefix(id, prefix) {
		return false
	}
	raw, err := idEncoding.DecodeString(id[len(prefix):])
	return err == nil && idEncoding.EncodeToString(raw) == id[len(prefix):]
}

// RawID is the random part of an identifier, for who keeps very many.
type RawID [idBytes]byte

// UnpackID returns the random part of an identifier with that prefix, or false
// if it is none.
func UnpackID(id, prefix string) (raw RawID, ok bool) {
	if len(id) != len(prefix)+idChars || !strings.HasPrefix(id, prefix) {
		return RawID{}, false
	}
	n, err := idEncoding.Decode(raw[:], []byte(id[len(prefix):]))
	return raw, err == nil && n == idBytes
}

// PackID is the reverse of UnpackID.
func PackID(raw RawID, prefix string) string { return prefix + idEncoding.EncodeToString(raw[:]) }
