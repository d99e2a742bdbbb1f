package signing_test

import (
	"crypto/ecdsa"
	"testing"

	"keywright/internal/vault"
	"keywright/registry"
)

// TestNoneIsVerifiedTwice swaps the keys of a ring behind its back: a token that
// it has read before is read on, another one is not.
func TestNoneIsVerifiedTwice(t *testing.T) {
	t.Parallel()
	sign, seal := keys(t, "key_sign", "key_seal")
	r := ring(t, []vault.SigningKey{sign}, []vault.TokenKey{seal})
	seen, unseen := map[string]string{}, map[string]string{}
	for format, make := range formats(r) {
		for _, raw := range []map[string]string{seen, unseen} {
			var err error
			token := example(t)
			token.JTI = newID(t, "jti_")
			if raw[format], err = make(token); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.ParseAccessToken(seen[format]); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
	}
	otherSign, otherSeal := keys(t, "key_sign", "key_seal")
	*sign.Private.(*ecdsa.PrivateKey) = *otherSign.Private.(*ecdsa.PrivateKey)
	*seal.Box = *otherSeal.Box
	for format := range seen {
		if _, err := r.ParseAccessToken(seen[format]); err != nil {
			t.Errorf("%s: a token that was read before: %v", format, err)
		}
		if _, err := r.ParseAccessToken(unseen[format]); causeOf(err) != registry.CauseBadSignature {
			t.Errorf("%s: a token of the key that is gone: got %v, want a bad signature", format, err)
		}
	}
}

// TestRefusedEachTime: a token with a good signature that is refused for what it
// says is not remembered as one that may be read.
func TestRefusedEachTime(t *testing.T) {
	t.Parallel()
	r, _ := newRing(t)
	foreign := example(t)
	foreign.Issuer = "https://another.example.com"
	for format, make := range formats(r) {
		raw, err := make(foreign)
		if err != nil {
			t.Fatal(err)
		}
		for before := range 3 {
			if _, err := r.ParseAccessToken(raw); causeOf(err) != registry.CauseMalformedToken {
				t.Errorf("%s, read %d times before: got %v, want a malformed token", format, before, err)
			}
		}
	}
}
