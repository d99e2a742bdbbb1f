package consoletest

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"keywright/internal/testotp"
)

func TestSignInWithOneTimeCode(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		client := s.person(t)
		var made struct{ OneTimeSecret string }
		s.callAs(t, client, http.MethodPost, "/v1/me/one-time-code", map[string]string{"password": s.password}, &made)
		// Each code works once: the one before, the present, and the next.
		now := time.Now()
		code := func(later time.Duration) string { return testotp.Code(t, made.OneTimeSecret, now.Add(later)) }
		s.callAs(t, client, http.MethodPost, "/v1/me/one-time-code/confirm", map[string]string{"code": code(-30 * time.Second)}, nil)

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
