package onetime_test

import (
	"crypto/rand"
	"encoding/base32"
	"net/url"
	"testing"
	"time"

	"keywright/internal/onetime"
)

// TestStep uses the vectors of RFC 6238 appendix B, cut to six digits.
func TestStep(t *testing.T) {
	t.Parallel()
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("12345678901234567890"))
	codes := onetime.NewCodes(rand.Reader)
	for unix, code := range map[int64]string{
		1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037",
	} {
		for skew, want := range map[int64]bool{-60: false, -30: true, 0: true, 30: true, 60: false} {
			step, ok := codes.Step(secret, code, time.Unix(unix+skew, 0))
			if ok != want || (ok && step != unix/30) {
				t.Errorf("the code of %d at %+d: got step %d, %v, want %d, %v", unix, skew, step, ok, unix/30, want)
			}
		}
	}
	for _, bad := range []string{"", "08180", "0818040", " 081804", "000000"} {
		if _, ok := codes.Step(secret, bad, time.Unix(1111111109, 0)); ok {
			t.Errorf("the code %q is accepted", bad)
		}
	}
	if _, ok := codes.Step("not base32!", "081804", time.Unix(1111111109, 0)); ok {
		t.Error("a secret that is none has a code")
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	codes := onetime.NewCodes(rand.Reader)
	secret, uri, err := codes.New("owner+x@example.com")
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := codes.New("owner+x@example.com")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	if len(secret) != 32 || secret == again || u.Query().Get("secret") != secret || u.Path != "/Keywright:owner+x@example.com" {
		t.Errorf("got %d characters of secret and the path %s", len(secret), u.Path)
	}
}
