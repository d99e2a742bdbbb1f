package consoletest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// shownToken is the value on the page that shows it once.
func (p *tab) shownToken() string {
	p.t.Helper()
	p.sees("is shown this once")
	value := ask[string](p, `document.querySelector(".values code").textContent`)
	if !regexp.MustCompile(`^kwt_[0-9a-f]{64}$`).MatchString(value) {
		p.t.Fatal("what is shown is no API token")
	}
	if ask[bool](p, "location.href.includes("+quote(value)+")") {
		p.t.Error("the API token stands in the address")
	}
	return value
}

// accepts tells whether a value is that of an API token which is active.
func (s *site) accepts(t *testing.T, value string) bool {
	t.Helper()
	other := *s
	other.token = value
	status, _ := other.request(t, nil, http.MethodGet, "/v1/me", nil)
	return status != http.StatusUnauthorized
}

func (p *tab) expectAccepted(value string, want bool) {
	p.t.Helper()
	if got := p.site.accepts(p.t, value); got != want {
		p.t.Errorf("the API token is accepted: %v, want %v", got, want)
	}
}

// audited returns the actions on a record, newest first.
func (s *site) audited(t *testing.T, id string) string {
	t.Helper()
	var events struct{ Items []struct{ Action string } }
	s.call(t, http.MethodGet, "/v1/audit-events?targetId="+id, nil, &events)
	var actions []string
	for _, e := range events.Items {
		actions = append(actions, e.Action)
	}
	return strings.Join(actions, " ")
}

// TestAPITokenWithoutScript makes, changes and revokes one with plain forms.
func TestAPITokenWithoutScript(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.withoutScript(t).signIn()
		p.open("/console/tokens/new")
		p.fill("Name", "Plain <b>")
		p.choose("Type", "organization: all projects")
		p.fill("Permissions", "read all\nwrite")
		p.fill("Scopes", "documents")
		p.choose("Expiry", "on a date")
		p.press("Create API token")
		p.sees("choose a date")
		p.check()
		ask[string](p, field("Last day")+`.value = "2001-01-01"`)
		p.press("Create API token")
		p.sees("Must lie in the future")
		p.choose("Expiry", "in 30 days")
		p.press("Create API token")
		value := p.shownToken()
		p.check()
		p.press("Done")
		p.sees("all projects")
		p.sees("read all")
		path := p.path()
		p.press("Active")
		p.sees("The API token is deactivated")
		p.expectAccepted(value, false)
		p.press("Active")
		p.sees("The API token is active")
		p.press("Regenerate…")
		p.arrives(path + "/regenerate")
		p.check()
		p.press("Regenerate")
		fresh := p.shownToken()
		p.expectAccepted(value, false)
		p.press("Done")
		p.press("Revoke…")
		p.arrives(path + "/revoke")
		p.check()
		p.fill("Type Plain <b> to confirm", "Plain <b>")
		p.press("Revoke")
		p.sees("The API token is revoked")
		p.check()
		p.expectAccepted(fresh, false)
		p.misses("Regenerate…")
		p.press("Delete…")
		p.fill("Type Plain <b> to confirm", "Plain <b>")
		p.press("Delete")
		p.sees("The API token is deleted.")
	})
}
