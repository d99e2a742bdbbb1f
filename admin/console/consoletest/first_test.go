package consoletest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp/kb"
)

func TestSetUpSignInAndOut(t *testing.T) {
	t.Parallel()
	onEachEmptyDatabase(t, func(t *testing.T, s *site) {
		s.start(t)
		link, code := s.setupLink(t)
		p := s.tab(t)
		p.open(link)
		p.hidesCode(code)
		p.check()
		p.until("fill in the code", field("Set-up code")+".value === "+quote(code))
		p.until("go on at the next field", "document.activeElement === "+field("Organization"))
		p.screenshot("set-up")
		p.fill("Set-up code", "AAAAAA-BBBBBB-CCCCCC-DDDDDD")
		p.createsAcme()
		p.sees("older than an hour")
		p.check()
		p.open("/console")
		p.arrives("/console/setup")
		ask[bool](p, "location.assign("+quote(link)+"), true") // the page stays, and what is behind the # changes
		p.hidesCode(code)
		p.until("fill in the code", field("Set-up code")+".value === "+quote(code))
		p.createsAcme()
		p.sees("Keywright is set up")
		p.check()
		token := p.shown("the API token")
		late := s.tab(t)
		late.open(link)
		late.arrives("/console/sign-in")
		late.sees("This installation is set up already.")
		late.hidesCode(code)
		late.check()
		p.press("Sign in")
		p.arrives("/console/sign-in")
		p.lacks(token)
		p.travels(back, token)
		p.open("/console/sign-in")
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

// TestSetUpWithoutScript types the code.
func TestSetUpWithoutScript(t *testing.T) {
	t.Parallel()
	onEachEmptyDatabase(t, func(t *testing.T, s *site) {
		s.start(t)
		link, code := s.setupLink(t)
		p := s.withoutScript(t)
		p.open(link)
		p.fill("Set-up code", strings.ToLower(strings.ReplaceAll(code, "-", " ")))
		p.createsAcme()
		p.sees("Keywright is set up")
		p.check()
		p.press("Sign in")
		p.signInAs("owner@acme.example", "correct horse battery")
	})
}

// setupLink is the path that a new installation prints, and the code in it.
func (s *site) setupLink(t *testing.T) (path, code string) {
	t.Helper()
	printed := regexp.MustCompile(`: (http\S+)(/console/setup#(\S+)) \(or type the code (\S+) there\)\n$`).FindStringSubmatch(s.printed)
	if printed == nil || printed[1] != s.admin || printed[3] != printed[4] || !secretText.MatchString(printed[3]) {
		t.Fatalf("no link to the set-up was printed: %q", s.printed)
	}
	return printed[2], printed[3]
}

// createsAcme sends the set-up form, whose code is filled in already.
func (p *tab) createsAcme() {
	p.t.Helper()
	p.fill("Organization", "Acme")
	p.fill("Your e-mail", "owner@acme.example")
	p.fill("Password", "correct horse battery")
	p.press("Create the organization")
}

// hidesCode waits until the code is out of the address, and of the history.
func (p *tab) hidesCode(code string) {
	p.t.Helper()
	p.until("clean the address", "document.readyState === 'complete' && location.hash === ''")
	for _, entry := range call(p, page.GetNavigationHistory, cdp.Empty{}).Entries {
		if strings.Contains(entry.URL, code) {
			p.t.Errorf("the history has the set-up code: %s", entry.URL)
		}
	}
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
