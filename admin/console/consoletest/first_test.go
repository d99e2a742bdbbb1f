package consoletest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func TestSetUpSignInAndOut(t *testing.T) {
	t.Parallel()
	onEachEmptyDatabase(t, func(t *testing.T, s *site) {
		s.start(t)
		code := regexp.MustCompile(`with the code (\S+),`).FindStringSubmatch(s.printed)
		if code == nil {
			t.Fatalf("no set-up code was printed: %q", s.printed)
		}
		p := s.tab(t)
		p.open("/console")
		p.arrives("/console/setup")
		p.check()
		p.fill("Set-up code", "AAAAAA-BBBBBB-CCCCCC-DDDDDD")
		p.fill("Organization", "Acme")
		p.fill("Your e-mail", "owner@acme.example")
		p.fill("Password", "correct horse battery")
		p.press("Create the organization")
		p.sees("older than an hour")
		p.check()
		p.fill("Set-up code", strings.ToLower(code[1]))
		p.fill("Password", "correct horse battery")
		p.press("Create the organization")
		p.sees("Keywright is set up")
		p.check()
		p.press("Sign in")
		p.arrives("/console/sign-in")
		p.fill("E-mail", "owner@acme.example")
		p.fill("Password", "wrong horse battery")
		p.press("Sign in")
		p.sees("is not right")
		p.check()
		p.signInAs("owner@acme.example", "correct horse battery")
		p.sees("Three steps to the first access token")
		p.check()
		p.screenshot("overview-empty")

		p.press("Sign out")
		p.sees("You are signed in as owner@acme.example.")
		p.arrives("/console") // it is a dialog
		p.check()
		p.key(kb.Escape)
		p.sees("Overview")
		p.press("Sign out")
		p.press("Sign out everywhere")
		p.arrives("/console/sign-in")
		p.sees("You are signed out.")
		p.check()
		p.open("/console/setup")
		p.arrives("/console/sign-in")
	})
}

func TestClients(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.signIn(t)
		p.open("/console/clients")
		p.sees("There are no clients yet")
		p.check()
		var made struct{ Client struct{ ClientID string } }
		for _, name := range []string{"Importer", "Exporter"} {
			s.call(t, http.MethodPost, "/v1/clients", map[string]any{"name": name, "scopes": []string{"documents"}}, &made)
		}
		p.open("/console/clients")
		p.sees("Importer")
		p.check()
		p.screenshot("clients")
		p.fill("Search", "exp")
		p.misses("Importer")
		p.sees("Exporter")
		if got := p.path(); !strings.Contains(got, "q=exp") {
			t.Errorf("the filter is not in the address: %s", got)
		}
		p.check()
		p.press("Exporter")
		p.sees("Facts")
		p.check()
		p.width(360)
		p.check()
		p.open("/console/clients/kwc_00000000000000000000000000")
		p.sees("There is no such thing here")
		p.check()
	})
}

// TestWithoutScript does the same as plain pages.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.withoutScript(t)
		p.open("/console/clients?status=active")
		p.arrives("/console/sign-in")
		p.fill("E-mail", s.email)
		p.fill("Password", s.password)
		p.press("Sign in")
		p.arrives("/console/clients")
		p.check()
		p.choose("Status", "revoked")
		p.press("Filter")
		p.sees("No client fits.")
		p.check()
		p.press("Sign out")
		p.press("Sign out here")
		p.arrives("/console/sign-in")
	})
}
