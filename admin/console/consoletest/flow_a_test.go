package consoletest

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestFlowA adds OAuth 2.0 API credentials, which authenticate once they were
// downloaded and added, and revokes and removes them. The audit keeps them.
func TestFlowA(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.describeAPI(t)
		p := s.signIn(t)
		folder := p.keepDownloads()
		p.press("Clients")
		p.arrives("/console/clients")
		p.press("Add OAuth 2.0 API credentials")
		p.sees("This will make")
		p.check()
		p.fill("Name", strings.Repeat("x", 101))
		p.fill("Description", strings.Repeat("x", 501))
		p.sees("100 of 100")
		p.sees("500 of 500")
		p.fill("Name", "Importer")
		p.press("Generate credentials")
		p.sees("At least one is required, or a role")
		p.check()
		p.tick("documents")
		p.sees("Scopes documents") // in the summary
		p.press("Generate credentials")
		p.sees("The secret is shown this once")
		p.check()
		p.screenshot("show-once")

		id, secret := p.shown("the client id"), p.shown("the client secret")
		p.staysOpen()
		if !ask[bool](p, "document.querySelector('[data-after-download]').disabled") {
			t.Error("credentials can be added before they were downloaded")
		}
		s.expectExchange(t, id, secret, http.StatusUnauthorized)
		p.press("Download JSON")
		file := downloaded(t, filepath.Join(folder, id+".json"))
		if file["client_id"] != id || file["client_secret"] != secret || len(file) != 4 ||
			file["issuer"] == "" || file["token_endpoint"] != file["issuer"]+"/oauth2/token" {
			t.Error("the file does not have what the page shows")
		}
		s.expectExchange(t, id, secret, http.StatusUnauthorized)
		p.press("Add credentials")
		p.arrives("/console/clients/" + id)
		p.sees("The credentials of Importer are active.")
		s.expectExchange(t, id, secret, http.StatusOK)
		p.lacks(secret)
		p.open("/console/clients/" + id + "/confirm")
		p.arrives("/console/clients/" + id)

		p.press("Danger")
		p.check()
		p.press("Revoke")
		p.sees("This cannot be undone.")
		p.check()
		p.fill("Type Importer to confirm", "Importer")
		p.tick("Remove this credential")
		p.press("Revoke")
		p.arrives("/console/clients")
		p.sees("The client is revoked and removed.")
		p.misses("Importer")
		s.expectExchange(t, id, secret, http.StatusUnauthorized)

		p.press("Audit")
		p.choose("Kind", "client")
		p.press("Filter")
		p.sees("client.delete client Importer (gone)")
		for _, action := range []string{"client.create", "client.confirm", "client.revoke"} {
			p.sees(action + " client Importer")
		}
		p.check()
		p.lacks(secret)
	})
}

// expectExchange checks the status of the answer to a client's secret.
func (s *site) expectExchange(t *testing.T, id, secret string, want int) {
	t.Helper()
	if got := s.exchange(t, id, secret).Status; got != want {
		t.Errorf("the client gets %d, want %d", got, want)
	}
}

// staysOpen tries to leave the dialog that shows a secret otherwise than by
// its buttons.
func (p *tab) staysOpen() {
	p.t.Helper()
	p.key(kb.Escape)
	p.key(kb.Escape)
	p.do("click outside", chromedp.MouseClickXY(3, 3))
	p.sees("The secret is shown this once")
	p.keepsFocus("dialog[data-once]")
}
