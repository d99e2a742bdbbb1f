package admin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

func TestProjects(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		in.clock.advance(time.Second) // after the first project
		r := in.call(t, in.acme.admin, "POST", "/v1/projects", `{"name":" Billing ","description":"d"}`).want(t, 201, "")
		path := "/v1/projects/" + r.text("id")
		want := map[string]any{
			"id": r.text("id"), "organizationId": in.acme.id, "name": "Billing", "description": "d",
			"createdAt": "2026-03-01T12:00:01Z", "updatedAt": "2026-03-01T12:00:01Z",
		}
		if diff := cmp.Diff(want, r.body); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		if r.header.Get("Location") != path || r.header.Get("ETag") != `"1"` {
			t.Errorf("got Location %q, ETag %q", r.header.Get("Location"), r.header.Get("ETag"))
		}
		in.clock.advance(time.Second)
		r = in.call(t, in.acme.admin, "PATCH", path, `{"name":"B","description":null}`, "If-Match", `"1"`).want(t, 200, "")
		if r.text("name") != "B" || r.text("description") != "" || r.header.Get("ETag") != `"2"` || r.text("updatedAt") != "2026-03-01T12:00:02Z" {
			t.Errorf("changed: got %s", r.raw)
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"name":"x"}`, "If-Match", `"1"`).want(t, 412, "precondition_failed")
		in.call(t, in.acme.admin, "DELETE", path, "", "If-Match", `"1"`).want(t, 412, "precondition_failed")
		if r := in.call(t, in.acme.admin, "PATCH", path, `{"name":null}`).want(t, 422, "invalid_input"); r.fields() != "name" {
			t.Errorf("got the fields %s", r.fields())
		}
		in.call(t, in.acme.admin, "POST", "/v1/projects", `{}`).want(t, 422, "invalid_input")

		first := in.call(t, in.acme.admin, "GET", "/v1/projects?limit=1", "").want(t, 200, "")
		second := in.call(t, in.acme.admin, "GET", "/v1/projects?limit=1&cursor="+first.text("nextCursor"), "").want(t, 200, "")
		if !strings.Contains(first.raw, r.text("id")) || !strings.Contains(second.raw, in.acme.project) || second.body["nextCursor"] != nil {
			t.Errorf("got %s then %s", first.raw, second.raw)
		}
		for _, op := range []struct{ method, body string }{{"GET", ""}, {"PATCH", `{"name":"x"}`}, {"DELETE", ""}} {
			in.call(t, in.globex.admin, op.method, path, op.body).want(t, 404, "not_found")
		}
		in.call(t, in.globex.admin, "GET", "/v1/projects?cursor="+first.text("nextCursor"), "").want(t, 400, "malformed_request")

		in.call(t, in.acme.admin, "DELETE", path, "").want(t, 204, "")
		in.call(t, in.acme.admin, "GET", path, "").want(t, 404, "not_found")
	})
}

// TestProjectInUse fills a project, and empties it again.
func TestProjectInUse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		path := "/v1/projects/" + in.acme.project
		app, err := in.service.CreateApplication(t.Context(), in.acme.operator(), registry.ApplicationInput{Name: "The app", ProjectID: in.acme.project})
		must(t, err)
		client := in.client(t, in.acme, `{"name":"The client","scopes":["a"],"projectId":"`+in.acme.project+`"}`).text("clientId")
		in.client(t, in.acme, `{"name":"Never confirmed","scopes":["a"],"confirmRequired":true,"projectId":"`+in.acme.project+`"}`)
		in.token(t, in.acme, in.acme.project, "documents")

		detail := in.call(t, in.acme.admin, "DELETE", path, "").want(t, 409, "conflict").text("detail")
		for _, name := range []string{"application " + app.Application.ID + " (The app)", "client " + client + " (The client)", "API token tok_"} {
			if !strings.Contains(strings.ReplaceAll(detail, "api token", "API token"), name) {
				t.Errorf("the detail %q does not name %s", detail, name)
			}
		}

		empty := in.call(t, in.acme.admin, "POST", "/v1/projects", `{"name":"Empty"}`).want(t, 201, "").text("id")
		in.client(t, in.acme, `{"name":"x","scopes":["a"],"confirmRequired":true,"projectId":"`+empty+`"}`)
		in.call(t, in.acme.admin, "DELETE", "/v1/projects/"+empty, "").want(t, 409, "conflict")
		in.clock.advance(registry.ConfirmWithin)
		in.call(t, in.acme.admin, "DELETE", "/v1/projects/"+empty, "").want(t, 204, "") // nobody sees that client any more
	})
}

func TestProjectsOfABoundCredential(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		bound := in.token(t, in.acme, in.acme.project, "keywright:read", "keywright:write")
		other := in.call(t, in.acme.admin, "POST", "/v1/projects", `{"name":"Other"}`).want(t, 201, "").text("id")
		if r := in.call(t, bound, "GET", "/v1/projects", "").want(t, 200, ""); strings.Contains(r.raw, other) || !strings.Contains(r.raw, in.acme.project) {
			t.Errorf("got %s", r.raw)
		}
		in.call(t, bound, "POST", "/v1/projects", `{"name":"x"}`).want(t, 403, "grant_exceeds_own")
		in.call(t, bound, "PATCH", "/v1/projects/"+in.acme.project, `{"name":"Mine"}`).want(t, 200, "")
		in.call(t, bound, "DELETE", "/v1/projects/"+in.acme.project, "").want(t, 403, "grant_exceeds_own")
		for _, op := range []struct{ method, body string }{{"GET", ""}, {"PATCH", `{"name":"x"}`}, {"DELETE", ""}} {
			in.call(t, bound, op.method, "/v1/projects/"+other, op.body).want(t, 404, "not_found")
		}
	})
}

func TestOrganization(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		const path = "/v1/organization"
		owner := in.console(t, in.acme)
		want := map[string]any{
			"id": in.acme.id, "name": "Acme", "maxCredentialLifetimeSeconds": nil, "maxTokenTtlSeconds": nil,
			"rotationAgeSeconds": 7776000.0, "createdAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z",
		}
		if diff := cmp.Diff(want, in.call(t, in.acme.admin, "GET", path, "").want(t, 200, "").body); diff != "" {
			t.Errorf("organization (-want +got):\n%s", diff)
		}
		r := in.call(t, owner, "PATCH", path, `{"name":"Acme Ltd","maxCredentialLifetimeSeconds":86400,"maxTokenTtlSeconds":600,"rotationAgeSeconds":2592000}`, "If-Match", `"1"`).want(t, 200, "")
		want["name"], want["maxCredentialLifetimeSeconds"], want["maxTokenTtlSeconds"], want["rotationAgeSeconds"] = "Acme Ltd", 86400.0, 600.0, 2592000.0
		if diff := cmp.Diff(want, r.body); diff != "" {
			t.Errorf("changed (-want +got):\n%s", diff)
		}
		in.call(t, owner, "PATCH", path, `{"name":"x"}`, "If-Match", `"1"`).want(t, 412, "precondition_failed")
		in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"x","scopes":["a"],"expiresAt":"2026-03-03T12:00:00Z"}`).want(t, 422, "invalid_input")
		in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"x","scopes":["a"],"tokenTtlSeconds":601}`).want(t, 422, "invalid_input")
		for _, field := range []string{"maxCredentialLifetimeSeconds", "maxTokenTtlSeconds", "rotationAgeSeconds"} {
			for _, value := range []string{"1", "-1", "999999999999999"} {
				if r := in.call(t, owner, "PATCH", path, `{"`+field+`":`+value+`}`).want(t, 422, "invalid_input"); r.fields() != field {
					t.Errorf("%s: got the fields %s", value, r.fields())
				}
			}
		}
		r = in.call(t, owner, "PATCH", path, `{"maxCredentialLifetimeSeconds":null,"maxTokenTtlSeconds":null,"rotationAgeSeconds":null}`).want(t, 200, "")
		if r.body["maxCredentialLifetimeSeconds"] != nil || r.body["maxTokenTtlSeconds"] != nil || r.body["rotationAgeSeconds"] != 7776000.0 {
			t.Errorf("cleared: got %s", r.raw)
		}
		_, member := in.person(t, in.acme, "m@acme.example", "member")
		in.call(t, member, "GET", path, "").want(t, 200, "")
		in.call(t, member, "PATCH", path, `{"name":"x"}`).want(t, 403, "forbidden")
		if got := in.call(t, in.globex.admin, "GET", path, "").want(t, 200, "").text("name"); got != "Globex" {
			t.Errorf("the other organization is called %s", got)
		}
	})
}
