package consoletest

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// plainMember is a site seen by a plain member, Ada, who was an admin once and
// made a client, an API token and an application. The owner made others.
type plainMember struct {
	*site
	id                   string
	own, other           madeClient
	ownToken, otherToken madeToken
	ownApp, otherApp     string // paths, as
	role                 string // which is the owner's
}

func (s *site) plainMember(t *testing.T) plainMember {
	t.Helper()
	person := s.person(t)
	var made struct{ ID, Password string }
	s.callAs(t, person, http.MethodPost, "/v1/members", map[string]string{"email": "ada@acme.example", "role": "admin"}, &made)
	ada := *s
	ada.email, ada.password = "ada@acme.example", made.Password
	m := plainMember{site: &ada, id: made.ID}
	admin := ada.person(t)
	var role struct{ ID string }
	s.callAs(t, person, http.MethodPost, "/v1/roles", map[string]any{"name": "analyst", "scopes": []string{"analytics"}}, &role)
	m.role = "/console/roles/" + role.ID
	for _, one := range []struct {
		by     *http.Client
		whose  string
		client *madeClient
		token  *madeToken
		app    *string
	}{{admin, "own", &m.own, &m.ownToken, &m.ownApp}, {person, "other", &m.other, &m.otherToken, &m.otherApp}} {
		grants := map[string]any{"name": "The " + one.whose, "scopes": []string{"documents"}, "permissions": []string{"read"}}
		s.callAs(t, one.by, http.MethodPost, "/v1/clients", grants, one.client)
		s.callAs(t, one.by, http.MethodPost, "/v1/tokens", grants, one.token)
		var app struct{ ID string }
		s.callAs(t, one.by, http.MethodPost, "/v1/applications", map[string]any{"name": "The " + one.whose}, &app)
		*one.app = "/console/applications/" + app.ID
	}
	s.setRole(t, made.ID, "member")
	return m
}

// setRole gives a member another role, as the owner.
func (s *site) setRole(t *testing.T, memberID, role string) {
	t.Helper()
	s.callAs(t, s.person(t), http.MethodPatch, "/v1/members/"+memberID, map[string]string{"role": role}, nil)
}

// offers are the buttons of the page, and the links that look like some or
// open a dialog, by their names; not those that copy.
func (p *tab) offers() []string {
	p.t.Helper()
	return ask[[]string](p, `[...document.querySelectorAll("main :is(button:not(.copy-text, .copy-icon, .skip), a.button, a[data-dialog])")]
		.filter((e) => e.checkVisibility() && !e.matches(":disabled"))
		.map((e) => (e.getAttribute("aria-label") || e.innerText).replace(/\s+/g, " ").trim())`)
}

// TestMemberIsOffered shows a plain member, on each page, what they may do and
// nothing else: to their own, what a creator may do; to what others made,
// nothing.
func TestMemberIsOffered(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		m := s.plainMember(t)
		own, other := "/console/clients/"+m.own.ClientID, "/console/clients/"+m.other.ClientID
		hint := m.own.Secrets[0].Hint
		p := m.signIn(t)
		for _, page := range []struct {
			path   string
			offers []string
		}{
			{"/console/clients", []string{"Filter", "Actions for The own"}},
			{"/console/tokens", []string{"Filter", "Actions for The own"}},
			{"/console/applications", nil},
			{"/console/apis", nil},
			{"/console/scopes", nil},
			{"/console/roles", nil},
			{"/console/projects", nil},
			{m.role, nil},
			{"/console/members", nil},
			{"/console/members/" + m.id, nil},
			{"/console/signing-keys", nil},

			{other, nil},
			{other + "/credentials", nil},
			{other + "/rotation", nil},
			{other + "/access", []string{"Test"}},
			{other + "/try", []string{"Read it"}},
			{other + "/activity", nil},
			{"/console/tokens/" + m.otherToken.ID, nil},
			{m.otherApp, nil},
			{m.otherApp + "/keys", nil},

			{own, nil},
			{own + "/credentials", []string{"Add a secret", "Regenerate", "Rotate step by step", "Delete " + hint}},
			{own + "/rotation", []string{"Add a secret"}},
			{own + "/access", []string{
				"Save the settings", "Disable the client", "Save what it may do",
				"Remove range 0", "Add a row", "Add my address, 127.0.0.1", "Test", "Save the addresses",
			}},
			{own + "/danger", []string{"Disable", "Delete"}},
			{"/console/tokens/" + m.ownToken.ID, []string{"Edit", "Regenerate…", "Delete…", "Active"}},
			{m.ownApp, []string{"Edit", "Delete"}},
			{m.ownApp + "/keys", nil},
		} {
			p.open(page.path)
			got := p.offers()
			search := func(name string) bool { return name == "Search" || name == "Filter" }
			got, want := slices.DeleteFunc(got, search), slices.DeleteFunc(page.offers, search)
			if !slices.Equal(got, want) {
				t.Errorf("%s offers %q, want %q", page.path, got, want)
			}
		}
		p.check()
		p.open(other + "/access")
		p.sees("Only owners, admins and its creator can change it.")
		p.check()
		p.screenshot("member-access")
	})
}

// forced is the answer to a request that no page of the member's offers.
type forced struct {
	Status  int
	Heading string
}

// force sends a form with the member's session, as a page of ours would.
func (p *tab) force(method, path string, form url.Values) forced {
	p.t.Helper()
	options := "{}"
	if method == http.MethodPost {
		options = `{method: "POST", body: new URLSearchParams(` + quote(form.Encode()) + `)}`
	}
	return ask[forced](p, `fetch(`+quote(path)+`, `+options+`).then(async (r) => ({
		Status: r.status,
		Heading: new DOMParser().parseFromString(await r.text(), "text/html").querySelector("h1")?.textContent ?? "",
	}))`, chromedp.EvalAwaitPromise)
}

// TestMemberForces sends, with the session of a plain member, every form that
// they are not offered. Each is refused by a page that says so, and noted.
func TestMemberForces(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		endpoint := s.describeAPI(t)
		m := s.plainMember(t)
		own, other := "/console/clients/"+m.own.ClientID, "/console/clients/"+m.other.ClientID
		ownToken, otherToken := "/console/tokens/"+m.ownToken.ID, "/console/tokens/"+m.otherToken.ID
		name := url.Values{"name": {"Mine"}}
		typed := func(whose string) url.Values { return url.Values{"typed": {"The " + whose}} }
		with := func(form url.Values, pairs ...string) url.Values {
			all := url.Values{}
			for key, values := range form {
				all[key] = values
			}
			for i := 0; i < len(pairs); i += 2 {
				all.Set(pairs[i], pairs[i+1])
			}
			return all
		}
		p := m.signIn(t)
		for _, form := range []struct {
			path    string
			values  url.Values
			getting bool // the page of the form is refused as well
		}{
			{"/console/clients/new", with(name, "scopes", "documents"), true},
			{"/console/tokens/new", with(name, "type", "organization", "scopes", "documents", "permissions", "read"), true},
			{"/console/applications/new", with(name, "step", "plain"), true},
			{"/console/applications/new", with(name, "step", "connect", "endpoints", endpoint), true},
			{"/console/apis/new", with(name, "identifier", "https://mine.example"), true},
			{"/console/scopes/new", with(name), true},
			{"/console/roles/new", with(name, "scopes", "documents"), true},
			{m.role + "/edit", with(nil, "scopes", "documents"), true},
			{m.role + "/delete", nil, true},
			{"/console/projects/new", with(name), true},
			{"/console/members/new", with(nil, "email", "eve@acme.example", "role", "admin"), true},
			{"/console/members/" + m.id + "/role", with(nil, "role", "owner"), true},
			{"/console/security/policy", with(nil, "name", "Mine"), true},
			{"/console/signing-keys/rotate", nil, true},
			{"/console/clients/revoke-all", with(nil, "target", m.id, "typed", m.email, "expectedCount", "1"), true},
			{"/console/tokens/revoke-all", with(nil, "target", m.id, "typed", m.email, "expectedCount", "1"), true},

			{other + "/regenerate", nil, true},
			{other + "/secrets/new", nil, true},
			{other + "/secrets/" + m.other.Secrets[0].ID + "/delete", with(nil, "force", "on"), true},
			{other + "/access", with(name, "part", "settings"), false},
			{other + "/access", with(nil, "part", "grants", "scopes", "documents"), false},
			{other + "/access", with(nil, "part", "addresses", "do", "save", "ipWhitelist", "192.0.2.1"), false},
			{other + "/disable", typed("other"), true},
			{other + "/enable", nil, true},
			{other + "/revoke", typed("other"), true},
			{other + "/delete", typed("other"), true},
			{otherToken + "/edit", with(name, "life", "kept", "scopes", "documents", "permissions", "read"), true},
			{otherToken + "/active", nil, false},
			{otherToken + "/regenerate", with(nil, "life", "kept"), true},
			{otherToken + "/revoke", typed("other"), true},
			{otherToken + "/delete", typed("other"), true},
			{m.otherApp + "/edit", with(name), true},
			{m.otherApp + "/delete", nil, true},

			// What a creator may not do to their own: revoke, and widen.
			{own + "/revoke", typed("own"), true},
			{own + "/access", with(nil, "part", "grants", "scopes", "analytics"), false},
			{ownToken + "/revoke", typed("own"), true},
			{ownToken + "/edit", with(name, "life", "kept", "scopes", "analytics", "permissions", "read"), false},
			{m.ownApp + "/edit", with(name, "endpoints", endpoint), false},
		} {
			refused := forced{http.StatusForbidden, "You may not do that"}
			if got := p.force(http.MethodPost, form.path, form.values); got != refused {
				t.Errorf("POST %s %s: %d %q", form.path, form.values.Encode(), got.Status, got.Heading)
			}
			if got := p.force(http.MethodGet, form.path, nil); form.getting && got != refused {
				t.Errorf("GET %s: %d %q", form.path, got.Status, got.Heading)
			}
		}
		p.open(other + "/revoke")
		p.sees("You may not do that")
		p.check()
		p.screenshot("forbidden")

		for _, id := range []string{m.other.ClientID, m.own.ClientID} {
			if got := s.clientStatus(t, id); got != "active" {
				t.Errorf("a client is %s", got)
			}
		}
		s.expectExchange(t, m.other.ClientID, m.other.ClientSecret, http.StatusOK)
		p.expectAccepted(m.otherToken.Token, true)
		p.expectAccepted(m.ownToken.Token, true)
		var noted struct{ Items []struct{ Action string } }
		s.call(t, http.MethodGet, "/v1/audit-events?limit=200&outcome=refused&actor="+m.id, nil, &noted)
		for _, action := range []string{"client.create", "client.revoke", "client.regenerate", "api_token.delete", "application.update", "role.delete"} {
			if !slices.ContainsFunc(noted.Items, func(e struct{ Action string }) bool { return e.Action == action }) {
				t.Errorf("the audit has no refused %s", action)
			}
		}
	})
}

// TestCreatorKeepsTheirOwn lets a plain member rename, narrow, disable,
// regenerate and delete what they made.
func TestCreatorKeepsTheirOwn(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		m := s.plainMember(t)
		own := "/console/clients/" + m.own.ClientID
		p := m.signIn(t)
		p.open(own + "/access")
		p.sees("Who made a client may narrow it, not widen it")
		p.fill("Name", "Renamed")
		p.fill("Description", "of Ada")
		p.press("Save the settings")
		p.sees("The change is in force.")
		p.enterRange(0, "127.0.0.1")
		p.press("Save the addresses")
		p.until("save it", `document.querySelector("#range-1")`)
		p.enterRange(0, "0.0.0.0/0")
		p.press("Save the addresses")
		p.sees("You may not do that")
		p.sees("never widen it")
		p.check()

		p.open(own + "/credentials")
		p.press("Regenerate")
		p.sees("1 live secret is hit")
		p.press("Regenerate")
		fresh := p.shown("the client secret")
		p.press("Done")
		s.expectExchange(t, m.own.ClientID, m.own.ClientSecret, http.StatusUnauthorized)
		s.expectExchange(t, m.own.ClientID, fresh, http.StatusOK)
		p.press("Danger")
		p.press("Disable")
		p.fill("Type Renamed to confirm", "Renamed")
		p.press("Disable")
		p.sees("The client is disabled.")
		s.expectExchange(t, m.own.ClientID, fresh, http.StatusUnauthorized)
		p.press("Danger")
		p.sees("An owner or admin can do that.")
		p.check()
		p.press("Delete")
		p.fill("Type Renamed to confirm", "Renamed")
		p.press("Delete")
		p.sees("The client is deleted.")

		p.open("/console/tokens/" + m.ownToken.ID)
		p.press("Edit")
		p.fill("Name", "Renamed")
		p.press("Save")
		p.sees("The API token was changed.")
		p.press("Regenerate…")
		p.sees("A new token takes the place")
		p.press("Regenerate")
		value := p.shownToken()
		p.expectAccepted(value, true)
		p.press("Done")
		p.press("Active")
		p.sees("The API token is deactivated")
		p.until("it cannot be activated", `!document.querySelector("[role=switch]")`)
		p.expectAccepted(value, false)
		p.press("Delete…")
		p.fill("Type Renamed to confirm", "Renamed")
		p.press("Delete")
		p.sees("The API token is deleted.")

		p.open(m.ownApp)
		p.press("Edit")
		p.fill("Name", "Renamed")
		p.press("Save")
		p.sees("The application was changed.")
		p.press("Delete")
		p.sees("go for good")
		p.press("Delete the application")
		p.sees("The application was deleted.")
	})
}
