package signing_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"keywright/internal/seal"
	"keywright/internal/vault"
	"keywright/oauth/signing"
	"keywright/registry"
)

const issuer = "https://id.example.com"

// keys returns a signing key and a token key with those ids.
func keys(t testing.TB, signingID, tokenID string) (vault.SigningKey, vault.TokenKey) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, seal.KeyBytes)
	if _, err := rand.Read(secret); err != nil {
		t.Fatal(err)
	}
	box, err := seal.NewBox(rand.Reader, secret)
	if err != nil {
		t.Fatal(err)
	}
	return vault.SigningKey{ID: signingID, Algorithm: "ES256", Private: private}, vault.TokenKey{ID: tokenID, Box: box}
}

func ring(t testing.TB, signingKeys []vault.SigningKey, tokenKeys []vault.TokenKey) *signing.Ring {
	t.Helper()
	r, err := signing.NewRing(issuer, time.Now, vault.AccessKeys{ReadAt: time.Now(), Signing: signingKeys, Tokens: tokenKeys})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newRing(t testing.TB) (*signing.Ring, vault.SigningKey) {
	t.Helper()
	s, k := keys(t, "key_sign", "key_seal")
	return ring(t, []vault.SigningKey{s}, []vault.TokenKey{k}), s
}

func example(t testing.TB) registry.AccessToken {
	t.Helper()
	return registry.AccessToken{
		JTI: "a-jti", Issuer: issuer, SecretID: newID(t, registry.PrefixSecretRecord),
		ClientID: newID(t, registry.PrefixClient), OrganizationID: newID(t, registry.PrefixOrganization),
		ProjectID: newID(t, registry.PrefixProject), ApplicationID: newID(t, registry.PrefixApplication),
		Audience: []string{"https://api.example.com/a", "https://api.example.com/b"},
		Scopes:   []string{"documents:read", "documents:write"},
		Roles:    []string{"editor"}, Permissions: []string{"read"},
		IssuedAt: time.Unix(1_700_000_000, 0).UTC(), ExpiresAt: time.Unix(1_700_000_900, 0).UTC(), Rev: 42,
	}
}

func newID(t testing.TB, prefix string) string {
	t.Helper()
	id, err := registry.NewID(rand.Reader, prefix)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func formats(r *signing.Ring) map[string]func(registry.AccessToken) (string, error) {
	return map[string]func(registry.AccessToken) (string, error){
		registry.FormatJWT: r.Sign, registry.FormatOpaque: r.Seal,
	}
}

func TestTokensReadAsTheyWereMade(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	full, bare := example(t), example(t)
	bare.ProjectID, bare.ApplicationID, bare.SecretID = "", "", ""
	bare.Audience, bare.Scopes = []string{issuer}, []string{}
	bare.Roles, bare.Permissions = []string{}, []string{}
	for format, make := range formats(r) {
		for _, want := range []registry.AccessToken{full, bare} {
			raw, err := make(want)
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			got, err := r.ParseAccessToken(raw)
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", format, diff)
			}
		}
	}
}

func TestRotationKeepsOlderTokensReadable(t *testing.T) {
	t.Parallel()
	sign1, seal1 := keys(t, "key_sign1", "key_seal1")
	sign2, seal2 := keys(t, "key_sign2", "key_seal2")
	before := ring(t, []vault.SigningKey{sign1}, []vault.TokenKey{seal1})
	during := ring(t, []vault.SigningKey{sign1, sign2}, []vault.TokenKey{seal1, seal2})
	after := ring(t, []vault.SigningKey{sign2}, []vault.TokenKey{seal2})
	for format, make := range formats(before) {
		raw, err := make(example(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := during.ParseAccessToken(raw); err != nil {
			t.Errorf("%s during the rotation: %v", format, err)
		}
		_, err = after.ParseAccessToken(raw)
		if got := causeOf(err); got != registry.CauseBadSignature {
			t.Errorf("%s after the rotation: got %v, want %v", format, got, registry.CauseBadSignature)
		}
	}
}

func causeOf(err error) registry.Cause {
	if r, ok := errors.AsType[*registry.Refused](err); ok {
		return r.Cause
	}
	return registry.CauseNone
}

// TestNoOtherSpellingIsRead changes, cuts and extends good tokens at every place.
func TestNoOtherSpellingIsRead(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	for format, make := range formats(r) {
		raw, err := make(example(t))
		if err != nil {
			t.Fatal(err)
		}
		var spellings []string
		for i := range raw {
			spellings = append(spellings, raw[:i])
			if flipped := flipCase(raw, i); flipped != raw {
				spellings = append(spellings, flipped)
			}
			spellings = append(spellings, raw[:i]+"\n"+raw[i:])
		}
		// The last character of a part carries bits that a lax decoder ignores.
		for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
			if other := raw[:len(raw)-1] + string(c); other != raw {
				spellings = append(spellings, other)
			}
		}
		for _, tail := range []string{"=", ".", " ", "\n", "A", "AAAA", ".AAAA", "\x00"} {
			spellings = append(spellings, raw+tail, tail+raw)
		}
		for _, other := range spellings {
			if _, err := r.ParseAccessToken(other); causeOf(err) == registry.CauseNone {
				t.Errorf("%s: another spelling is read: %q", format, other)
			}
		}
	}
}

// TestARememberedTokenIsNoOther: a token that was verified does not vouch for
// a text that differs from it in any one character.
func TestARememberedTokenIsNoOther(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	want := example(t)
	for format, make := range formats(r) {
		raw, err := make(want)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			got, err := r.ParseAccessToken(raw) // remembered, from the second time on
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", format, diff)
			}
			for _, c := range []byte("A-\n") {
				tampered := raw[:i] + string(c) + raw[i+1:]
				if tampered == raw {
					continue
				}
				if _, err := r.ParseAccessToken(tampered); causeOf(err) == registry.CauseNone {
					t.Fatalf("%s, character %d: the token is read with %q there", format, i, c)
				}
			}
		}
	}
}

// TestARememberedTokenGoesWithItsKey: it is refused from the moment that the
// ring has the key no more.
func TestARememberedTokenGoesWithItsKey(t *testing.T) {
	t.Parallel()
	sign1, seal1 := keys(t, "key_sign1", "key_seal1")
	sign2, seal2 := keys(t, "key_sign2", "key_seal2")
	r := ring(t, []vault.SigningKey{sign1}, []vault.TokenKey{seal1})
	raw := map[string]string{}
	for format, make := range formats(r) {
		var err error
		if raw[format], err = make(example(t)); err != nil {
			t.Fatal(err)
		}
	}
	want := func(cause registry.Cause, when string) {
		t.Helper()
		for format, raw := range raw {
			if _, err := r.ParseAccessToken(raw); causeOf(err) != cause {
				t.Errorf("%s, %s: got %s, want %s", format, when, causeOf(err), cause)
			}
		}
	}
	replace := func(signing []vault.SigningKey, tokens ...vault.TokenKey) {
		t.Helper()
		if err := r.Replace(vault.AccessKeys{ReadAt: time.Now(), Signing: signing, Tokens: tokens}); err != nil {
			t.Fatal(err)
		}
	}
	want(registry.CauseNone, "read for the first time")
	want(registry.CauseNone, "read again")
	replace([]vault.SigningKey{sign1, sign2}, seal1, seal2)
	want(registry.CauseNone, "its key stands, beside another")
	replace([]vault.SigningKey{sign2}, seal2)
	want(registry.CauseBadSignature, "its key is gone")
	replace([]vault.SigningKey{sign1, sign2}, seal1, seal2)
	want(registry.CauseNone, "its key is back")
	namesake, sealNamesake := keys(t, "key_sign1", "key_seal3")
	replace([]vault.SigningKey{namesake, sign2}, sealNamesake, seal2)
	want(registry.CauseBadSignature, "another key has its place")
}

func flipCase(s string, i int) string {
	b := []byte(s)
	if c := b[i] | 0x20; c >= 'a' && c <= 'z' {
		b[i] ^= 0x20
	}
	return string(b)
}

type headers = map[jose.HeaderKey]any

// signedWith signs a payload whatever is wrong with it.
func signedWith(t *testing.T, alg jose.SignatureAlgorithm, key any, with headers, payload []byte) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, &jose.SignerOptions{ExtraHeaders: with})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestForgedJWTs(t *testing.T) {
	t.Parallel()
	r, key := newRing(t)
	attacker, _ := keys(t, key.ID, "key_seal")
	raw, err := r.Sign(example(t))
	if err != nil {
		t.Fatal(err)
	}
	good, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	payload := good.UnsafePayloadWithoutVerification()
	public, err := json.Marshal(jose.JSONWebKey{Key: key.Private.Public()})
	if err != nil {
		t.Fatal(err)
	}
	sign := func(alg jose.SignatureAlgorithm, with any, payload []byte, headers headers) string {
		if _, ok := headers["typ"]; !ok {
			headers["typ"] = "at+jwt"
		}
		if _, ok := headers["kid"]; !ok {
			headers["kid"] = key.ID
		}
		return signedWith(t, alg, with, headers, payload)
	}
	edited := func(from, to string) []byte { return bytes.Replace(payload, []byte(from), []byte(to), 1) }
	none := "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0" + raw[strings.Index(raw, "."):strings.LastIndex(raw, ".")+1]
	for name, token := range map[string]string{
		"alg none":             none,
		"alg none, signed":     none + raw[strings.LastIndex(raw, ".")+1:],
		"HS256, public key":    sign(jose.HS256, public, payload, headers{}),
		"another key":          sign(jose.ES256, attacker.Private, payload, headers{}),
		"jwk of the attacker":  sign(jose.ES256, attacker.Private, payload, headers{"jwk": jose.JSONWebKey{Key: attacker.Private.Public()}}),
		"jku":                  sign(jose.ES256, key.Private, payload, headers{"jku": "https://evil.example/jwks"}),
		"x5u":                  sign(jose.ES256, key.Private, payload, headers{"x5u": "https://evil.example/cert"}),
		"unknown crit":         sign(jose.ES256, key.Private, payload, headers{"crit": []string{"exp"}, "exp": 1}),
		"odd kid":              sign(jose.ES256, key.Private, payload, headers{"kid": "../../etc/passwd"}),
		"typ JWT":              sign(jose.ES256, key.Private, payload, headers{"typ": "JWT"}),
		"typ long form":        sign(jose.ES256, key.Private, payload, headers{"typ": "application/at+jwt"}),
		"another issuer":       sign(jose.ES256, key.Private, edited(issuer, "https://evil.example"), headers{}),
		"no audience":          sign(jose.ES256, key.Private, edited(`"aud":[`, `"aud":[],"x":[`), headers{}),
		"no jti":               sign(jose.ES256, key.Private, edited(`"jti":"a-jti"`, `"jti":""`), headers{}),
		"sub is not client_id": sign(jose.ES256, key.Private, edited(`"sub":"kwc_`, `"sub":"kwc-`), headers{}),
		"not JSON":             sign(jose.ES256, key.Private, []byte("{"), headers{}),
	} {
		if _, err := r.ParseAccessToken(token); causeOf(err) == registry.CauseNone {
			t.Errorf("%s: the token is read", name)
		}
	}
	if _, err := r.ParseAccessToken(sign(jose.ES256, key.Private, payload, headers{})); err != nil {
		t.Errorf("the forger of this test cannot even make a good token: %v", err)
	}
}

func TestTooLongIsNeitherMadeNorRead(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	long := example(t)
	long.Permissions = []string{strings.Repeat("p", signing.MaxTokenBytes)}
	for format, make := range formats(r) {
		if _, err := make(long); !errors.Is(err, signing.ErrTooLong) {
			t.Errorf("%s: got %v, want ErrTooLong", format, err)
		}
	}
	for _, raw := range []string{strings.Repeat(".", 100_000), signing.PrefixOpaque + strings.Repeat("A", 100_000)} {
		if _, err := r.ParseAccessToken(raw); causeOf(err) != registry.CauseMalformedToken {
			t.Errorf("%.8s…: got %v, want malformed", raw, err)
		}
	}
}

func TestAudienceIsAStringWhereThereIsOne(t *testing.T) {
	t.Parallel()
	for want, audience := range map[string]signing.Audience{
		`"a"`: {"a"}, `["a","b"]`: {"a", "b"},
	} {
		got, err := json.Marshal(audience)
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v; want %s", got, err, want)
		}
	}
}

func TestJWKSHasPublicHalvesOnly(t *testing.T) {
	t.Parallel()
	r, key := newRing(t)
	var set struct{ Keys []map[string]any }
	jwks, cacheable := r.KeySet()
	if err := json.Unmarshal(jwks, &set); err != nil || !cacheable {
		t.Fatal(err)
	}
	if len(set.Keys) != 1 {
		t.Fatalf("got %d keys, want 1", len(set.Keys))
	}
	got := set.Keys[0]
	for _, private := range []string{"d", "p", "q", "k"} {
		if _, ok := got[private]; ok {
			t.Errorf("the set has the private member %q", private)
		}
	}
	for member, want := range map[string]string{"kid": key.ID, "alg": "ES256", "use": "sig", "kty": "EC", "crv": "P-256"} {
		if got[member] != want {
			t.Errorf("%s: got %v, want %s", member, got[member], want)
		}
	}
}

func FuzzParseAccessToken(f *testing.F) {
	r, _ := newRing(f)
	for _, make := range formats(r) {
		raw, err := make(example(f))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, 0, byte(0))
		f.Add(raw, len(raw)/2, byte('A'))
	}
	f.Add("", 0, byte(0))
	f.Add("kwa_", 4, byte('='))
	f.Add("eyJhbGciOiJub25lIn0.e30.", 3, byte('.'))
	f.Fuzz(func(t *testing.T, raw string, at int, with byte) {
		if at >= 0 && at < len(raw) {
			raw = raw[:at] + string(with) + raw[at+1:]
		}
		got, err := r.ParseAccessToken(raw)
		if err != nil {
			if causeOf(err) == registry.CauseNone {
				t.Fatalf("refused without a cause: %v", err)
			}
			return
		}
		if got.JTI != "a-jti" || got.Issuer != issuer {
			t.Fatalf("a token was read that was never made: %+v", got)
		}
	})
}

func BenchmarkSign(b *testing.B)   { benchmarkMake(b, registry.FormatJWT) }
func BenchmarkSeal(b *testing.B)   { benchmarkMake(b, registry.FormatOpaque) }
func BenchmarkVerify(b *testing.B) { benchmarkParse(b, registry.FormatJWT) }
func BenchmarkOpen(b *testing.B)   { benchmarkParse(b, registry.FormatOpaque) }

func benchmarkMake(b *testing.B, format string) {
	r, _ := newRing(b)
	token := example(b)
	for b.Loop() {
		if _, err := formats(r)[format](token); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkParse(b *testing.B, format string) {
	r, _ := newRing(b)
	raw, err := formats(r)[format](example(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := r.ParseAccessToken(raw); err != nil {
			b.Fatal(err)
		}
	}
}
