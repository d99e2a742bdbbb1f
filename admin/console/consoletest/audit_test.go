package consoletest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

func TestAudit(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		role := s.create(t, "/v1/roles", map[string]any{"name": "reader", "scopes": []string{"documents"}})
		p := s.signIn(t)
		p.open("/console/roles/" + role + "/edit")
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
