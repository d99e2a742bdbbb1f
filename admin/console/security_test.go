package console_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestSecurityIsFresh finds that every security setting asks for the password
// again once it was given too long ago, and that looking does not.
func TestSecurityIsFresh(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		server, made := serve(t, db, func() time.Time { return now })
		jar, err := cookiejar.New(nil)
		must(t, err)
		browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		browse := func(method, path string, form url.Values) (location string) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(form.Encode()))
			must(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, err := browser.Do(req)
			must(t, err)
			must(t, resp.Body.Close())
			return resp.Header.Get("Location")
		}
		browse(http.MethodPost, "/console/sign-in", url.Values{"email": {made.Owner.Email}, "password": {made.Password.Reveal()}})
		member := "/console/members/" + made.Owner.ID
		settings := []string{
			"/console/members/new", member + "/role", member + "/remove", "/console/signing-keys/rotate",
			"/console/security/password", "/console/security/policy", "/console/security/one-time-code",
			"/console/security/one-time-code/confirm", "/console/security/one-time-code/disable",
		}
		for _, path := range settings {
			if to := browse(http.MethodGet, path, nil); to != "" {
				t.Errorf("just after sign-in %s leads to %q", path, to)
			}
		}
		now = now.Add(registry.FreshFor)
		for _, path := range settings {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if to := browse(method, path, nil); to != "/console/sign-in-again?next="+url.QueryEscape(path) {
					t.Errorf("later %s %s leads to %q", method, path, to)
				}
			}
		}
		for _, path := range []string{"/console/security", "/console/members", member, "/console/signing-keys", "/console/sessions"} {
			if to := browse(http.MethodGet, path, nil); to != "" {
				t.Errorf("later %s leads to %q", path, to)
			}
		}
	})
}
