package registry

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The vectors are those of docs/api.md; none of them was ever a secret.
func TestSecretFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, prefix, text string
		want               bool
	}{
		{"zeros, client secret", "kws_", "kws_" + strings.Repeat("0", 56) + "0bc75c58", true},
		{"zeros, API token", "kwt_", "kwt_" + strings.Repeat("0", 56) + "24e374e0", true},
		{"other prefix", "kwt_", "kws_" + strings.Repeat("0", 56) + "0bc75c58", false},
		{"wrong check", "kws_", "kws_" + strings.Repeat("0", 56) + "0bc75c59", false},
		{"upper case", "kws_", "kws_" + strings.Repeat("0", 56) + "0BC75C58", false},
		{"too short", "kws_", "kws_" + strings.Repeat("0", 55) + "0bc75c58", false},
		{"trailing newline", "kws_", "kws_" + strings.Repeat("0", 56) + "0bc75c58\n", false},
		{"empty", "kws_", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, got := ParseSecretText(c.prefix, c.text); got != c.want {
				t.Errorf("ParseSecretText(%q) = %v, want %v", c.text, got, c.want)
			}
		})
	}
}

func TestNewSecretTextHasItsForm(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		s, err := NewSecretText(rand.Reader, PrefixClientSecret)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := ParseSecretText(PrefixClientSecret, s.Reveal()); !ok {
			t.Fatal("a generated secret does not parse")
		}
		if seen[s.Reveal()] {
			t.Fatal("a secret came twice")
		}
		seen[s.Reveal()] = true
	}
}

func TestSecretTextNeverShows(t *testing.T) {
	t.Parallel()
	s, err := NewSecretText(rand.Reader, PrefixAPITokenValue)
	if err != nil {
		t.Fatal(err)
	}
	wrapped := struct{ Secret SecretText }{s}
	encoded, err := json.Marshal(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("made", "secret", s, "wrapped", wrapped)
	for _, out := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", wrapped, wrapped, wrapped, s, s), string(encoded), logged.String()} {
		if strings.Contains(out, s.Reveal()[prefixChars:]) {
			t.Error("the plaintext was printed")
		}
	}
}

func TestMatchSecret(t *testing.T) {
	t.Parallel()
	var peppers, older Peppers
	older.Add("old", []byte("older pepper"))
	peppers.Add("new", []byte("newer pepper"))
	peppers.Add("old", []byte("older pepper"))
	texts := make([]SecretText, 3)
	for i := range texts {
		s, err := NewSecretText(rand.Reader, PrefixClientSecret)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = s
	}
	secrets := []Secret{{Digest: older.Digest(texts[0])}, {Digest: peppers.Digest(texts[1])}}
	for i, want := range []int{0, 1, -1} {
		if got := peppers.matchSecret(texts[i], secrets); got != want {
			t.Errorf("secret %d matches %d, want %d", i, got, want)
		}
	}
	if got := peppers.matchSecret(texts[0], nil); got != -1 {
		t.Errorf("an unknown client matches %d, want -1", got)
	}
}

func TestStatusAt(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)
	past, future := now.Add(-time.Second), now.Add(time.Second)
	for _, c := range []struct {
		name string
		c    Client
		want Status
	}{
		{"active", Client{IsActive: true}, StatusActive},
		{"active until later", Client{IsActive: true, ExpiresAt: future}, StatusActive},
		{"disabled", Client{}, StatusDisabled},
		{"pending", Client{IsActive: true, ConfirmBy: future}, StatusPending},
		{"disabled before pending", Client{ConfirmBy: future}, StatusDisabled},
		{"expired", Client{IsActive: true, ExpiresAt: past}, StatusExpired},
		{"expired at the very moment", Client{IsActive: true, ExpiresAt: now}, StatusExpired},
		{"expired before disabled", Client{ExpiresAt: past}, StatusExpired},
		{"revoked before all", Client{ExpiresAt: past, RevokedAt: past, ConfirmBy: future}, StatusRevoked},
	} {
		if got := c.c.StatusAt(now); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		token := APIToken{IsActive: c.c.IsActive, ExpiresAt: c.c.ExpiresAt, RevokedAt: c.c.RevokedAt}
		if want := c.want; want != StatusPending {
			if got := token.StatusAt(now); got != want {
				t.Errorf("API token, %s: got %s, want %s", c.name, got, want)
			}
		}
	}
	if (Client{ConfirmBy: future}).GoneAt(now) || !(Client{ConfirmBy: now}).GoneAt(now) {
		t.Error("a pending client is gone exactly from its deadline on")
	}
}

// BenchmarkMatchSecret shows that it costs the same whether a client exists,
// and however many secrets it has.
func BenchmarkMatchSecret(b *testing.B) {
	var peppers Peppers
	peppers.Add("current", []byte("a pepper"))
	presented, err := NewSecretText(rand.Reader, PrefixClientSecret)
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{0, 1, MaxLiveSecrets + deadSecretsKept} {
		secrets := make([]Secret, n)
		for i := range secrets {
			secrets[i].Digest = peppers.Digest(SecretText{string(rune('a' + i))})
		}
		b.Run(fmt.Sprint(n, " secrets"), func(b *testing.B) {
			for b.Loop() {
				peppers.matchSecret(presented, secrets)
			}
		})
	}
}

func FuzzSecretText(f *testing.F) {
	form := regexp.MustCompile(`^kw[ts]_[0-9a-f]{64}$`)
	for _, seed := range []string{
		"kwt_" + strings.Repeat("0", 56) + "24e374e0", "kws_" + strings.Repeat("0", 56) + "0bc75c58",
		"kwt_" + strings.Repeat("F", 64), "kwt_", "kwt_\x00", "",
	} {
		f.Add(seed, 0, byte('1'))
	}
	f.Fuzz(func(t *testing.T, text string, place int, other byte) {
		prefix := PrefixAPITokenValue
		if strings.HasPrefix(text, PrefixClientSecret) {
			prefix = PrefixClientSecret
		}
		s, ok := ParseSecretText(prefix, text)
		if ok && (!form.MatchString(text) || s.Reveal() != text) {
			t.Fatalf("%q was taken", text)
		}
		if !form.MatchString(text) {
			return
		}
		// With the check digits that it should have, it is taken; with one
		// character changed, it is not.
		body := text[:len(text)-secretCheckDigits]
		right := fmt.Sprintf("%s%08x", body, crc32.ChecksumIEEE([]byte(body)))
		if _, taken := ParseSecretText(prefix, right); !taken || ok != (text == right) {
			t.Errorf("%s: taken %t; with its check digits %t", text, ok, taken)
		}
		wrong := []byte(right)
		if at := int(uint(place) % uint(len(wrong))); wrong[at] != other {
			wrong[at] = other
			if _, taken := ParseSecretText(prefix, string(wrong)); taken {
				t.Errorf("%q was taken", wrong)
			}
		}
	})
}
