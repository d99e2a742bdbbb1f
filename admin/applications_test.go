package admin_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// documents registers an API with two endpoints and returns their ids and its path.
func (in *installation) documents(t *testing.T, tn tenant, identifier string) (path, read, write string) {
	t.Helper()
	r := in.call(t, tn.admin, "POST", "/v1/apis", `{"identifier":"`+identifier+`","name":"Documents","scopes":["docs:read","docs:write"],
		"endpoints":[{"method":"GET","path":"/docs","scope":"docs:read"},{"method":"POST","path":"/docs","scope":"docs:write"}]}`).want(t, 201, "")
	endpoints := r.body["endpoints"].([]any)
	return "/v1/apis/" + r.text("id"), endpoints[0].(map[string]any)["id"].(string), endpoints[1].(map[string]any)["id"].(string)
}

func TestApplications(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		_, read, write := in.documents(t, in.acme, "https://api.example.com")
		_, foreign, _ := in.documents(t, in.globex, "https://g.example.com")
		r := in.call(t, in.acme.admin, "POST", "/v1/applications", `{"name":" Scanner ","description":"d","projectId":"`+in.acme.project+`",
			"endpoints":["`+read+`"],"createClient":{"name":"first","environment":"production"}}`).want(t, 201, "")
		path := "/v1/applications/" + r.text("id")
		client, ok := r.body["client"].(map[string]any)
		if !ok || members(client) != clientMembers || len(r.text("clientSecret")) != 68 {
			t.Fatalf("got %s", r.raw)
		}
		if client["applicationId"] != r.text("id") || client["projectId"] != in.acme.project || client["status"] != "active" {
			t.Errorf("first client: got %v", client)
		}
		want := map[string]any{
			"id": r.text("id"), "name": "Scanner", "description": "d", "organizationId": in.acme.id, "projectId": in.acme.project,
			"endpoints": []any{read}, "clientCount": 1.0, "createdBy": in.creator(t),
			"createdAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z",
		}
		if diff := cmp.Diff(want, without(without(r.body, "client"), "clientSecret")); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, in.call(t, in.acme.admin, "GET", path, "").want(t, 200, "").body); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
		if r.header.Get("Location") != path || r.header.Get("ETag") != `"1"` {
			t.Errorf("got Location %q, ETag %q", r.header.Get("Location"), r.header.Get("ETag"))
		}
		// The endpoint's scope is what the client holds.
		id, secret := client["clientId"].(string), r.text("clientSecret")
		token := in.accessToken(t, id, secret, "https://api.example.com", "docs:read")
		if token == "" {
			t.Error("no token for the connected endpoint's scope")
		}

		in.call(t, in.acme.admin, "PATCH", path, `{"name":"x"}`, "If-Match", `"9"`).want(t, 412, "precondition_failed")
		r = in.call(t, in.acme.admin, "PATCH", path, `{"endpoints":["`+write+`","`+read+`"],"description":null}`, "If-Match", `"1"`).want(t, 200, "")
		if len(r.body["endpoints"].([]any)) != 2 || r.text("description") != "" || r.text("name") != "Scanner" || r.body["clientCount"] != 1.0 {
			t.Errorf("changed: got %s", r.raw)
		}
		in.accessToken(t, id, secret, "https://api.example.com", "docs:write")

		for body, fields := range map[string]string{
			`{}`: "name",
			`{"name":"x","endpoints":["` + foreign + `"]}`:              "endpoints[0]",
			`{"name":"x","projectId":"` + in.globex.project + `"}`:      "projectId",
			`{"name":"x","createClient":{"name":"y"}}`:                  "scopes",
			`{"name":"x","unknown":1}`:                                  "unknown",
			`{"name":"x","createClient":{"scopes":["a"],"nonsense":1}}`: "createClient.nonsense",
		} {
			if got := in.call(t, in.acme.admin, "POST", "/v1/applications", body).want(t, 422, "invalid_input").fields(); got != fields {
				t.Errorf("%s: got the fields %q, want %q", body, got, fields)
			}
		}
		if n := len(in.call(t, in.acme.admin, "GET", "/v1/applications", "").want(t, 200, "").body["items"].([]any)); n != 1 {
			t.Errorf("got %d applications: one whose client was refused is there", n)
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"projectId":null}`).want(t, 422, "invalid_input")
		in.call(t, in.acme.admin, "POST", "/v1/applications", `{"name":"x","createClient":{"name":"y","scopes":["keywright:read"]}}`).want(t, 403, "console_session_required")
	})
}

func TestListApplications(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		bound := in.token(t, in.acme, in.acme.project, "keywright:read", "keywright:write")
		wide := in.call(t, in.acme.admin, "POST", "/v1/applications", `{"name":"wide"}`).want(t, 201, "").text("id")
		own := in.call(t, bound, "POST", "/v1/applications", `{"name":"own"}`).want(t, 201, "")
		if own.text("projectId") != in.acme.project {
			t.Errorf("project: got %s", own.raw)
		}
		in.call(t, in.acme.admin, "POST", "/v1/applications", `{"name":"third"}`).want(t, 201, "")
		in.call(t, in.globex.admin, "POST", "/v1/applications", `{"name":"foreign"}`).want(t, 201, "")
		in.call(t, bound, "GET", "/v1/applications/"+wide, "").want(t, 404, "not_found")
		in.call(t, bound, "DELETE", "/v1/applications/"+wide, "").want(t, 404, "not_found")

		names := func(r reply) (all []string) {
			for _, item := range r.want(t, 200, "").body["items"].([]any) {
				all = append(all, item.(map[string]any)["name"].(string))
			}
			return all
		}
		first := in.call(t, in.acme.admin, "GET", "/v1/applications?limit=2", "")
		second := in.call(t, in.acme.admin, "GET", "/v1/applications?limit=2&cursor="+first.text("nextCursor"), "")
		if a, b := len(names(first)), len(names(second)); a != 2 || b != 1 {
			t.Errorf("got pages of %d and %d", a, b)
		}
		for _, r := range []reply{in.call(t, bound, "GET", "/v1/applications", ""), in.call(t, in.acme.admin, "GET", "/v1/applications?projectId="+in.acme.project, "")} {
			if diff := cmp.Diff([]string{"own"}, names(r)); diff != "" {
				t.Errorf("of one project (-want +got):\n%s", diff)
			}
		}
	})
}

func TestDeleteApplication(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.call(t, in.acme.admin, "POST", "/v1/applications", `{"name":"x","createClient":{"name":"first","scopes":["a"]}}`).want(t, 201, "")
		path, app := "/v1/applications/"+r.text("id"), r.text("id")
		first := r.body["client"].(map[string]any)["clientId"].(string)
		in.client(t, in.acme, `{"name":"never confirmed","scopes":["a"],"confirmRequired":true,"applicationId":"`+app+`"}`)
		in.clock.advance(2 * time.Hour)
		if got := in.call(t, in.acme.admin, "GET", path, "").body["clientCount"]; got != 1.0 {
			t.Errorf("clientCount: got %v, want that of those that can be seen", got)
		}
		refused := in.call(t, in.acme.admin, "DELETE", path, "").want(t, 409, "conflict")
		if !strings.Contains(refused.text("detail"), first) {
			t.Errorf("the refusal does not say who: %s", refused.raw)
		}
		in.call(t, in.acme.admin, "POST", "/v1/clients/"+first+"/revoke", "").want(t, 200, "")
		in.call(t, in.acme.admin, "DELETE", path, "", "If-Match", `"7"`).want(t, 412, "precondition_failed")
		in.call(t, in.acme.admin, "DELETE", path, "").want(t, 204, "")
		in.call(t, in.acme.admin, "GET", path, "").want(t, 404, "not_found")
		in.call(t, in.acme.admin, "GET", "/v1/clients/"+first, "").want(t, 404, "not_found")
	})
}

// TestAPIInUse shows that an API is not deleted under those who use it, and
// that an endpoint it drops is disconnected from them.
func TestAPIInUse(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		path, read, write := in.documents(t, in.acme, "https://api.example.com")
		r := in.call(t, in.acme.admin, "POST", "/v1/applications", `{"name":"x","endpoints":["`+read+`","`+write+`"]}`).want(t, 201, "")
		app := "/v1/applications/" + r.text("id")
		naming := in.client(t, in.acme, `{"name":"y","introspects":["https://api.example.com"]}`).text("clientId")
		refused := in.call(t, in.acme.admin, "DELETE", path, "").want(t, 409, "conflict").text("detail")
		if !strings.Contains(refused, r.text("id")) || !strings.Contains(refused, naming) {
			t.Errorf("the refusal does not say who: %s", refused)
		}

		in.call(t, in.acme.admin, "PATCH", path, fmt.Sprintf(`{"endpoints":[{"id":%q,"method":"GET","path":"/docs"}]}`, read)).want(t, 200, "")
		left := in.call(t, in.acme.admin, "GET", app, "").want(t, 200, "")
		if diff := cmp.Diff([]any{read}, left.body["endpoints"]); diff != "" || left.header.Get("ETag") != `"2"` {
			t.Errorf("ETag %s; connected endpoints (-want +got):\n%s", left.header.Get("ETag"), diff)
		}
		in.call(t, in.acme.admin, "PATCH", app, `{"endpoints":null}`).want(t, 200, "")
		in.call(t, in.acme.admin, "DELETE", path, "").want(t, 409, "conflict")
		in.call(t, in.acme.admin, "DELETE", "/v1/clients/"+naming, "").want(t, 204, "")
		in.call(t, in.acme.admin, "DELETE", path, "").want(t, 204, "")
	})
}
