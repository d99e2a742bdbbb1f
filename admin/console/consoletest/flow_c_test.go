package consoletest

import (
	"net/http"
	"sync"
	"testing"

	browsers "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// TestFlowC generates client credentials in the side panel, copies them,
// revokes one by the menu of its row, and then all.
func TestFlowC(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.describeAPI(t)
		spared := s.makeToken(t, nil)
		p := s.signIn(t)
		folder := p.keepDownloads()
		p.open("/console/clients?status=active")
		var ids, secrets []string
		for _, name := range []string{"Importer", "Exporter", "Archiver"} {
			p.press("Add OAuth 2.0 API credentials")
			p.until("open the panel", `document.querySelector("dialog.panel:modal")`)
			p.fill("Name", name)
			p.tick("analytics")
			p.screenshot("client-panel")
			p.press("Generate credentials")
			p.sees("The secret is shown this once")
			if name == "Importer" {
				p.copies("the client id")
				p.copies("the client secret")
				p.check()
			}
			id, secret := p.keep(folder)
			ids, secrets = append(ids, id), append(secrets, secret)
			s.expectExchange(t, id, secret, http.StatusOK)
			p.open("/console/clients?status=active")
		}
		p.sees("Importer")
		p.check()
		p.screenshot("clients")

		p.press("Actions for Exporter")
		p.until("open the menu", `document.querySelector(".menu:popover-open")`)
		p.check()
		p.screenshot("row-menu")
		p.press("Revoke…")
		p.sees("This cannot be undone.")
		p.check()
		p.fill("Type Exporter to confirm", "Exporter")
		p.press("Revoke")
		p.sees("The client is revoked.")
		if got := p.path(); got != "/console/clients?status=active" {
			t.Errorf("it leads to %s, not back to the list", got)
		}
		p.misses("Exporter")
		s.expectExchange(t, ids[1], secrets[1], http.StatusUnauthorized)
		s.expectExchange(t, ids[2], secrets[2], http.StatusOK)

		p.press("Revoke all…")
		p.choose("Which ones", "Everything of Acme")
		p.press("Show what it would hit")
		p.sees("2 clients would be revoked")
		p.sees("Archiver")
		p.check()
		p.press("Revoke 2 clients")
		p.fill("Type Acme to confirm", "Acme")
		p.press("Revoke 2 clients")
		p.sees("2 clients revoked, for good.")
		for i, id := range ids {
			s.expectExchange(t, id, secrets[i], http.StatusUnauthorized)
		}
		p.expectAccepted(spared.Token, true)
		p.open("/console/clients?status=revoked")
		for _, name := range []string{"Importer", "Exporter", "Archiver"} {
			p.sees(name) // they stay listed
		}
		p.check()
	})
}

// clipboard is one for the whole browser.
var clipboard sync.Mutex

// copies checks that what is shown under that label is copied by its icon and
// by its text.
func (p *tab) copies(label string) {
	p.t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		call(p, browsers.SetPermission, browsers.SetPermissionParams{
			Permission: &browsers.PermissionDescriptor{Name: name}, Setting: browsers.PermissionSettingGranted,
			BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
		})
	}
	want := p.shown(label)
	clipboard.Lock()
	defer clipboard.Unlock()
	for what, button := range map[string]string{
		"icon": `document.querySelector("[aria-label=" + JSON.stringify(` + quote("Copy "+label) + `) + "]")`,
		"text": `document.querySelector("[title=" + JSON.stringify(` + quote("Copy "+label) + `) + "]")`,
	} {
		ask[bool](p, `navigator.clipboard.writeText("nothing").then(() => true)`, chromedp.EvalAwaitPromise)
		p.click("copy by the "+what, button)
		p.until("tell of it", `document.getElementById("status").textContent === `+quote("Copied "+label+"."))
		got := ask[string](p, `navigator.clipboard.readText()`, chromedp.EvalAwaitPromise)
		if got != want {
			p.t.Errorf("what is copied by the %s of %s is another text of %d characters", what, label, len(got))
		}
		ask[bool](p, `(document.getElementById("status").textContent = "") === ""`)
	}
}

// madeToken is an API token with its value.
type madeToken struct{ ID, Token string }

// makeToken makes one with the settings that in has beside the usual ones.
func (s *site) makeToken(t *testing.T, in map[string]any) madeToken {
	t.Helper()
	all := map[string]any{"name": "Nightly", "scopes": []string{"documents"}, "permissions": []string{"read"}}
	for name, value := range in {
		all[name] = value
	}
	var made madeToken
	s.call(t, http.MethodPost, "/v1/tokens", all, &made)
	return made
}
