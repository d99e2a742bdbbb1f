package jwk_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"keywright/internal/jwk"
	"keywright/registry"
)

// The keys of RFC 7515 §A.3, RFC 8037 §A.2 and RFC 7638 §3.1, whose
// thumbprints the last two tell.
const (
	ec  = `"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`
	okp = `"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
	rs  = `"kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"`

	ecThumbprint  = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
	okpThumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
	rsaThumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
)

func setOf(keys ...string) []byte {
	return []byte(`{"keys":[{` + strings.Join(keys, "},{") + `}]}`)
}

func TestParseSet(t *testing.T) {
	t.Parallel()
	got, broken := jwk.ParseSet(setOf(
		ec+`,"kid":"one","use":"sig","key_ops":["verify"],"x5u":"https://elsewhere.example","note":[1]`,
		okp+`,"alg":"Ed25519","kid":"two"`,
		rs+`,"alg":"PS256"`,
	))
	if len(broken) > 0 {
		t.Fatal(broken)
	}
	for i, key := range got {
		var members map[string]any
		if err := json.Unmarshal(key.JWK, &members); err != nil {
			t.Fatal(err)
		}
		for name := range members {
			if !slices.Contains(strings.Fields("kty crv x y n e kid use alg"), name) {
				t.Errorf("key %d kept %q", i, name)
			}
		}
		if members["kid"] != key.KeyID || members["alg"] != key.Algorithm || members["use"] != "sig" {
			t.Errorf("key %d: got %s", i, key.JWK)
		}
		// What was read once is read as the same again.
		again, broken := jwk.ParseSet([]byte(`{"keys":[` + string(key.JWK) + `]}`))
		if diff := cmp.Diff([]registry.PublicKey{key}, again); diff != "" || broken != nil {
			t.Errorf("key %d, read again: %v (-first +again):\n%s", i, broken, diff)
		}
		got[i].JWK = nil
	}
	want := []registry.PublicKey{
		{KeyID: "one", Algorithm: "ES256", Thumbprint: ecThumbprint},
		{KeyID: "two", Algorithm: "EdDSA", Thumbprint: okpThumbprint},
		{KeyID: rsaThumbprint, Algorithm: "PS256", Thumbprint: rsaThumbprint},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small, err := json.Marshal(jose.JSONWebKey{Key: &rsa.PublicKey{N: odd(1024), E: 65537}})
	if err != nil {
		t.Fatal(err)
	}
	inside := func(key any) string {
		raw, err := json.Marshal(jose.JSONWebKey{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Trim(string(raw), "{}")
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		set   []byte
		field string
	}{
		"nothing":                     {nil, ""},
		"no object":                   {[]byte(`[]`), ""},
		"no keys":                     {[]byte(`{"keys":[]}`), ""},
		"one key instead of a set":    {[]byte("{" + ec + "}"), ""},
		"keys in another case":        {[]byte(`{"KEYS":[{` + ec + `}]}`), ""},
		"keys twice":                  {[]byte(`{"keys":[{` + ec + `}],"keys":[{` + okp + `}]}`), ""},
		"too long":                    {setOf(ec + `,"note":"` + strings.Repeat("x", 16<<10) + `"`), ""},
		"a key that is no object":     {[]byte(`{"keys":[{` + ec + `},1]}`), ".keys[1]"},
		"a member twice":              {setOf(ec + `,"kty":"EC"`), ".keys[0]"},
		"a member of the wrong type":  {setOf(ec + `,"alg":1`), ".keys[0]"},
		"no kty":                      {setOf(`"x":"AA"`), ".keys[0].kty"},
		"a shared key":                {setOf(`"kty":"oct","k":"AAAA"`), ".keys[0].k"},
		"another kty":                 {setOf(`"kty":"AKP","alg":"ML-DSA-44","pub":"AA"`), ".keys[0].kty"},
		"a private EC key":            {setOf(ec + `,"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"`), ".keys[0].d"},
		"a private Ed25519 key":       {setOf(inside(private)), ".keys[0].d"},
		"a private member, null":      {setOf(ec, okp+`,"d":null`), ".keys[1].d"},
		"another curve":               {setOf(inside(p384.Public())), ".keys[0].crv"},
		"X25519":                      {setOf(`"kty":"OKP","crv":"X25519","x":"3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"`), ".keys[0].crv"},
		"a point off the curve":       {setOf(strings.Replace(ec, "x_FE", "x_FF", 1)), ".keys[0]"},
		"half a point":                {setOf(strings.Split(ec, `,"y"`)[0]), ".keys[0]"},
		"a point of low order":        {setOf(`"kty":"OKP","crv":"Ed25519","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"`), ".keys[0]"},
		"Ed25519, too short":          {setOf(`"kty":"OKP","crv":"Ed25519","x":"11qY"`), ".keys[0]"},
		"RSA without alg":             {setOf(rs), ".keys[0].alg"},
		"RSA for a third algorithm":   {setOf(rs + `,"alg":"RS512"`), ".keys[0].alg"},
		"EC for RS256":                {setOf(ec + `,"alg":"RS256"`), ".keys[0].alg"},
		"Ed25519 for ES256":           {setOf(okp + `,"alg":"ES256"`), ".keys[0].alg"},
		"alg none":                    {setOf(ec + `,"alg":"none"`), ".keys[0].alg"},
		"RSA too small":               {setOf(strings.Trim(string(small), "{}") + `,"alg":"RS256"`), ".keys[0]"},
		"RSA too large":               {setOf(inside(&rsa.PublicKey{N: odd(8193), E: 65537}) + `,"alg":"RS256"`), ".keys[0]"},
		"RSA, even":                   {setOf(inside(&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}) + `,"alg":"RS256"`), ".keys[0]"},
		"RSA, exponent 1":             {setOf(inside(&rsa.PublicKey{N: odd(2048), E: 1}) + `,"alg":"RS256"`), ".keys[0]"},
		"RSA, even exponent":          {setOf(inside(&rsa.PublicKey{N: odd(2048), E: 65536}) + `,"alg":"RS256"`), ".keys[0]"},
		"RSA, large exponent":         {setOf(strings.Replace(rs, "AQAB", "AQAAAAAAAAAB", 1) + `,"alg":"RS256"`), ".keys[0]"},
		"for encryption":              {setOf(ec + `,"use":"enc"`), ".keys[0].use"},
		"for signing":                 {setOf(ec + `,"key_ops":["verify","sign"]`), ".keys[0].key_ops"},
		"a long kid":                  {setOf(ec + `,"kid":"` + strings.Repeat("é", 201) + `"`), ".keys[0].kid"},
		"a control character in kid":  {setOf(ec + `,"kid":"a\u0000"`), ".keys[0].kid"},
		"a key twice":                 {setOf(ec, okp, ec+`,"kid":"other"`), ".keys[2]"},
		"a kid twice":                 {setOf(ec+`,"kid":"a"`, okp+`,"kid":"a"`), ".keys[1].kid"},
		"a kid that is a thumbprint":  {setOf(ec, okp+`,"kid":"`+ecThumbprint+`"`), ".keys[1].kid"},
		"one good key, one bad":       {setOf(ec, okp+`,"alg":"none"`), ".keys[1].alg"},
		"base64 with padding":         {setOf(strings.Replace(okp, `URo"`, `URo="`, 1)), ".keys[0]"},
		"a certificate does not help": {setOf(`"kty":"RSA","alg":"RS256","x5c":["` + base64.StdEncoding.EncodeToString([]byte("x")) + `"]`), ".keys[0]"},
	} {
		keys, broken := jwk.ParseSet(c.set)
		if len(keys) > 0 || len(broken) != 1 || broken[0].Field != c.field || broken[0].Message == "" {
			t.Errorf("%s: got %d keys, %v, want a rule broken at %q", name, len(keys), broken, c.field)
		}
	}
}

// odd is an odd number of that many bits.
func odd(bits uint) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	return n.Add(n, big.NewInt(1))
}

// FuzzSet: what is accepted can be used, and is accepted as the same again.
func FuzzSet(f *testing.F) {
	for _, seed := range [][]byte{nil, setOf(ec, okp, rs+`,"alg":"RS256"`), setOf(ec + `,"kid":"a","d":"x"`), []byte(`{"keys":[{}]}`)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, set []byte) {
		keys, broken := jwk.ParseSet(set)
		if (len(keys) == 0) != (len(broken) > 0) {
			t.Fatalf("%d keys and %d broken rules", len(keys), len(broken))
		}
		for _, key := range keys {
			var public jose.JSONWebKey
			if err := public.UnmarshalJSON(key.JWK); err != nil || !public.IsPublic() || key.KeyID == "" {
				t.Fatalf("%s: %v", key.JWK, err)
			}
			again, broken := jwk.ParseSet([]byte(`{"keys":[` + string(key.JWK) + `]}`))
			if len(broken) > 0 || again[0].Thumbprint != key.Thumbprint || string(again[0].JWK) != string(key.JWK) {
				t.Fatalf("%s became %v, %v", key.JWK, again, broken)
			}
		}
	})
}
