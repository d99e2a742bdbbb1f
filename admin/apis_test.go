package admin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAPIs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.call(t, in.acme.admin, "POST", "/v1/apis", `{"identifier":"https://api.example.com","name":"Documents","strictScopes":true,
			"scopes":["docs:write","docs:read"],"endpoints":[{"method":"get","path":"/v1/docs/{id}","scope":"docs:read"},{"method":"GET","path":"/health"}]}`).want(t, 201, "")
		path := "/v1/apis/" + r.text("id")
		if r.header.Get("Location") != path || r.header.Get("ETag") != `"1"` {
			t.Errorf("got Location %q, ETag %q", r.header.Get("Location"), r.header.Get("ETag"))
		}
		endpoints := r.body["endpoints"].([]any)
		first, second := endpoints[0].(map[string]any), endpoints[1].(map[string]any)
		want := map[string]any{
			"id": r.text("id"), "organizationId": in.acme.id, "identifier": "https://api.example.com", "name": "Documents",
			"scopes": []any{"docs:read", "docs:write"}, "strictScopes": true, "createdAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z",
			"endpoints": []any{
				map[string]any{"id": first["id"], "method": "GET", "path": "/v1/docs/{id}", "scope": "docs:read"},
				map[string]any{"id": second["id"], "method": "GET", "path": "/health", "scope": nil},
			},
		}
		if diff := cmp.Diff(want, r.body); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(len(want), len(in.call(t, in.acme.admin, "GET", path, "").want(t, 200, "").body)); diff != "" {
			t.Error(diff)
		}

		r = in.call(t, in.acme.admin, "PATCH", path, fmt.Sprintf(`{"name":"Docs","strictScopes":null,"endpoints":[{"id":%q,"method":"GET","path":"/v2/docs/{id}"}]}`, first["id"]), "If-Match", `"1"`).want(t, 200, "")
		if r.text("name") != "Docs" || r.body["strictScopes"] != false || r.header.Get("ETag") != `"2"` {
			t.Errorf("changed: got %s", r.raw)
		}
		if diff := cmp.Diff([]any{map[string]any{"id": first["id"], "method": "GET", "path": "/v2/docs/{id}", "scope": nil}}, r.body["endpoints"]); diff != "" {
			t.Errorf("endpoints (-want +got):\n%s", diff)
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"name":"x"}`, "If-Match", `"1"`).want(t, 412, "precondition_failed")
		in.call(t, in.acme.admin, "DELETE", path, "", "If-Match", `"1"`).want(t, 412, "precondition_failed")

		// Two names of a parameter do not make two endpoints.
		in.call(t, in.acme.admin, "POST", "/v1/apis", `{"identifier":"https://twice.example.com","name":"Twice","endpoints":[
			{"method":"GET","path":"/a/{x}/b"},{"method":"GET","path":"/a/{y}/b"}]}`).want(t, 422, "invalid_input")
		in.call(t, in.acme.admin, "POST", "/v1/apis", `{"identifier":"https://once.example.com","name":"Once","endpoints":[
			{"method":"GET","path":"/a/{x}/b"},{"method":"PUT","path":"/a/{y}/b"},{"method":"GET","path":"/a/b/{x}"}]}`).want(t, 201, "")
		in.call(t, in.acme.admin, "POST", "/v1/apis", `{"identifier":"https://api.example.com","name":"Again"}`).want(t, 409, "conflict")
		in.call(t, in.globex.admin, "POST", "/v1/apis", `{"identifier":"https://api.example.com","name":"Theirs"}`).want(t, 409, "conflict")
		in.call(t, in.acme.admin, "DELETE", path, "").want(t, 204, "")
		in.call(t, in.acme.admin, "GET", path, "").want(t, 404, "not_found")
	})
}

func TestListAPIs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for i := range 3 {
			in.call(t, in.acme.admin, "POST", "/v1/apis", fmt.Sprintf(`{"identifier":"https://%d.example.com","name":"x"}`, i)).want(t, 201, "")
		}
		in.call(t, in.globex.admin, "POST", "/v1/apis", `{"identifier":"https://foreign.example.com","name":"x"}`).want(t, 201, "")
		first := in.call(t, in.acme.admin, "GET", "/v1/apis?limit=2", "").want(t, 200, "")
		second := in.call(t, in.acme.admin, "GET", "/v1/apis?limit=2&cursor="+first.text("nextCursor"), "").want(t, 200, "")
		if a, b := len(first.body["items"].([]any)), len(second.body["items"].([]any)); a != 2 || b != 1 || second.body["nextCursor"] != nil {
			t.Errorf("got pages of %d and %d, then %v", a, b, second.body["nextCursor"])
		}
		if all := first.raw + second.raw; strings.Contains(all, "foreign") || strings.Count(all, ".example.com") != 3 {
			t.Errorf("got %s", all)
		}
	})
}

func TestMe(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.call(t, in.token(t, in.acme, in.acme.project, "keywright:read", "other"), "GET", "/v1/me", "").want(t, 200, "")
		want := map[string]any{
			"kind": "api_token", "id": r.text("id"), "organizationId": in.acme.id, "organizationName": "Acme",
			"projectId": in.acme.project, "role": nil, "scopes": []any{"keywright:read", "other"},
		}
		if diff := cmp.Diff(want, r.body); diff != "" {
			t.Errorf("me (-want +got):\n%s", diff)
		}
	})
}
