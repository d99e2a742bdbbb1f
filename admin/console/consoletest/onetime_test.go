package consoletest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// oneTimeCode is what an authenticator app shows (RFC 6238).
func oneTimeCode(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	must(t, err)
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:offset+4])&0x7fffffff%1_000_000)
}

// person is somebody signed in to the admin API.
func (s *site) person(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	client := &http.Client{Jar: jar}
	s.send(t, client, "/v1/sessions", map[string]string{"email": s.email, "password": s.password}, nil)
	return client
}

func (s *site) send(t *testing.T, client *http.Client, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	must(t, err)
	resp, err := client.Post(s.admin+path, "application/json", bytes.NewReader(body))
	must(t, err)
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		t.Fatalf("POST %s: %s", path, resp.Status)
	}
	if out != nil {
		must(t, json.NewDecoder(resp.Body).Decode(out))
	}
}

func TestSignInWithOneTimeCode(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		client := s.person(t)
		var made struct{ OneTimeSecret string }
		s.send(t, client, "/v1/me/one-time-code", map[string]string{"password": s.password}, &made)
		// Each code works once: the one before, the present, and the next.
		now := time.Now()
		code := func(later time.Duration) string { return oneTimeCode(t, made.OneTimeSecret, now.Add(later)) }
		s.send(t, client, "/v1/me/one-time-code/confirm", map[string]string{"code": code(-30 * time.Second)}, nil)

		p := s.tab(t)
		p.open("/console/sign-in?next=/console/clients")
		p.fill("E-mail", s.email)
		p.fill("Password", s.password)
		p.press("Sign in")
		p.fill("One-time code", "000000")
		p.check()
		if page := p.received(); bytes.Contains([]byte(page), []byte(s.password)) {
			t.Error("the password is in the page that asks for the code")
		}
		p.press("Continue")
		p.sees("is not right")
		p.fill("One-time code", code(0))
		p.press("Continue")
		p.arrives("/console/clients")

		p.open("/console/sign-in-again?next=/console/clients")
		p.check()
		p.fill("Password", s.password)
		p.press("Continue")
		p.fill("One-time code", code(30*time.Second))
		p.press("Continue")
		p.arrives("/console/clients")
	})
}

// TestGuessingIsSlowedDown tries wrong passwords until the page says how long
// to wait, as the header does.
func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.tab(t)
		p.open("/console/sign-in")
		for range 6 {
			p.fill("E-mail", s.email)
			p.fill("Password", "wrong horse battery")
			p.press("Sign in")
			p.until("be refused", `document.querySelector(".problems") && !document.querySelector("[name=password]").value`)
		}
		p.sees("Too many attempts. Try again in ")
		p.check()
		p.screenshot("too-many-attempts")
		form := url.Values{"email": {s.email}, "password": {s.password}}
		resp := s.browse(t, http.MethodPost, "/console/sign-in", nil, nil, form)
		if wait, err := strconv.Atoi(resp.Header.Get("Retry-After")); resp.StatusCode != http.StatusTooManyRequests || err != nil || wait < 1 || wait > 15 {
			t.Errorf("another try: %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
		}
	})
}
