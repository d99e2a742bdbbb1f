package consoletest

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// secretText is a secret of a client, the value of an API token or a set-up
// code: what must never stand in an address.
var secretText = regexp.MustCompile(`kw[st]_[0-9A-Za-z]{20}|([A-Z2-7]{6}-){3}[A-Z2-7]{6}`)

// secretPages lead to the pages that show something once; each returns it.
var secretPages = map[string]func(p *tab) string{
	"new client": func(p *tab) string {
		p.open("/console/clients/new")
		p.fill("Name", "Importer")
		p.fill("Scopes that are not listed", "documents")
		p.press("Generate credentials")
		return p.shown("the client secret")
	},
	"new API token": func(p *tab) string {
		p.open("/console/tokens/new")
		p.fill("Name", "Nightly")
		p.choose("Type", "organization: all projects")
		p.fill("Permissions", "read")
		p.fill("Scopes", "documents")
		p.press("Create API token")
		return p.shown("the API token")
	},
	"new member": func(p *tab) string {
		p.open("/console/members/new")
		p.fill("E-mail", "ada"+time.Now().Format("150405.000000")+"@acme.example")
		p.press("Make member")
		return p.shown("the password")
	},
	"one-time codes": func(p *tab) string {
		p.open("/console/security/one-time-code")
		p.fill("Your password", p.site.password)
		p.press("Show the secret")
		return p.shown("the secret")
	},
}

// TestNothingIsLeftBehind leaves each page that shows a secret, and looks for
// it in every place where a browser keeps something.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.signIn(t)
		for name, show := range secretPages {
			secret := show(p)
			if len(secret) < 16 {
				t.Fatalf("%s: what is shown is no secret", name)
			}
			p.keepsNoForm(secret)
			// By a link, as the page itself leads on.
			p.until("leave "+name, `((a) => { a.click(); return true })(document.querySelector("dialog[open] a, main .actions a, nav.side a[href='/console/audit']"))`)
			p.until("leave "+name, "!document.querySelector('[data-once]')")
			p.lacks(secret)
			p.travels(back, secret)
			p.travels(forward, secret)
			p.travels(reload, secret)

			// By the address bar: the browser may keep the page as it was.
			secret = show(p)
			p.open("/console/audit")
			p.lacks(secret)
			p.travels(back, secret)
			secret = show(p)
			p.travels(reload, secret)
			p.keepsNothing(secret)
		}
	})
}

// TestNothingIsLeftBehindWithoutScript does so as plain pages: a browser asks
// whether to send the form again, and shows nothing of the answer.
func TestNothingIsLeftBehindWithoutScript(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.withoutScript(t).signIn()
		secret := secretPages["new API token"](p)
		p.press("Done")
		p.sees("Facts")
		p.lacks(secret)
		p.travels(back, secret)
		p.open("/console/tokens/new")
		p.keepsNothing(secret)
	})
}

// How to move as with the buttons of the browser.
const (
	back    = -1
	reload  = 0
	forward = 1
)

// travels moves in the history, and finds that the secret is on no page that
// comes, and in no entry.
func (p *tab) travels(by int64, secret string) {
	p.t.Helper()
	at := ask[string](p, "window.departed = true, location.href + document.querySelector('h1')?.textContent")
	history := call(p, page.GetNavigationHistory, cdp.Empty{})
	for _, entry := range history.Entries {
		if strings.Contains(entry.URL+entry.UserTypedURL+entry.Title, secret) {
			p.t.Errorf("the history has what was shown once at %s", p.path())
		}
	}
	if by == reload {
		call(p, page.Reload, page.ReloadParams{})
	} else {
		call(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex+by].ID})
	}
	p.until("leave "+at, "document.readyState === 'complete' && (!window.departed || location.href + document.querySelector('h1')?.textContent !== "+quote(at)+")")
	p.lacks(secret)
}

// keepsNoForm finds that the browser is told to keep none of the fields that
// hold the secret.
func (p *tab) keepsNoForm(secret string) {
	p.t.Helper()
	if kept := ask[int](p, `[...document.querySelectorAll("input, textarea")].filter((f) => f.value.includes(`+quote(secret)+
		`) && f.autocomplete !== "off" && (!f.form || f.form.autocomplete !== "off")).length`); kept > 0 {
		p.t.Errorf("%s has %d fields with the secret that a browser may keep", p.path(), kept)
	}
}

// keepsNothing looks into what pages can store, and into the cache.
func (p *tab) keepsNothing(secret string) {
	p.t.Helper()
	kept := ask[string](p, `(async () => {
		const all = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, JSON.stringify(history.state), window.name,
			JSON.stringify(await caches.keys()), JSON.stringify(await indexedDB.databases())];
		for (const address of performance.getEntriesByType("resource").map((e) => e.name).filter((a) => !a.includes("/static/")).concat(location.href)) {
			try {
				const answer = await fetch(address, {cache: "only-if-cached", mode: "same-origin"});
				all.push("cached: " + address, await answer.text());
			} catch { /* it is not there */ }
		}
		all.push(await (await fetch(location.href)).text()); // as another tab would
		return all.join("\n");
	})()`, chromedp.EvalAwaitPromise)
	if strings.Contains(kept, secret) {
		p.t.Errorf("the browser still has what was shown once at %s", p.path())
	}
	if strings.Contains(kept, "cached: ") {
		p.t.Errorf("a page was cached: %.300s", kept)
	}
}
