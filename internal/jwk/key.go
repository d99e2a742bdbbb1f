package jwk

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-jose/go-jose/v4/json"

	"keywright/registry"
)

const (
	minRSABits  = 2048
	maxRSABits  = 8192
	maxExponent = 1<<31 - 1
	maxKeyID    = 200 // characters

	// algEd25519 is the name of RFC 9864 for what EdDSA means with such a key.
	algEd25519 = "Ed25519"
)

// members are those of a key that are looked at (RFC 7517 §4, RFC 7518 §6).
// Others are ignored, and not kept.
type members struct {
	Type       string   `json:"kty"`
	Curve      string   `json:"crv"`
	Algorithm  string   `json:"alg"`
	Use        string   `json:"use"`
	Operations []string `json:"key_ops"`
	KeyID      string   `json:"kid"`
}

// private are the members that only a private or shared key has.
var private = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

func parseKey(raw []byte) (registry.PublicKey, *breach) {
	var all map[string]json.RawMessage
	var m members
	if strict.Unmarshal(raw, &all) != nil || strict.Unmarshal(raw, &m) != nil {
		return registry.PublicKey{}, &breach{"", "must be a JSON Web Key"}
	}
	for _, name := range private {
		if _, has := all[name]; has {
			return registry.PublicKey{}, &breach{"." + name, "must not be there: register the public key alone"}
		}
	}
	algorithm, wrong := m.algorithm()
	if wrong != nil {
		return registry.PublicKey{}, wrong
	}
	if wrong := m.check(); wrong != nil {
		return registry.PublicKey{}, wrong
	}
	public, wrong := publicKey(m.Type, all)
	if wrong != nil {
		return registry.PublicKey{}, wrong
	}
	return canonical(public, m.KeyID, algorithm)
}

// algorithm is the one algorithm that the key is for. An RSA key must say
// which, because both of its kinds fit it.
func (m members) algorithm() (string, *breach) {
	var fit []string
	switch {
	case m.Type == "EC" && m.Curve == "P-256":
		fit = []string{string(jose.ES256)}
	case m.Type == "OKP" && m.Curve == "Ed25519":
		fit = []string{string(jose.EdDSA), algEd25519}
	case m.Type == "RSA":
		fit = []string{string(jose.RS256), string(jose.PS256)}
	case m.Type == "EC":
		return "", &breach{".crv", "must be P-256"}
	case m.Type == "OKP":
		return "", &breach{".crv", "must be Ed25519"}
	default:
		return "", &breach{".kty", "must be EC, RSA or OKP"}
	}
	switch {
	case m.Algorithm == "" && m.Type == "RSA":
		return "", &breach{".alg", "is required for an RSA key: RS256 or PS256"}
	case m.Algorithm == "" || m.Algorithm == algEd25519 && m.Type == "OKP":
		return fit[0], nil
	}
	for _, algorithm := range fit {
		if m.Algorithm == algorithm {
			return algorithm, nil
		}
	}
	return "", &breach{".alg", "must be " + strings.Join(fit, " or ") + " for this key"}
}

func (m members) check() *breach {
	switch {
	case m.Use != "" && m.Use != "sig":
		return &breach{".use", "must be sig, if it is there"}
	case len(m.Operations) > 0 && (len(m.Operations) != 1 || m.Operations[0] != "verify"):
		return &breach{".key_ops", "must be verify alone, if it is there"}
	case !utf8.ValidString(m.KeyID) || utf8.RuneCountInString(m.KeyID) > maxKeyID || strings.ContainsFunc(m.KeyID, unicode.IsControl):
		return &breach{".kid", fmt.Sprintf("must have at most %d characters, and no control characters", maxKeyID)}
	}
	return nil
}

// rules are what makes up a key of each type, in base64url (RFC 7518 §6).
var rules = map[string]string{
	"EC":  "x and y must be a point on P-256",
	"OKP": "x must be a point on Ed25519, and not one of low order",
	"RSA": fmt.Sprintf("n must be odd and have %d to %d bits, e be odd and lie between 3 and %d", minRSABits, maxRSABits, maxExponent),
}

// publicKey reads the key itself from the members that make it up.
func publicKey(keyType string, all map[string]json.RawMessage) (crypto.PublicKey, *breach) {
	bare := map[string]json.RawMessage{}
	for _, name := range []string{"kty", "crv", "x", "y", "n", "e"} {
		if value, has := all[name]; has {
			bare[name] = value
		}
	}
	raw, err := json.Marshal(bare)
	if err != nil {
		return nil, &breach{"", rules[keyType]}
	}
	var key jose.JSONWebKey
	if err := key.UnmarshalJSON(raw); err != nil || !key.Valid() || !fits(key.Key) {
		return nil, &breach{"", rules[keyType]}
	}
	return key.Key, nil
}

// fits tells whether a valid key is public, and of a size that verifies well.
func fits(key crypto.PublicKey) bool {
	switch key := key.(type) {
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	case *rsa.PublicKey:
		bits := key.N.BitLen()
		return bits >= minRSABits && bits <= maxRSABits && key.N.Bit(0) == 1 &&
			key.E >= 3 && key.E <= maxExponent && key.E%2 == 1
	}
	return false
}

// canonical writes a key in the one form in which it is kept and shown.
func canonical(public crypto.PublicKey, keyID, algorithm string) (registry.PublicKey, *breach) {
	key := jose.JSONWebKey{Key: public, KeyID: keyID, Algorithm: algorithm, Use: "sig"}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return registry.PublicKey{}, &breach{"", "must be a public key"}
	}
	thumbprint := base64.RawURLEncoding.EncodeToString(sum)
	if keyID == "" {
		key.KeyID = thumbprint
	}
	raw, err := key.MarshalJSON()
	if err != nil {
		return registry.PublicKey{}, &breach{"", "must be a public key"}
	}
	return registry.PublicKey{KeyID: key.KeyID, Algorithm: algorithm, Thumbprint: thumbprint, JWK: raw}, nil
}
