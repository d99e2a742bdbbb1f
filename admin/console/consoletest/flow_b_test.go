package consoletest

import (
	"net/http"
	"path/filepath"
	"testing"
)

// TestFlowB makes an application in three steps with its first key pair,
// generates another, and revokes that by its toggle.
func TestFlowB(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.describeAPI(t)
		p := s.signIn(t)
		folder := p.keepDownloads()
		p.press("Applications")
		p.sees("There are no applications yet")
		p.check()
		p.press("New App")
		p.check()
		p.fill("Name", "Billing")
		p.fill("Description", "Sends invoices.")
		p.press("Choose endpoints")
		p.sees("may be reached by every key of Billing")
		p.check()
		p.screenshot("application-endpoints")
		p.tick("GET /v1/documents")
		p.press("Continue")
		p.sees("Sends invoices.")
		p.check()
		p.press("Back")
		p.sees("may be reached by every key")
		p.press("Continue")
		p.fill("Environment of the first key pair", "production")
		p.press("Connect and generate keys")
		p.sees("The secret is shown this once")
		p.check()
		first, secret := p.keep(folder)
		p.sees("The credentials of Billing are active.")
		p.check()
		keys := p.path()
		got := s.exchange(t, first, secret)
		if got.Scope != "documents" {
			t.Errorf("the token has the scope %q, not that of the connected endpoint", got.Scope)
		}
		for path, want := range map[string]int{"/v1/documents": http.StatusOK, "/v1/reports": http.StatusForbidden} {
			if got := s.verify(t, got.AccessToken, "GET", path).Status; got != want {
				t.Errorf("a gateway is told %d of %s, want %d", got, path, want)
			}
		}

		p.press("Add key")
		p.arrives("/console/clients/new")
		p.fill("Name", "Mistaken")
		p.press("Generate credentials")
		p.press("Throw away")
		p.sees("were thrown away")
		p.press("Add key")
		p.arrives("/console/clients/new")
		p.fill("Name", "Second key")
		p.fill("Environment", "staging")
		p.check()
		p.press("Generate credentials")
		second, secret := p.keep(folder)
		p.sees("The credentials of Second key are active.")
		p.arrives(keys)
		token := s.accessToken(t, second, secret)
		if got := s.verify(t, token, "GET", "/v1/documents").Status; got != http.StatusOK {
			t.Errorf("a gateway is told %d", got)
		}
		p.screenshot("application-keys")

		p.press("Revoke Second key")
		p.sees("This cannot be undone.")
		p.check()
		p.fill("Type Second key to confirm", "Second key")
		p.press("Revoke")
		p.sees("The client is revoked.")
		p.arrives(keys)
		p.sees("kwc_…" + second[len(second)-4:] + " revoked")
		p.check()
		s.expectExchange(t, second, secret, http.StatusUnauthorized)
		if got := s.verify(t, token, "GET", "/v1/documents").Status; got != http.StatusUnauthorized {
			t.Errorf("a gateway is told %d of a token of a revoked key", got)
		}
	})
}

// TestApplicationPages edits an application that has a key, which keeps it
// from being deleted.
func TestApplicationPages(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		endpoint := s.describeAPI(t)
		app := s.create(t, "/v1/applications", map[string]any{
			"name": "Billing", "description": "Sends invoices.", "endpoints": []string{endpoint},
		})
		s.makeClient(t, map[string]any{"name": "First key", "applicationId": app, "environment": "production"})
		p := s.signIn(t)
		p.open("/console/applications/" + app)
		for _, text := range []string{"Sends invoices.", "Id " + app, "Documents API GET /v1/documents documents", "1 live of 1"} {
			p.sees(text)
		}
		p.check()
		p.screenshot("application")
		p.press("Access keys")
		p.sees("First key")
		p.sees("active")
		p.open("/console/applications/" + app)
		p.press("Edit")
		p.fill("Name", "Invoices")
		p.check()
		p.press("Save")
		p.sees("The application was changed.")
		p.press("Delete")
		p.sees("cannot be deleted")
		p.check()
		p.open("/console/applications")
		p.sees("Invoices")
		p.sees("Sends invoices.")
		p.sees("1 live credential")
		p.sees("production")
		p.width(360)
		p.check()
		p.screenshot("applications-phone")
	})
}

// keep downloads what the page shows once and adds the client.
func (p *tab) keep(folder string) (id, secret string) {
	p.t.Helper()
	id, secret = p.shown("the client id"), p.shown("the client secret")
	p.press("Download JSON")
	downloaded(p.t, filepath.Join(folder, id+".json"))
	p.press("Add credentials")
	p.until("leave what is shown once", `!document.querySelector("dialog[data-once]")`)
	return id, secret
}
