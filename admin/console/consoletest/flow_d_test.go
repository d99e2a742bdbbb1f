package consoletest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// TestFlowD is the life of API tokens, one of a project and one of the
// organization, as resource servers see it.
func TestFlowD(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.describeAPI(t)
		project := s.create(t, "/v1/projects", map[string]any{"name": "Billing"})
		api := s.makeClient(t, map[string]any{"name": "Documents API", "introspects": []string{s.api()}})
		worth := func(value string, want bool) {
			t.Helper()
			if got := s.introspect(t, api, value, "192.0.2.9"); got.Active != want {
				t.Errorf("the API token is active: %v, want %v", got.Active, want)
			}
		}
		p := s.signIn(t)
		p.press("API tokens")
		p.arrives("/console/tokens")
		p.press("Create an API token")
		p.arrives("/console/tokens/new")
		if got := p.content("Type"); got != "project" {
			t.Errorf("the form prefers %s", got)
		}
		p.fill("Name", "Nightly")
		p.fill("Description", "the nightly build")
		p.choose("Type", "organization: all projects")
		p.fill("Permissions", "read")
		p.fill("Scopes", "documents")
		p.press("Create API token")
		nightly := p.shownToken()
		worth(nightly, true)
		p.press("Done")
		p.sees("all projects")

		p.open("/console/projects/" + project)
		p.press("New API token")
		p.sees("Create an API token")
		p.fill("Name", "Build")
		p.fill("Permissions", "read")
		p.key(kb.Enter)
		p.fill("Permissions", "write")
		p.fill("Scopes", "documents analytics")
		p.sees("Press Enter after each.")
		p.choose("Expiry", "in 90 days")
		p.enterRange(0, "192.0.2.77/24")
		p.until("the range in its one form", `document.querySelector("#range-0 input").value === "192.0.2.0/24"`)
		for _, text := range []string{"Permissions read, write", "in 90 days", "From 192.0.2.0/24"} {
			p.sees(text)
		}
		p.press("Add a row")
		p.enterRange(1, "nonsense")
		p.sees("This is not an address")
		p.fill("Test an address against these rows", "192.0.2.8")
		p.key(kb.Enter)
		p.sees("192.0.2.8 is let in, by 192.0.2.0/24.")
		p.fill("Test an address against these rows", "")
		p.check()
		p.screenshot("token-new")
		p.press("Create API token")
		p.sees("That did not go through.")
		p.sees("Entry 2")
		p.check()
		p.press("Remove range 1")
		p.misses("nonsense")
		p.press("Create API token")
		value := p.shownToken()
		p.check()
		p.screenshot("token-shown")
		p.press("Done")
		p.sees("Facts")
		path := p.path()
		if strings.Contains(p.received(), value) {
			t.Error("the page of the API token shows its value")
		}
		for _, text := range []string{"Billing", "Permissions read write", "analytics documents", "192.0.2.0/24", "api_token.create"} {
			p.sees(text)
		}
		worth(value, true)
		for _, address := range []string{"198.51.100.1", ""} {
			if s.introspect(t, api, value, address).Active {
				t.Errorf("the API token is active from %q, which is off its list", address)
			}
		}
		if got := s.verify(t, value, "GET", "/v1/documents").Status; got != http.StatusUnauthorized {
			t.Errorf("a gateway at another address is told %d", got)
		}
		p.fill("Test an address", "198.51.100.1")
		p.press("Test")
		p.sees("198.51.100.1 is refused")
		p.fill("Test an address", "192.0.2.200")
		p.press("Test")
		p.sees("192.0.2.200 is let in, by 192.0.2.0/24.")
		p.check()
		p.screenshot("token")

		p.press("Python")
		p.sees(`os.environ["API_TOKEN"]`)
		p.sees("client_ip=$CALLER_ADDRESS")
		p.press("/verify")
		p.sees("scope=analytics documents")
		p.check()

		p.findsTokens()

		p.open(path)
		p.press("Active")
		p.sees("The API token is deactivated")
		p.check()
		worth(value, false)
		p.press("Active")
		p.sees("The API token is active")
		worth(value, true)
		p.press("Edit")
		p.arrives(path + "/edit")
		p.press("Remove write")
		p.press("Remove analytics")
		p.fill("Name", "Builder")
		p.check()
		p.press("Save")
		p.sees("The API token was changed.")
		if got := s.introspect(t, api, value, "192.0.2.9"); !got.Active || got.Scope != "documents" {
			t.Errorf("after the edit: %+v", got)
		}
		p.press("Regenerate…")
		p.sees("A new token takes the place")
		p.check()
		p.press("Regenerate")
		fresh := p.shownToken()
		p.check()
		worth(value, false)
		worth(fresh, true)
		p.press("Done")
		p.arrives(path)
		p.press("Delete…")
		p.fill("Type Builder to confirm", "Build")
		p.press("Delete")
		p.sees("Is not the name")
		p.check()
		p.fill("Type Builder to confirm", "Builder")
		p.press("Delete")
		p.sees("The API token is deleted.")
		p.arrives("/console/tokens")
		worth(fresh, false)
		worth(nightly, true)
		const want = "api_token.delete api_token.regenerate api_token.update api_token.update api_token.update api_token.create"
		if got := s.audited(t, strings.TrimPrefix(path, "/console/tokens/")); got != want {
			t.Errorf("the audit has %s", got)
		}
	})
}

// findsTokens filters, searches and sorts the list that has Build and Nightly,
// all of which stands in the address.
func (p *tab) findsTokens() {
	p.t.Helper()
	addressHas := func(name, value string) {
		p.t.Helper()
		p.until(name+" is in the address", "new URLSearchParams(location.search).get("+quote(name)+") === "+quote(value))
	}
	p.open("/console/tokens")
	p.sees("Build")
	p.sees("Nightly")
	p.check()
	p.screenshot("tokens")
	p.choose("Type", "project")
	p.misses("Nightly")
	p.sees("Build")
	addressHas("type", "project")
	p.choose("Project", "Billing")
	p.until("the project is in the address", `location.search.includes("projectId=prj_")`)
	p.choose("Expiring within", "90 days")
	p.sees("Build")
	p.choose("Status", "revoked")
	p.sees("No API token fits.")
	addressHas("status", "revoked")
	p.check()
	p.press("Show all")
	p.sees("Nightly")
	p.check()
	p.fill("Search", "the nightly")
	p.misses("Build")
	p.sees("Nightly")
	addressHas("q", "the nightly")
	p.open("/console/tokens?" + url.Values{"sort": {"name"}}.Encode())
	p.until("sort by name", `document.body.innerText.indexOf("Build") < document.body.innerText.indexOf("Nightly")`)
	p.press("Name")
	addressHas("sort", "-name")
	p.until("the other way", `document.body.innerText.indexOf("Build") > document.body.innerText.indexOf("Nightly")`)
	p.open("/console/tokens?status=nonsense")
	p.sees("That request cannot be read")
	p.check()
}
