package admin_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoleLife(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.call(t, in.acme.admin, "POST", "/v1/roles", `{"name":"Reader","description":"d","scopes":["b","a"],"permissions":["read"]}`).want(t, 201, "")
		path := "/v1/roles/" + r.text("id")
		want := map[string]any{
			"id": r.text("id"), "organizationId": in.acme.id, "name": "Reader", "description": "d", "scopes": []any{"a", "b"},
			"permissions": []any{"read"}, "createdAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z",
		}
		if diff := cmp.Diff(want, r.body); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, in.call(t, in.acme.admin, "GET", path, "").want(t, 200, "").body); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
		if r.header.Get("Location") != path || r.header.Get("ETag") != `"1"` {
			t.Errorf("got Location %q, ETag %q", r.header.Get("Location"), r.header.Get("ETag"))
		}
		in.call(t, in.acme.admin, "POST", "/v1/roles", `{"name":"Reader"}`).want(t, 409, "conflict")
		in.call(t, in.globex.admin, "POST", "/v1/roles", `{"name":"Reader"}`).want(t, 201, "")
		in.call(t, in.acme.admin, "POST", "/v1/roles", `{"name":"boss","scopes":["keywright:write"]}`).want(t, 403, "console_session_required")
		for body, fields := range map[string]string{
			`{}`: "name", `{"name":"rol_x"}`: "name", `{"name":"x","scopes":["a b"]}`: "scopes[0]", `{"name":"x","clients":[]}`: "clients",
		} {
			if got := in.call(t, in.acme.admin, "POST", "/v1/roles", body).want(t, 422, "invalid_input").fields(); got != fields {
				t.Errorf("%s: got the fields %q", body, got)
			}
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"name":"Writer"}`).want(t, 422, "invalid_input")
		in.call(t, in.acme.admin, "PATCH", path, `{"description":"x"}`, "If-Match", `"7"`).want(t, 412, "precondition_failed")
		r = in.call(t, in.acme.admin, "PATCH", path, `{"description":null,"permissions":["read","write"]}`, "If-Match", `"1"`).want(t, 200, "")
		if r.text("description") != "" || len(r.body["permissions"].([]any)) != 2 || len(r.body["scopes"].([]any)) != 2 {
			t.Errorf("changed: got %s", r.raw)
		}

		holder := in.client(t, in.acme, `{"name":"x","roles":["Reader"]}`).text("clientId")
		refused := in.call(t, in.acme.admin, "DELETE", path, "").want(t, 409, "conflict")
		if !strings.Contains(refused.text("detail"), holder) {
			t.Errorf("the refusal does not say who: %s", refused.raw)
		}
		in.call(t, in.acme.admin, "DELETE", "/v1/clients/"+holder, "").want(t, 204, "")
		bound := in.token(t, in.acme, in.acme.project, "keywright:read", "keywright:write")
		in.call(t, bound, "DELETE", path, "").want(t, 403, "grant_exceeds_own")
		in.call(t, in.acme.admin, "DELETE", path, "").want(t, 204, "")
		in.call(t, in.acme.admin, "GET", path, "").want(t, 404, "not_found")
	})
}

// TestTakingFromARole shows that what a role loses, its holders' access tokens
// lose at their next check.
func TestTakingFromARole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		in.documents(t, in.acme, "https://api.example.com")
		role := in.call(t, in.acme.admin, "POST", "/v1/roles", `{"name":"r","scopes":["docs:read","docs:write"],"permissions":["p"]}`).want(t, 201, "").text("id")
		c := in.client(t, in.acme, `{"name":"x","roles":["r"]}`)
		text := in.accessToken(t, c.text("clientId"), c.text("clientSecret"), "https://api.example.com", "docs:read", "docs:write")
		in.call(t, in.acme.admin, "PATCH", "/v1/roles/"+role, `{"scopes":["docs:read"],"permissions":null}`).want(t, 200, "")
		token, err := in.ring.ParseAccessToken(text)
		must(t, err)
		current, _, err := in.authenticator.AccessToken(t.Context(), token, netip.Addr{})
		must(t, err)
		if !slices.Equal(current.Scopes, []string{"docs:read"}) || len(current.Permissions) != 0 {
			t.Errorf("got the scopes %v and permissions %v", current.Scopes, current.Permissions)
		}
	})
}

func TestScopes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.call(t, in.acme.admin, "POST", "/v1/scopes", `{"name":"docs:read","description":"Read documents."}`).want(t, 201, "")
		path := "/v1/scopes/" + r.text("id")
		want := map[string]any{
			"id": r.text("id"), "organizationId": in.acme.id, "name": "docs:read", "description": "Read documents.",
			"declaredBy": []any{}, "createdAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z",
		}
		if diff := cmp.Diff(want, r.body); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		in.call(t, in.acme.admin, "POST", "/v1/scopes", `{"name":"docs:read"}`).want(t, 409, "conflict")
		for _, body := range []string{`{}`, `{"name":"a b"}`, `{"name":"keywright:read"}`, `{"name":"x","id":"scp_x"}`} {
			in.call(t, in.acme.admin, "POST", "/v1/scopes", body).want(t, 422, "invalid_input")
		}
		r = in.call(t, in.acme.admin, "PATCH", path, `{"description":"d"}`, "If-Match", `"1"`).want(t, 200, "")
		if r.text("description") != "d" || r.header.Get("ETag") != `"2"` {
			t.Errorf("changed: got %s", r.raw)
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"description":"e"}`, "If-Match", `"1"`).want(t, 412, "precondition_failed")
		in.call(t, in.acme.admin, "PATCH", path, `{"name":"x"}`).want(t, 422, "invalid_input")

		api, _, _ := in.documents(t, in.acme, "https://api.example.com")
		for _, one := range []map[string]any{
			in.call(t, in.acme.admin, "GET", path, "").want(t, 200, "").body,
			in.call(t, in.acme.admin, "GET", "/v1/scopes", "").want(t, 200, "").body["items"].([]any)[0].(map[string]any),
		} {
			if diff := cmp.Diff([]any{"https://api.example.com"}, one["declaredBy"]); diff != "" {
				t.Errorf("declaredBy (-want +got):\n%s", diff)
			}
		}
		users := []string{
			strings.TrimPrefix(api, "/v1/apis/"),
			in.call(t, in.acme.admin, "POST", "/v1/roles", `{"name":"r","scopes":["docs:read"]}`).want(t, 201, "").text("id"),
			in.client(t, in.acme, `{"name":"x","scopes":["docs:read"]}`).text("clientId"),
			in.call(t, in.acme.admin, "POST", "/v1/tokens", `{"name":"x","scopes":["docs:read"],"permissions":["p"]}`).want(t, 201, "").text("id"),
		}
		in.client(t, in.globex, `{"name":"foreign","scopes":["docs:read"]}`)
		refused := in.call(t, in.acme.admin, "DELETE", path, "").want(t, 409, "conflict").text("detail")
		for _, id := range users {
			if !strings.Contains(refused, id) {
				t.Errorf("the refusal does not name %s: %s", id, refused)
			}
		}
		if strings.Contains(refused, "foreign") {
			t.Errorf("the refusal names another organization's client: %s", refused)
		}
		for i, kind := range []string{"apis", "roles", "clients", "tokens"} {
			in.call(t, in.acme.admin, "DELETE", "/v1/"+kind+"/"+users[i], "").want(t, 204, "")
		}
		in.call(t, in.acme.admin, "DELETE", path, "").want(t, 204, "")
		in.call(t, in.acme.admin, "GET", path, "").want(t, 404, "not_found")
	})
}

func TestListsOfTheCatalogue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for _, list := range []string{"/v1/roles", "/v1/scopes"} {
			for _, name := range []string{"a", "b", "c"} {
				in.call(t, in.acme.admin, "POST", list, `{"name":"`+name+`"}`).want(t, 201, "")
			}
			in.call(t, in.globex.admin, "POST", list, `{"name":"foreign"}`).want(t, 201, "")
			first := in.call(t, in.acme.admin, "GET", list+"?limit=2", "").want(t, 200, "")
			second := in.call(t, in.acme.admin, "GET", list+"?limit=2&cursor="+first.text("nextCursor"), "").want(t, 200, "")
			if a, b := len(first.body["items"].([]any)), len(second.body["items"].([]any)); a != 2 || b != 1 || second.body["nextCursor"] != nil {
				t.Errorf("%s: got pages of %d and %d", list, a, b)
			}
			if strings.Contains(first.raw+second.raw, "foreign") {
				t.Errorf("%s shows what is another organization's", list)
			}
			in.call(t, in.globex.admin, "GET", list+"?cursor="+first.text("nextCursor"), "").want(t, 400, "malformed_request")
		}
	})
}
