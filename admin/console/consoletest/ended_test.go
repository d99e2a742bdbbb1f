package consoletest

import (
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestSessionEndsInAForm loses the session while a form is filled in: what was
// typed stays, and is taken once somebody has signed in in another tab.
func TestSessionEndsInAForm(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.signIn(t)
		p.open("/console/projects/new")
		p.fill("Name", "Apollo")
		s.signOutEverywhere(t)
		p.press("Make project")
		p.sees("you have to sign in again")
		p.hasFocus("Sign in in another tab")
		if got := ask[string](p, field("Name")+".value"); got != "Apollo" {
			t.Errorf("of the name %q is left", got)
		}
		p.check()
		p.signInBeside()
		p.press("Make project")
		p.sees("The project Apollo was made.")
		p.misses("you have to sign in again")

		made := s.makeClient(t, map[string]any{"name": "Importer", "scopes": []string{"documents"}})
		access := "/console/clients/" + made.ClientID + "/access"
		p.open(access)
		s.signOutEverywhere(t)
		ask[bool](p, `(document.querySelector("#range-0 input").focus(), true)`)
		p.types("203.0.113.7")
		p.key(kb.Tab)
		p.sees("you have to sign in again")
		if got := ask[string](p, `document.querySelector("#range-0 input").value`); got != "203.0.113.7" {
			t.Errorf("of the range %q is left", got)
		}

		p.signInBeside()
		p.open("/console/clients")
		s.signOutEverywhere(t)
		p.fill("Search", "imp")
		p.arrives("/console/sign-in")
		p.sees("Sign in to go on to the page you asked for.")
		p.check()
	})
}

// TestServerDoesNotAnswer loses the network while a form is filled in.
func TestServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.signIn(t)
		p.open("/console/projects/new")
		p.fill("Name", "Apollo")
		offline := func(yes bool) {
			call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
				MatchedNetworkConditions: []*network.Conditions{{Offline: yes, DownloadThroughput: -1, UploadThroughput: -1}},
			})
		}
		offline(true)
		p.press("Make project")
		p.sees("The server did not answer.")
		offline(false)
		p.mu.Lock()
		p.problems = nil // htmx complains aloud
		p.mu.Unlock()
		p.press("Make project")
		p.sees("The project Apollo was made.")
		p.misses("The server did not answer.")
	})
}

// signOutEverywhere ends all sessions of the owner, in another browser.
func (s *site) signOutEverywhere(t *testing.T) {
	t.Helper()
	p := s.signIn(t)
	p.press("Sign out")
	p.press("Sign out everywhere")
	p.sees("You are signed out.")
}

// signInBeside gives this browser a session, as another tab of it would.
func (p *tab) signInBeside() {
	p.t.Helper()
	done := ask[bool](p, `fetch("/console/sign-in", {method: "POST", body: new URLSearchParams({email: `+
		quote(p.site.email)+`, password: `+quote(p.site.password)+`})}).then((r) => r.redirected)`, chromedp.EvalAwaitPromise)
	if !done {
		p.t.Fatal("the sign-in was refused")
	}
}
