package consoletest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestClientList has a client among many: its row says all of it, its id is
// masked until it is revealed, and every filter finds it.
func TestClientList(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		project := s.create(t, "/v1/projects", map[string]any{"name": "Billing"})
		app := s.create(t, "/v1/applications", map[string]any{"name": "Invoices", "projectId": project})
		s.call(t, http.MethodPost, "/v1/roles", map[string]any{"name": "reader", "scopes": []string{"documents"}}, nil)
		made := s.makeClient(t, map[string]any{
			"name": "Importer", "description": "the nightly import", "environment": "staging", "roles": []string{"reader"},
			"scopes": []string{"analytics"}, "projectId": project, "applicationId": app,
			"expiresAt": time.Now().UTC().AddDate(0, 0, 10).Format(time.RFC3339),
		})
		s.accessToken(t, made.ClientID, made.ClientSecret)
		s.used(t, made.ClientID, 0, 1)
		for i := range 50 {
			s.makeClient(t, map[string]any{"name": fmt.Sprintf("Bulk %02d", i), "scopes": []string{"documents"}})
		}
		p := s.signIn(t)
		p.open("/console/clients")
		p.sees("Bulk 49")
		p.misses("Importer")
		p.press("Next page")
		p.sees("Importer")
		p.misses("Bulk 49")
		today, hint := time.Now().UTC().Format(time.DateOnly), "kwc_…"+made.ClientID[len(made.ClientID)-4:]
		row := p.row("Importer")
		for column, text := range map[string]string{
			"id": hint, "status": "active", "role": "reader", "scope": "analytics", "environment": "staging", "application": "Invoices",
			"creator": "Administration", "creation": today, "expiry": time.Now().UTC().AddDate(0, 0, 10).Format(time.DateOnly), "last use": today,
		} {
			if !strings.Contains(row, text) {
				t.Errorf("the row has no %s %q: %s", column, text, row)
			}
		}
		if !strings.Contains(row+" ", " 1 ") {
			t.Errorf("the row has no use count 1: %s", row)
		}
		p.misses(made.ClientID)
		p.press(hint)
		p.sees(made.ClientID)
		p.check()

		for _, filter := range []struct{ label, option, in string }{
			{"Project", "Billing", "projectId=prj_"},
			{"Application", "Invoices", "applicationId=app_"},
			{"Expiring within", "30 days", "expiringWithin=30"},
		} {
			p.open("/console/clients")
			p.choose(filter.label, filter.option)
			p.sees("Importer")
			p.misses("Bulk 49")
			p.until("the filter is in the address", "location.search.includes("+quote(filter.in)+")")
		}
		p.open("/console/clients?unusedFor=7")
		p.sees("No client fits.")
		p.open("/console/clients?environment=staging&sort=name")
		p.sees("Importer")
		p.misses("Bulk")
		p.open("/console/clients")
		p.fill("Search", "nightly IMPORT")
		p.sees("Importer")
		p.misses("Bulk 49")
		p.open("/console/clients?sort=name")
		p.sees("Bulk 00")
		p.misses("Importer")
		p.press("Name")
		p.sees("Importer")
		p.misses("Bulk 00")
		p.check()
	})
}

// row is what the row of that name says.
func (p *tab) row(name string) string {
	p.t.Helper()
	p.sees(name)
	return ask[string](p, `[...document.querySelectorAll("tbody tr")].find((r) => r.querySelector("a").innerText === `+quote(name)+`).innerText.replace(/\s+/g, " ")`)
}
