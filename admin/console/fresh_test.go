package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestFreshSignIn leaves a session alone for a while: password and code are
// asked for again before everything is revoked, and before nothing less.
func TestFreshSignIn(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		clock := newClock()
		server, made := serve(t, db, clock.now)
		browse := func(method, path, cookie string, form url.Values) (status int, header http.Header) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(form.Encode()))
			must(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Cookie", cookie)
			resp, err := http.DefaultTransport.RoundTrip(req)
			must(t, err)
			must(t, resp.Body.Close())
			return resp.StatusCode, resp.Header
		}
		in := url.Values{"email": {made.Owner.Email}, "password": {password}}
		signIn := func(path, cookie string) string {
			t.Helper()
			_, header := browse(http.MethodPost, path, cookie, in)
			cookie, _, _ = strings.Cut(header.Get("Set-Cookie"), ";")
			return cookie
		}
		cookie := signIn("/console/sign-in", "")
		for _, path := range []string{"/console/clients/revoke-all", "/console/tokens/revoke-all"} {
			if got, _ := browse(http.MethodGet, path, cookie, nil); got != http.StatusOK {
				t.Errorf("%s just after sign-in: %d", path, got)
			}
		}
		clock.pass(registry.FreshFor)
		if got, _ := browse(http.MethodGet, "/console/tokens", cookie, nil); got != http.StatusOK {
			t.Errorf("the list: %d", got)
		}
		all := url.Values{"target": {made.Organization.ID}, "typed": {made.Organization.Name}, "expectedCount": {"1"}}
		for _, path := range []string{"/console/clients/revoke-all", "/console/tokens/revoke-all"} {
			for method, form := range map[string]url.Values{http.MethodGet: nil, http.MethodPost: all} {
				want := "/console/sign-in-again?next=" + url.QueryEscape(path)
				_, header := browse(method, path, cookie, form)
				if got := header.Get("Location"); got != want {
					t.Errorf("%s %s leads to %q, want %q", method, path, got, want)
				}
			}
		}
		status, header := browse(http.MethodPost, "/console/tokens/revoke-all", signIn("/console/sign-in-again", cookie), all)
		if got := header.Get("Location"); status != http.StatusSeeOther || got != "/console/tokens" {
			t.Errorf("with a fresh password: %d, %q", status, got)
		}
	})
}
