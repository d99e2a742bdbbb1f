package password_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"keywright/internal/password"
)

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	hash, err := password.Hash(rand.Reader, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	again, err := password.Hash(rand.Reader, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if hash == again || !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=4$") {
		t.Errorf("two hashes of one password are %s and %s", hash, again)
	}
	for text, want := range map[string]bool{"correct horse": true, "correct horse ": false, "": false} {
		if got, err := password.Verify(hash, text); err != nil || got != want {
			t.Errorf("Verify(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

// TestVerifyKnownAnswer uses the vector of another implementation
// (phc-winner-argon2, test.c).
func TestVerifyKnownAnswer(t *testing.T) {
	t.Parallel()
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := password.Verify(hash, "password"); err != nil || !ok {
		t.Errorf("got %v, %v, want true", ok, err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("")
	f.Add("$argon2id$v=19$m=65536,t=3,p=4$$")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Fuzz(func(t *testing.T, hash string) {
		if ok, _ := password.Verify(hash, "a password that nobody hashed"); ok {
			t.Errorf("%q verifies", hash)
		}
	})
}
