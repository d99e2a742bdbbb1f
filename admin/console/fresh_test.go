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

// TestFreshSignIn leaves a session alone for a while, and goes on with the
// password of this moment to what asked for it.
func TestFreshSignIn(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		clock := newClock()
		in, made := serve(t, db, clock.now)
		owner := in.session(t)
		clock.pass(registry.FreshFor)
		const path = "/console/tokens/revoke-all"
		all := url.Values{"target": {made.Organization.ID}, "typed": {made.Organization.Name}, "expectedCount": {"1"}}.Encode()
		if got := in.bare(t, http.MethodPost, path, all, owner).Header.Get("Location"); got != signInAgain(path) {
			t.Errorf("with an old password: it leads to %q", got)
		}
		fresh := sessionOf(t, in.bare(t, http.MethodPost, "/console/sign-in-again", ownersForm("").Encode(), owner))
		resp := in.bare(t, http.MethodPost, path, all, fresh)
		if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != "/console/tokens" {
			t.Errorf("with a fresh password: %d, %q", resp.StatusCode, got)
		}
	})
}

// TestWhatAsksAgain looks at everything that is mounted: security settings,
// members, signing keys and revoking all ask for the password again once it
// was given too long ago, whatever is added to them, and nothing else does.
func TestWhatAsksAgain(t *testing.T) {
	t.Parallel()
	clock := newClock()
	in, _ := serve(t, storagetest.Open(t, storagetest.Dialects()[0]), clock.now)
	owner := in.session(t)
	asks := func(method, path string) bool {
		t.Helper()
		return in.bare(t, method, path, "", owner).Header.Get("Location") == signInAgain(path)
	}
	endsSession := func(path string) bool {
		return path == "/console/sign-out" || strings.HasPrefix(path, "/console/sign-in")
	}
	for _, path := range in.paths(http.MethodGet) {
		if !endsSession(path) && asks(http.MethodGet, path) {
			t.Errorf("%s asks for the password just after it was given", path)
		}
	}
	clock.pass(registry.FreshFor)
	asking := 0
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for _, path := range in.paths(method) {
			if endsSession(path) {
				continue
			}
			want := strings.HasSuffix(path, "/revoke-all")
			for _, settings := range []string{"/console/security/", "/console/members/", "/console/signing-keys/"} {
				want = want || strings.HasPrefix(path, settings) && path != "/console/members/kwc_00000000000000000000000000"
			}
			got := asks(method, path)
			if got != want {
				t.Errorf("%s %s asks for the password again: %v", method, path, got)
			}
			if got {
				asking++
			}
		}
	}
	if asking < 22 {
		t.Errorf("%d ask for the password again", asking)
	}
}

func signInAgain(next string) string {
	return "/console/sign-in-again?next=" + url.QueryEscape(next)
}
