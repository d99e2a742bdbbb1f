package oauth

import (
	"crypto/ed25519"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-jose/go-jose/v4/json"

	"keywright/oauth/signing"
	"keywright/registry"
)

// assertionType is the one client_assertion_type (RFC 7523 §2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	// maxAssertionBytes is room for the longest signature and generous claims.
	// A longer text is refused before any of it is decoded.
	maxAssertionBytes = 8 << 10
	maxJTIBytes       = 512

	// maxAssertionLife is how far ahead exp may lie, and assertionSkew how much
	// the clocks of caller and server may differ.
	maxAssertionLife = 10 * time.Minute
	assertionSkew    = 30 * time.Second
)

// algEd25519 is what RFC 9864 calls EdDSA with an Ed25519 key. Callers write
// the one or the other.
const algEd25519 = "Ed25519"

// assertionAlgorithms are those of client assertions, as the metadata names them.
var assertionAlgorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA, algEd25519}

// assertion is a client assertion (RFC 7523 §3) that was read and not verified.
type assertion struct {
	text      string
	signed    *jose.JSONWebSignature
	algorithm string // as keys are registered with
	claims    assertionClaims
}

// assertionClaims are the claims that are looked at. Times are seconds since
// 1970, and may have a fraction (RFC 7519 §2).
type assertionClaims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  signing.Audience `json:"aud"`
	ExpiresAt float64          `json:"exp"`
	IssuedAt  float64          `json:"iat"` // 0: not there
	NotBefore float64          `json:"nbf"` // 0: not there
	ID        string           `json:"jti"`
}

// readAssertion reads an assertion, and tells whether it is one. Nothing of the
// header has a say but alg and kid: keys come from the client's record alone.
func readAssertion(text string) (*assertion, bool) {
	// Bounded and counted before anything is split or decoded.
	if len(text) > maxAssertionBytes || strings.Count(text, ".") != 2 {
		return nil, false
	}
	signed, err := jose.ParseSignedCompact(text, assertionAlgorithms)
	if err != nil {
		return nil, false
	}
	header := signed.Signatures[0].Header
	if _, critical := header.ExtraHeaders["crit"]; critical { // no extension is understood here (RFC 7515 §4.1.11)
		return nil, false
	}
	a := &assertion{text: text, signed: signed, algorithm: registeredAs(header.Algorithm)}
	// This parser takes names as they are written and none twice.
	if err := strict.Unmarshal(signed.UnsafePayloadWithoutVerification(), &a.claims); err != nil {
		return nil, false
	}
	return a, true
}

// registeredAs is the algorithm that the keys for an alg are registered with.
func registeredAs(alg string) string {
	if alg == algEd25519 {
		return string(jose.EdDSA)
	}
	return alg
}

// signer returns the id of the key that signed the assertion, or nothing.
func (a *assertion) signer(keys []registry.ClientKey) string {
	for _, key := range a.candidates(keys) {
		if a.signedBy(key) {
			return key.ID // a placeholder has none
		}
	}
	return ""
}

// candidates are the keys to try: one where kid names it, and as many as a
// client can have where it does not. Placeholders make up the number, so that
// a failure costs the same whatever keys the client has, or if there is none.
// What is left is that keys of one algorithm may differ in size.
func (a *assertion) candidates(keys []registry.ClientKey) []registry.ClientKey {
	kid, number := a.signed.Signatures[0].Header.KeyID, registry.MaxClientKeys
	if kid != "" {
		number = 1
	}
	fit := slices.DeleteFunc(slices.Clone(keys), func(k registry.ClientKey) bool {
		return k.Algorithm != a.algorithm || kid != "" && k.KeyID != kid
	})
	for len(fit) < number {
		fit = append(fit, placeholders[a.algorithm])
	}
	return fit
}

func (a *assertion) signedBy(key registry.ClientKey) bool {
	var public jose.JSONWebKey
	if err := public.UnmarshalJSON(key.JWK); err != nil {
		return false
	}
	signature := a.signed.Signatures[0]
	if ed, ok := public.Key.(ed25519.PublicKey); ok && signature.Header.Algorithm == algEd25519 {
		// The library knows this algorithm by its older name alone.
		return ed25519.Verify(ed, []byte(a.text[:strings.LastIndexByte(a.text, '.')]), signature.Signature)
	}
	_, err := a.signed.Verify(public.Key)
	return err == nil
}

// placeholders stand for the keys that a client does not have. Nothing that
// they verify counts.
var placeholders = map[string]registry.ClientKey{
	string(jose.ES256): placeholder(`{"kty":"EC","crv":"P-256","x":"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY","y":"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"}`),
	string(jose.RS256): placeholder(rsaPlaceholder),
	string(jose.PS256): placeholder(rsaPlaceholder),
	string(jose.EdDSA): placeholder(`{"kty":"OKP","crv":"Ed25519","x":"WGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY"}`),
}

var rsaPlaceholder = `{"kty":"RSA","e":"AQAB","n":"` + strings.Repeat("_", 341) + `w"}` // 2048 ones

func placeholder(jwk string) registry.ClientKey {
	return registry.ClientKey{PublicKey: registry.PublicKey{JWK: []byte(jwk)}}
}

// end is from when on the assertion is refused for its age.
func (c assertionClaims) end() time.Time {
	return time.UnixMicro(int64(c.ExpiresAt * 1e6)).Add(assertionSkew)
}

// check tells why the claims of an assertion are refused, or CauseNone.
// audiences are the names that this endpoint goes by; clientID is that of the
// form, which may be empty.
func (c assertionClaims) check(now time.Time, audiences []string, clientID string) registry.Cause {
	at := float64(now.UnixMicro()) / 1e6
	latest := at + assertionSkew.Seconds()
	switch {
	case c.Issuer != c.Subject || clientID != "" && clientID != c.Subject,
		c.ID == "" || len(c.ID) > maxJTIBytes,
		c.ExpiresAt <= 0 || c.ExpiresAt > latest+maxAssertionLife.Seconds(),
		c.IssuedAt > latest, c.NotBefore > latest:
		return registry.CauseAssertionClaims
	case len(c.Audience) != 1 || !slices.Contains(audiences, c.Audience[0]):
		// One that is meant for others, too, could be used by them here.
		return registry.CauseAssertionAudience
	case at >= c.ExpiresAt+assertionSkew.Seconds():
		return registry.CauseAssertionExpired
	}
	return registry.CauseNone
}
