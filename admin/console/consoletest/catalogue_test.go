package consoletest

import (
	"net/http"
	"testing"
)

// TestAPIFlow registers an API, changes it, and deletes it once nothing uses it.
func TestAPIFlow(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.signIn(t)
		p.press("APIs")
		p.sees("There are no APIs yet")
		p.check()
		p.press("Register an API")
		p.arrives("/console/apis/new")
		p.fill("Identifier", "documents")
		p.fill("Name", "Documents")
		p.fill("Scopes", "documents:read documents:write")
		p.tick("Strict scopes")
		p.fill("Endpoints", "get /v1/documents documents:read\n\nPOST /v1//documents documents:write\nDELETE")
		p.press("Register API")
		p.sees("lines of a method, a path and perhaps a scope: DELETE")
		p.fill("Endpoints", "get /v1/documents documents:read\n\nPOST /v1//documents documents:write")
		p.press("Register API")
		p.sees("Must be an absolute URI")
		p.sees("Entry 2 must have segments")
		p.check()
		p.fill("Identifier", "https://api.example.com/documents")
		p.fill("Endpoints", "get /v1/documents documents:read\n\nPOST /v1/documents documents:write")
		p.press("Register API")
		p.sees("The API Documents is registered.")
		p.sees("Used by 0")
		p.check()
		p.screenshot("api")
		path := p.path()

		var api struct {
			Items []struct{ Endpoints []struct{ ID, Method string } }
		}
		s.call(t, http.MethodGet, "/v1/apis", nil, &api)
		endpoints := api.Items[0].Endpoints
		app := s.create(t, "/v1/applications", map[string]any{"name": "Importer", "endpoints": []string{endpoints[0].ID}})

		p.press("Edit")
		p.arrives(path + "/edit")
		p.check()
		p.fill("Name", "Papers")
		p.fill("Endpoints", "GET /v1/documents documents:read")
		p.press("Save")
		p.sees("The API was changed.")
		p.sees("Used by 1")
		s.call(t, http.MethodGet, "/v1/apis", nil, &api)
		if kept := api.Items[0].Endpoints; len(kept) != 1 || kept[0].ID != endpoints[0].ID {
			t.Errorf("the endpoint that stayed is another one: %v, was %v", kept, endpoints)
		}
		p.press("Delete")
		p.sees("It is in use and cannot be deleted")
		p.sees("Importer")
		p.check()
		p.screenshot("api-in-use")
		p.press("Back")
		p.width(360)
		p.check()
		p.width(1280)

		p.open("/console/apis")
		p.sees("Papers")
		p.check()
		p.screenshot("apis")
		s.call(t, http.MethodDelete, "/v1/applications/"+app, nil, nil)
		p.open(path)
		p.press("Delete")
		p.press("Delete API")
		p.sees("The API is deleted.")
		p.sees("There are no APIs yet")
	})
}

// TestRoleScopeProjectFlows makes, edits and deletes one of each.
func TestRoleScopeProjectFlows(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.signIn(t)
		for _, flow := range []struct {
			section, name, path, make, made, edited, remove, removed string
			lists                                                    bool
		}{
			{"Roles", "New role", "/console/roles", "Make role", "The role reader was made.", "The role was changed", "Delete role", "The role is deleted.", true},
			{"Scopes", "Describe a scope", "/console/scopes", "Describe scope", "The scope reader is described.", "The description was changed.", "Delete scope", "The scope is deleted.", false},
			{"Projects", "New project", "/console/projects", "Make project", "The project reader was made.", "The project was changed.", "Delete project", "The project is deleted.", false},
		} {
			p.press(flow.section)
			p.arrives(flow.path)
			p.check()
			p.press(flow.name)
			p.arrives(flow.path + "/new")
			p.check()
			p.fill("Name", "reader")
			p.fill("Description", "<b>reads</b>")
			if flow.lists {
				p.fill("Scopes", "documents analytics")
				p.fill("Permissions", "read\nread all")
			}
			p.press(flow.make)
			p.sees(flow.made)
			p.sees("<b>reads</b>")
			p.sees("Used by 0")
			if flow.lists {
				p.sees("read read all")
			}
			p.check()
			p.press("Edit")
			p.fill("Description", "reads everything")
			p.check()
			p.press("Save")
			p.sees(flow.edited)
			p.sees("reads everything")
			if flow.lists {
				p.sees("read read all")
			}
			p.open(flow.path)
			p.sees("reads everything")
			p.check()
			p.press("reader")
			p.press("Delete")
			p.check()
			p.press(flow.remove)
			p.sees(flow.removed)
			p.arrives(flow.path)
			p.misses("reads everything")
		}
	})
}

// TestStaleEdit does not lose what somebody else changed meanwhile.
func TestStaleEdit(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		project := s.create(t, "/v1/projects", map[string]any{"name": "Billing"})
		s.makeToken(t, map[string]any{"projectId": project})
		p := s.signIn(t)
		p.open("/console/projects/" + project)
		p.sees("Nightly")
		p.press("Edit")
		p.arrives("/console/projects/" + project + "/edit")
		other := s.signIn(t)
		other.open("/console/projects/" + project + "/edit")
		other.fill("Name", "Invoices")
		other.press("Save")
		other.sees("The project was changed.")
		p.fill("Name", "Payments")
		p.press("Save")
		p.sees("That did not go through.")
		p.check()
		p.open("/console/projects/" + project + "/delete")
		p.sees("It is in use and cannot be deleted")
		p.sees("Nightly")
		p.sees("Invoices")
	})
}
