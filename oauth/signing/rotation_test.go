package signing_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keywright/internal/vault"
	"keywright/oauth/signing"
	"keywright/registry"
)

// now is when the tokens of example are issued.
var now = time.Unix(1_700_000_000, 0)

// chain returns keys that become active at those times after now.
func chain(t testing.TB, active ...time.Duration) (keySet vault.AccessKeys) {
	t.Helper()
	keySet.ReadAt = now
	for i, d := range active {
		name := string(rune('a' + i))
		s, k := keys(t, "key_sign_"+name, "key_seal_"+name)
		s.ActiveFrom, k.ActiveFrom = now.Add(d), now.Add(d)
		keySet.Signing, keySet.Tokens = append(keySet.Signing, s), append(keySet.Tokens, k)
	}
	return keySet
}

// TestTheKeyIsThatOfTheMoment looks which one of three keys made a token: the
// one under which alone it is read.
func TestTheKeyIsThatOfTheMoment(t *testing.T) {
	t.Parallel()
	all := chain(t, 0, time.Hour, 2*time.Hour)
	r, err := signing.NewRing(issuer, func() time.Time { return now }, all)
	if err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]int{
		-time.Hour: 0, 0: 0, time.Hour - time.Second: 0, time.Hour: 1, 2*time.Hour - time.Second: 1, 2 * time.Hour: 2, 1000 * time.Hour: 2,
	} {
		token := example(t)
		token.IssuedAt, token.ExpiresAt = now.Add(after), now.Add(after+time.Minute)
		clock := now.Add(after)
		aged, err := signing.NewRing(issuer, func() time.Time { return clock }, all)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := aged.SigningKeyAge(), clock.Sub(all.Signing[want].ActiveFrom); got != want {
			t.Errorf("age after %s: got %s, want %s", after, got, want)
		}
		for format, make := range formats(r) {
			raw, err := make(token)
			if err != nil {
				t.Fatal(err)
			}
			for i := range all.Signing {
				alone, err := signing.NewRing(issuer, func() time.Time { return now },
					vault.AccessKeys{ReadAt: now, Signing: all.Signing[i : i+1], Tokens: all.Tokens[i : i+1]})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := alone.ParseAccessToken(raw); (err == nil) != (i == want) {
					t.Errorf("%s after %s: key %d reads it: %t, want key %d alone", format, after, i, err == nil, want)
				}
			}
			if _, err := r.ParseAccessToken(raw); err != nil {
				t.Errorf("%s after %s: %v", format, after, err)
			}
		}
	}
}

// TestAnOldCopyOfTheKeys makes nothing and calls nothing unknown, but reads on.
func TestAnOldCopyOfTheKeys(t *testing.T) {
	t.Parallel()
	clock := now
	mine, theirs := chain(t, 0), chain(t, 0)
	theirs.Signing[0].ID, theirs.Tokens[0].ID = "key_sign_x", "key_seal_x"
	r, err := signing.NewRing(issuer, func() time.Time { return clock }, mine)
	if err != nil {
		t.Fatal(err)
	}
	other, err := signing.NewRing(issuer, func() time.Time { return clock }, theirs)
	if err != nil {
		t.Fatal(err)
	}
	tokens, unknown := map[string]string{}, map[string]string{}
	for format := range formats(r) {
		if tokens[format], err = formats(r)[format](example(t)); err != nil {
			t.Fatal(err)
		}
		if unknown[format], err = formats(other)[format](example(t)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(fresh bool) {
		t.Helper()
		if _, cacheable := r.KeySet(); cacheable != fresh {
			t.Errorf("the key set may be cached: %t, want %t", cacheable, fresh)
		}
		for format, make := range formats(r) {
			if _, err := make(example(t)); (err == nil) != fresh || err != nil && registry.KindOf(err) != registry.KindUnavailable {
				t.Errorf("%s: making a token: got %v, want fresh %t", format, err, fresh)
			}
			if _, err := r.ParseAccessToken(tokens[format]); err != nil {
				t.Errorf("%s: reading its own token: %v", format, err)
			}
			_, err := r.ParseAccessToken(unknown[format])
			if unavailable := causeOf(err) == registry.CauseNone && registry.KindOf(err) == registry.KindUnavailable; unavailable == fresh {
				t.Errorf("%s: reading a token of an unknown key: got %v, want fresh %t", format, err, fresh)
			}
		}
	}
	clock = now.Add(registry.KeyCopyMaxAge)
	check(true)
	clock = clock.Add(time.Nanosecond)
	check(false)
	if _, err := r.ParseAccessToken("garbage"); causeOf(err) != registry.CauseMalformedToken {
		t.Errorf("garbage: got %v, want malformed", err)
	}
	mine.ReadAt = clock
	if err := r.Replace(mine); err != nil {
		t.Fatal(err)
	}
	check(true)
	if err := r.Replace(vault.AccessKeys{ReadAt: clock}); err == nil {
		t.Error("the ring took no keys at all")
	}
	check(true)
}

// TestReplacingUnderLoad makes and reads tokens while the keys change.
func TestReplacingUnderLoad(t *testing.T) {
	t.Parallel()
	all := chain(t, 0, time.Second, 2*time.Second)
	from := func(i int) vault.AccessKeys {
		return vault.AccessKeys{ReadAt: now, Signing: all.Signing[:i], Tokens: all.Tokens[:i]}
	}
	r, err := signing.NewRing(issuer, func() time.Time { return now }, from(1))
	if err != nil {
		t.Fatal(err)
	}
	var load sync.WaitGroup
	for i := range 4 {
		load.Go(func() {
			for n := range 50 {
				for format, make := range formats(r) {
					raw, err := make(example(t))
					if err == nil {
						_, err = r.ParseAccessToken(raw)
					}
					if err != nil {
						t.Errorf("%s: %v", format, err)
					}
				}
				if err := r.Replace(from(1 + (i+n)%3)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	load.Wait()
}

// algorithms returns a key for each.
func algorithms(t *testing.T) map[string]crypto.Signer {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]crypto.Signer{vault.ES256: ec, vault.RS256: rs, vault.EdDSA: ed}
}

// TestEveryAlgorithm lets a verifier who has the published keys alone read what
// each kind of key signs, and pins the kind to the key.
func TestEveryAlgorithm(t *testing.T) {
	t.Parallel()
	keySet := chain(t, 0)
	keySet.Signing = nil
	privates := algorithms(t)
	for algorithm, private := range privates {
		keySet.Signing = append(keySet.Signing, vault.SigningKey{ID: "key_" + algorithm, Algorithm: algorithm, Private: private})
	}
	ring, err := signing.NewRing(issuer, func() time.Time { return now }, keySet)
	if err != nil {
		t.Fatal(err)
	}
	var published jose.JSONWebKeySet
	jwks, _ := ring.KeySet()
	if err := json.Unmarshal(jwks, &published); err != nil || len(published.Keys) != len(privates) {
		t.Fatalf("got %d published keys, %v", len(published.Keys), err)
	}
	for algorithm, private := range privates {
		alone, err := signing.NewRing(issuer, func() time.Time { return now }, vault.AccessKeys{
			ReadAt: now, Tokens: keySet.Tokens, Signing: []vault.SigningKey{{ID: "key_" + algorithm, Algorithm: algorithm, Private: private}},
		})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := alone.Sign(example(t))
		if err != nil {
			t.Fatal(err)
		}
		token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
		if err != nil {
			t.Fatalf("%s: %v", algorithm, err)
		}
		if _, err := token.Verify(published); err != nil {
			t.Errorf("%s: a verifier with the published keys: %v", algorithm, err)
		}
		if _, err := ring.ParseAccessToken(raw); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
		confuse(t, ring, raw, algorithm, privates)
	}
}

// confuse presents a good token under the headers of other keys and algorithms.
func confuse(t *testing.T, ring *signing.Ring, raw, algorithm string, privates map[string]crypto.Signer) {
	t.Helper()
	_, rest, _ := strings.Cut(raw, ".")
	payload, signature, _ := strings.Cut(rest, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	for kid, private := range privates {
		header := func(alg string) string {
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `","kid":"key_` + kid + `","typ":"at+jwt"}`))
		}
		sign := func(alg jose.SignatureAlgorithm, key any) string {
			return signedWith(t, alg, key, headers{"typ": "at+jwt", "kid": "key_" + kid}, decoded)
		}
		forged := map[string]string{}
		for _, alg := range []string{"none", "HS256", "PS256", "RS384", "ES384", vault.ES256, vault.RS256, vault.EdDSA} {
			if alg != algorithm || kid != algorithm {
				forged[alg+" with the signature of "+algorithm] = header(alg) + "." + payload + "." + signature
			}
		}
		public, err := x509.MarshalPKIXPublicKey(private.Public())
		if err != nil {
			t.Fatal(err)
		}
		forged["HS256 keyed with the public key"] = sign(jose.HS256, public)
		if kid == vault.RS256 {
			forged["PS256 by the RSA key"] = sign(jose.PS256, private)
			forged["RS512 by the RSA key"] = sign(jose.RS512, private)
		}
		if kid != algorithm { // a good signature by one key under the name of another
			forged[algorithm+" by its key, named as another"] = sign(jose.SignatureAlgorithm(algorithm), privates[algorithm])
		}
		for name, token := range forged {
			if _, err := ring.ParseAccessToken(token); causeOf(err) == registry.CauseNone {
				t.Errorf("kid of %s, %s: the token is read", kid, name)
			}
		}
	}
}
