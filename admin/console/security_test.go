package console_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestSecurityIsFresh finds that every security setting asks for the password
// again once it was given too long ago, and that looking does not.
func TestSecurityIsFresh(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		clock := newClock()
		server, made := serve(t, db, clock.now)
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
		browse(http.MethodPost, "/console/sign-in", url.Values{"email": {made.Owner.Email}, "password": {password}})
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
		clock.pass(registry.FreshFor)
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

// TestWhatAsksAgain looks at everything that is mounted: security settings,
// members, signing keys and revoking all ask for the password again, whatever
// is added to them, and nothing else does.
func TestWhatAsksAgain(t *testing.T) {
	t.Parallel()
	clock := newClock()
	in, _ := serve(t, storagetest.Open(t, storagetest.Dialects()[0]), clock.now)
	owner := in.session(t)
	clock.pass(registry.FreshFor)
	asking := 0
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, path := range in.paths(method) {
			if path == "/console/sign-out" || strings.HasPrefix(path, "/console/sign-in") {
				continue // they would end the session
			}
			want := strings.HasSuffix(path, "/revoke-all")
			for _, settings := range []string{"/console/security/", "/console/members/", "/console/signing-keys/"} {
				want = want || strings.HasPrefix(path, settings) && path != "/console/members/kwc_00000000000000000000000000"
			}
			asks := in.bare(t, method, path, "", owner).Header.Get("Location") == "/console/sign-in-again?next="+url.QueryEscape(path)
			if asks != want {
				t.Errorf("%s %s asks for the password again: %v", method, path, asks)
			}
			if asks {
				asking++
			}
		}
	}
	if asking < 22 {
		t.Errorf("%d ask for the password again", asking)
	}
}
