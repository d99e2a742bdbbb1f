package consoletest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
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
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.admin+"/v1/me", nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+value)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode != http.StatusUnauthorized
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

// TestAPITokenFlow is the life of an API token of a project.
func TestAPITokenFlow(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.signIn(t)
		p.press("API tokens")
		p.arrives("/console/tokens")
		p.press("Create an API token")
		p.arrives("/console/tokens/new")
		p.fill("Name", "Build")
		p.fill("Permissions", "read")
		p.key(kb.Enter)
		p.fill("Permissions", "write")
		p.fill("Scopes", "documents analytics")
		p.fill("IP addresses", "127.0.0.1\nnonsense")
		p.choose("Expiry", "in 90 days")
		p.check()
		p.screenshot("token-new")
		p.press("Create API token")
		p.sees("That did not go through.")
		p.sees("Entry 2")
		p.check()
		p.fill("IP addresses", "127.0.0.1")
		p.press("Create API token")
		value := p.shownToken()
		p.check()
		p.screenshot("token-shown")
		p.expectAccepted(value, true)
		p.press("Done")
		p.sees("Facts")
		path := p.path()
		id := strings.TrimPrefix(path, "/console/tokens/")
		if strings.Contains(p.received(), value) {
			t.Error("the page of the API token shows its value")
		}
		for _, text := range []string{"project", "read", "write", "documents", "analytics", "127.0.0.1", "api_token.create"} {
			p.sees(text)
		}
		p.check()
		p.screenshot("token")
		p.width(360)
		p.check()
		p.screenshot("token-phone")
		p.width(1280)

		p.press("Active")
		p.sees("The API token is deactivated")
		p.check()
		p.expectAccepted(value, false)
		p.press("Active")
		p.sees("The API token is active")
		p.expectAccepted(value, true)

		p.press("Edit")
		p.arrives(path + "/edit")
		p.press("Remove write")
		p.fill("Name", "Builder")
		p.check()
		p.press("Save")
		p.sees("The API token was changed.")
		p.misses("write")
		p.expectAccepted(value, true)

		p.press("Regenerate…")
		p.sees("A new token takes the place")
		p.check()
		p.press("Regenerate")
		fresh := p.shownToken()
		p.check()
		p.expectAccepted(value, false)
		p.expectAccepted(fresh, true)
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
		p.expectAccepted(fresh, false)
		const want = "api_token.delete api_token.regenerate api_token.update api_token.update api_token.update api_token.create"
		if got := s.audited(t, id); got != want {
			t.Errorf("the audit has %s", got)
		}
	})
}

// TestAPITokenList finds API tokens of an organization and of a project.
func TestAPITokenList(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		var project struct{ ID string }
		s.call(t, http.MethodPost, "/v1/projects", map[string]any{"name": "Billing"}, &project)
		for _, in := range []map[string]any{
			{"name": "Nightly", "description": "the nightly build"},
			{"name": "Reports", "projectId": project.ID},
		} {
			in["scopes"], in["permissions"] = []string{"documents"}, []string{"read"}
			s.call(t, http.MethodPost, "/v1/tokens", in, nil)
		}
		p := s.signIn(t)
		p.open("/console/tokens")
		p.sees("Nightly")
		p.sees("Reports")
		p.check()
		p.screenshot("tokens")
		p.choose("Type", "project")
		p.misses("Nightly")
		p.sees("Reports")
		p.until("the filter is in the address", `location.search.includes("type=project")`)
		p.choose("Project", "Billing")
		p.until("the project is in the address", `location.search.includes("projectId=")`)
		p.sees("Reports")
		p.fill("Search", "nightly")
		p.sees("No API token fits.")
		p.check()
		p.press("Show all")
		p.sees("Nightly")
		p.press("Name")
		p.until("sort by name", `location.search.includes("sort=name")`)
		p.sees("Reports")
		p.open("/console/tokens?status=nonsense")
		p.sees("That request cannot be read")
		p.check()
	})
}

// TestAPITokenWithoutScript makes, changes and revokes one with plain forms.
func TestAPITokenWithoutScript(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.withoutScript(t)
		p.open("/console/sign-in")
		p.signInAs(s.email, s.password)
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

// TestAPITokensOfAMember shows a member what they may do: narrow and end what
// they created when they were an admin, and no more.
func TestAPITokensOfAMember(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		owner := s.person(t)
		var ada struct{ ID, Password string }
		s.send(t, owner, "/v1/members", map[string]string{"email": "ada@acme.example", "role": "admin"}, &ada)
		asAda := *s
		asAda.email, asAda.password = "ada@acme.example", ada.Password
		var own, other struct{ ID string }
		token := map[string]any{"name": "Nightly", "scopes": []string{"documents"}, "permissions": []string{"read"}}
		s.send(t, asAda.person(t), "/v1/tokens", token, &own)
		s.send(t, owner, "/v1/tokens", token, &other)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, s.admin+"/v1/members/"+ada.ID, strings.NewReader(`{"role":"member"}`))
		must(t, err)
		req.Header.Set("Content-Type", "application/merge-patch+json")
		resp, err := owner.Do(req)
		must(t, err)
		must(t, resp.Body.Close())
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("make the admin a member: %s", resp.Status)
		}

		p := asAda.signIn(t)
		p.open("/console/tokens")
		p.sees("Nightly")
		p.misses("Create an API token")
		p.misses("Revoke all…")
		p.check()
		p.open("/console/tokens/" + other.ID)
		p.sees("Facts")
		for _, name := range []string{"Edit", "Regenerate…", "Revoke…", "Delete…"} {
			p.misses(name)
		}
		p.check()
		for _, path := range []string{"/new", "/revoke-all", "/" + other.ID + "/edit", "/" + other.ID + "/delete"} {
			p.open("/console/tokens" + path)
			p.sees("You may not do that")
		}
		p.check()

		p.open("/console/tokens/" + own.ID)
		p.sees("Regenerate…")
		p.misses("Revoke…")
		p.press("Edit")
		p.fill("Scopes", "analytics")
		p.press("Save")
		p.sees("never widen it")
		p.open("/console/tokens/" + own.ID)
		p.press("Active")
		p.sees("The API token is deactivated")
		p.until("it cannot be activated", `!document.querySelector("[role=switch]")`)
		p.check()
		p.press("Delete…")
		p.fill("Type Nightly to confirm", "Nightly")
		p.press("Delete")
		p.sees("The API token is deleted.")
	})
}
