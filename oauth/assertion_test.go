package oauth

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"keywright/registry"
)

// TestAFailureCostsTheSame counts the keys that are tried: as many, however
// many the client has, or if there is no client.
func TestAFailureCostsTheSame(t *testing.T) {
	t.Parallel()
	segment := base64.RawURLEncoding.EncodeToString
	for _, algorithm := range []string{"ES256", "RS256", "PS256", "EdDSA", algEd25519} {
		for kid, want := range map[string]int{"": registry.MaxClientKeys, "a": 1, "z": 1} {
			header := `{"alg":"` + algorithm + `","kid":"` + kid + `"}`
			a, ok := readAssertion(segment([]byte(header)) + "." + segment([]byte(`{}`)) + "." + segment(make([]byte, 64)))
			if !ok {
				t.Fatalf("%s could not be read", header)
			}
			var keys []registry.ClientKey
			for _, name := range []string{"", "a", "b", "c", "d", "e"} {
				if name != "" {
					keys = append(keys, registry.ClientKey{ID: "jwk_" + name, PublicKey: registry.PublicKey{
						KeyID: name, Algorithm: a.algorithm, JWK: placeholders[a.algorithm].JWK,
					}})
				}
				if got := a.candidates(keys); len(got) != want {
					t.Errorf("%s: a client with %d keys has %d candidates, want %d", header, len(keys), len(got), want)
				}
			}
			if got := a.signer(keys); got != "" {
				t.Errorf("%s: signed by %q", header, got)
			}
		}
	}
}

func TestPlaceholdersAreKeys(t *testing.T) {
	t.Parallel()
	for _, algorithm := range assertionAlgorithms {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(placeholders[registeredAs(string(algorithm))].JWK); err != nil || !key.Valid() {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

// FuzzAssertion: nothing but what the key signed is taken for signed by it.
func FuzzAssertion(f *testing.F) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: private}, nil)
	if err != nil {
		f.Fatal(err)
	}
	payload := []byte(`{"iss":"a","sub":"a","aud":["x"],"jti":"j","exp":1e9}`)
	signed, err := signer.Sign(payload)
	if err != nil {
		f.Fatal(err)
	}
	good, err := signed.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	public, err := jose.JSONWebKey{Key: private.Public()}.MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	keys := []registry.ClientKey{{ID: "jwk_x", PublicKey: registry.PublicKey{Algorithm: "ES256", JWK: public}}}
	for _, seed := range []string{
		"", "..", good, strings.Repeat(".", 100), good + ".", strings.Replace(good, ".", "..", 1), good[:len(good)-3],
		base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + good[strings.IndexByte(good, '.'):],
		base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"Ed25519","crit":["b64"],"b64":false}`)) + good[strings.IndexByte(good, '.'):],
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, ok := readAssertion(text)
		if !ok {
			return
		}
		if a.signer(keys) != "" && !bytes.Equal(a.signed.UnsafePayloadWithoutVerification(), payload) {
			t.Fatalf("taken for signed: %q", text)
		}
		a.claims.end()
	})
}
