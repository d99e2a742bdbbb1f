package consoletest

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestAudit(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		var role struct{ ID string }
		s.call(t, http.MethodPost, "/v1/roles", map[string]any{"name": "reader", "scopes": []string{"documents"}}, &role)
		p := s.signIn(t)
		p.open("/console/roles/" + role.ID + "/edit")
		p.fill("Scopes", "documents analytics")
		p.press("Save")
		p.sees("The role was changed")
		p.press("Audit")
		p.sees("role.update")
		p.sees("session.create")
		p.check()
		p.choose("Kind", "role")
		p.press("Filter")
		p.misses("session.create")
		p.press("1 setting")
		p.sees("analytics, documents")
		p.check()
		p.screenshot("audit")
		p.press("role.update")
		p.until("the filter is in the address", `location.search === "?action=role.update"`)
		p.misses("role.create")
		p.open("/console/audit?since=2999-01-01")
		p.sees("No event fits.")
		p.check()
		p.open("/console/audit?until=yesterday")
		p.sees("That request cannot be read")

		p.open("/console/audit?targetKind=role&until=2999-01-01")
		csv := p.exported("Export CSV")
		if lines := strings.Count(csv, "\r\n"); lines != 3 || !strings.HasPrefix(csv, "id,at,") {
			t.Errorf("the CSV of two events is %q", csv)
		}
		if lines := strings.Count(p.exported("Export JSON lines"), "\n"); lines != 2 {
			t.Errorf("the JSON lines of two events are %d", lines)
		}
		p.width(360)
		p.check()
		p.screenshot("audit-phone")
	})
}

// exported is what a link leads to, fetched as the browser would.
func (p *tab) exported(name string) string {
	p.t.Helper()
	p.until("find "+name, pressable(name))
	return ask[string](p, "fetch("+pressable(name)+".href).then((r) => r.text())", chromedp.EvalAwaitPromise)
}

// TestRefusalLookUp asks why a wrong secret was refused.
func TestRefusalLookUp(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		var made struct{ ClientID string }
		s.call(t, http.MethodPost, "/v1/clients", map[string]any{"name": "Importer", "scopes": []string{"documents"}}, &made)
		refused := func(clientID string) string {
			form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {"wrong"}}
			resp, err := http.PostForm(s.public+"/oauth2/token", form)
			must(t, err)
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body)
			must(t, err)
			return resp.Header.Get("X-Error-Id")
		}
		p := s.signIn(t)
		p.press("Why refused?")
		p.sees("A caller whose credential is refused")
		p.check()
		p.fill("Error id", refused("kwc_00000000000000000000000000"))
		p.press("Explain")
		p.sees("unknown_client")
		p.sees("Look through the clients")
		p.fill("Error id", refused(made.ClientID))
		p.press("Explain")
		p.sees("wrong_secret")
		p.sees("The client exists; the secret is none of its own.")
		p.check()
		p.screenshot("refusal")
		p.press("Open the client Importer")
		p.arrives("/console/clients/" + made.ClientID + "/credentials")
		p.open("/console/refusals")
		p.fill("Error id", "err_nonsense")
		p.press("Explain")
		p.sees("That is no error id of this installation")
		p.check()
	})
}
