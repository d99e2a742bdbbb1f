// Package password hashes the passwords of people with Argon2id (RFC 9106) and
// checks them. Secrets of machines are long and random and need no slow hash;
// they are not its business. It imports nothing of ours.
package password

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The second recommended option of RFC 9106 §4: 64 MiB, 3 passes, 4 lanes.
const (
	memoryKiB = 64 * 1024
	passes    = 3
	lanes     = 4
	saltBytes = 16
	hashBytes = 32
)

// What Verify accepts at most, so that a hash cannot be used to exhaust the machine.
const (
	maxMemoryKiB = 256 * 1024
	maxPasses    = 16
	maxLanes     = 16
)

var encoding = base64.RawStdEncoding.Strict()

// Hash returns the hash of password in PHC string format, with a salt read
// from random. It takes 64 MiB and some tens of milliseconds: callers bound
// how many run at once.
func Hash(random io.Reader, password string) (string, error) {
	salt := make([]byte, saltBytes)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fmt.Errorf("read randomness for a salt: %w", err)
	}
	sum := argon2.IDKey([]byte(password), salt, passes, memoryKiB, lanes, hashBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes,
		encoding.EncodeToString(salt), encoding.EncodeToString(sum)), nil
}

var errNotAHash = errors.New("not an Argon2id hash in PHC string format")

// none is the hash of no password: its sum is not the outcome of anything.
var none = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, lanes,
	encoding.EncodeToString(make([]byte, saltBytes)), encoding.EncodeToString(make([]byte, hashBytes)))

// Verify tells whether hash is that of password. It fails when hash is not one
// that Hash could have made with some reasonable cost.
func Verify(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return false, errNotAHash
	}
	var m, t, p uint32
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil ||
		parts[3] != fmt.Sprintf("m=%d,t=%d,p=%d", m, t, p) {
		return false, errNotAHash
	}
	if m == 0 || m > maxMemoryKiB || t == 0 || t > maxPasses || p == 0 || p > maxLanes {
		return false, errNotAHash
	}
	salt, saltErr := encoding.DecodeString(parts[4])
	want, sumErr := encoding.DecodeString(parts[5])
	if saltErr != nil || sumErr != nil || len(salt) < 8 || len(want) != hashBytes {
		return false, errNotAHash
	}
	got := argon2.IDKey([]byte(password), salt, t, m, uint8(p), hashBytes)
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
