package admin_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

const tokenMembers = "createdAt createdBy description expiresAt failureCount hint id ipWhitelist isActive lastUsedAt lastUsedIp name " +
	"organizationId permissions projectId rotationDue scopes status type updatedAt usageCount"

// apiToken makes an API token by way of the API and returns the answer.
func (in *installation) apiToken(t *testing.T, tn tenant, more string) reply {
	t.Helper()
	return in.call(t, tn.admin, "POST", "/v1/tokens", `{"name":"x","scopes":["docs"],"permissions":["read"]`+more+`}`).want(t, 201, "")
}

// alive tells whether the value of an API token that may read is accepted.
func (in *installation) alive(t *testing.T, value string) bool {
	t.Helper()
	r := in.call(t, value, "GET", "/v1/me", "")
	if r.status != http.StatusUnauthorized && r.status != http.StatusForbidden && r.status != http.StatusOK {
		t.Fatalf("got %d %s", r.status, r.raw)
	}
	return r.status != http.StatusUnauthorized
}

func TestCreateAPIToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.call(t, in.acme.admin, "POST", "/v1/tokens", `{"name":" Build ","description":"d","type":"project","projectId":"`+in.acme.project+`",
			"expiresAt":"2026-06-01T10:00:00+02:00","scopes":["b","a","b"],"permissions":["write","read"],"ipWhitelist":["192.0.2.7","10.1.2.3/8"]}`).want(t, 201, "")
		value := r.text("token")
		if _, ok := registry.ParseSecretText(registry.PrefixAPITokenValue, value); !ok {
			t.Error("token is not of the form of an API token")
		}
		path := "/v1/tokens/" + r.text("id")
		if r.header.Get("Location") != path || r.header.Get("ETag") != `"1"` {
			t.Errorf("got Location %q, ETag %q", r.header.Get("Location"), r.header.Get("ETag"))
		}
		if got := members(without(r.body, "token")); got != tokenMembers {
			t.Errorf("members:\n got %s\nwant %s", got, tokenMembers)
		}
		want := map[string]any{
			"id": r.text("id"), "name": "Build", "description": "d", "type": "project", "organizationId": in.acme.id,
			"projectId": in.acme.project, "status": "active", "isActive": true, "expiresAt": "2026-06-01T08:00:00Z",
			"permissions": []any{"read", "write"}, "scopes": []any{"a", "b"}, "ipWhitelist": []any{"192.0.2.7", "10.0.0.0/8"},
			"hint": "kwt_…" + value[len(value)-4:], "rotationDue": false, "usageCount": 0.0, "failureCount": 0.0, "lastUsedAt": nil, "lastUsedIp": nil,
			"createdBy": in.creator(t), "createdAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z",
		}
		if diff := cmp.Diff(want, without(r.body, "token")); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		got := in.call(t, in.acme.admin, "GET", path, "").want(t, 200, "")
		if diff := cmp.Diff(want, got.body); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
		r = in.apiToken(t, in.acme, "")
		if r.text("expiresAt") != "2027-03-01T12:00:00Z" || r.text("type") != "organization" || r.body["projectId"] != nil {
			t.Errorf("the defaults: got %s", r.raw)
		}

		for body, fields := range map[string]string{
			`{}`: "name scopes permissions",
			`{"name":"x","scopes":["a"],"permissions":["p"],"type":"project"}`:                                            "projectId",
			`{"name":"x","scopes":["a"],"permissions":["p"],"type":"organization","projectId":"` + in.acme.project + `"}`: "projectId",
			`{"name":"x","scopes":["a"],"permissions":["p"],"type":"project","projectId":"` + in.globex.project + `"}`:    "projectId",
			`{"name":"x","scopes":["a b"],"permissions":["p",""]}`:                                                        "scopes[0] permissions[1]",
			`{"name":"x","scopes":["a"],"permissions":["p"],"expiresAt":"2026-03-01T12:00:00Z"}`:                          "expiresAt",
			`{"name":"x","scopes":["a"],"permissions":["p"],"ipWhitelist":["::ffff:10.0.0.1"]}`:                           "ipWhitelist[0]",
			`{"name":"x","scopes":["a"],"permissions":["p"],"token":"kwt_chosen"}`:                                        "token",
			`{"name":"x","scopes":["a"],"permissions":["p"],"type":"personal"}`:                                           "type",
		} {
			if got := in.call(t, in.acme.admin, "POST", "/v1/tokens", body).want(t, 422, "invalid_input").fields(); got != fields {
				t.Errorf("%s: got the fields %q, want %q", body, got, fields)
			}
		}
		in.call(t, in.acme.admin, "POST", "/v1/tokens", `{"name":"x","scopes":["keywright:read"],"permissions":["p"]}`).want(t, 403, "console_session_required")
		bound := in.token(t, in.acme, in.acme.project, "keywright:read", "keywright:write")
		in.call(t, bound, "POST", "/v1/tokens", `{"name":"x","scopes":["a"],"permissions":["p"],"type":"organization"}`).want(t, 403, "grant_exceeds_own")
		in.call(t, bound, "GET", "/v1/tokens/"+r.text("id"), "").want(t, 404, "not_found")
		in.call(t, bound, "DELETE", "/v1/tokens/"+r.text("id"), "").want(t, 404, "not_found")
		if strings.Contains(in.journal.String(), value) {
			t.Error("the log holds an API token")
		}
	})
}

func TestPatchAPIToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.apiToken(t, in.acme, `,"expiresAt":"2026-03-01T14:00:00Z"`)
		path, value := "/v1/tokens/"+r.text("id"), r.text("token")

		r = in.call(t, in.acme.admin, "PATCH", path, `{"name":"y","description":"d","scopes":["a","b"],"permissions":["p"],"isActive":false}`, "If-Match", `"1"`).want(t, 200, "")
		if r.text("status") != "disabled" || r.text("name") != "y" || r.header.Get("ETag") != `"2"` || in.alive(t, value) {
			t.Errorf("disabled: got %s", r.raw)
		}
		if _, has := r.body["token"]; has {
			t.Error("a change shows the token")
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"name":"z"}`, "If-Match", `"1"`).want(t, 412, "precondition_failed")
		in.call(t, in.acme.admin, "DELETE", path, "", "If-Match", `"1"`).want(t, 412, "precondition_failed")
		in.call(t, in.acme.admin, "POST", path+"/revoke", "", "If-Match", `"1"`).want(t, 412, "precondition_failed")
		in.call(t, in.acme.admin, "PATCH", path, `{"isActive":true}`).want(t, 200, "")
		if !in.alive(t, value) {
			t.Error("enabled again, the same value is refused")
		}
		for body, fields := range map[string]string{
			`{"scopes":null}`: "scopes", `{"permissions":[]}`: "permissions", `{"isActive":null}`: "isActive", `{"name":null}`: "name",
			`{"type":"project"}`: "type", `{"projectId":null}`: "projectId", `{"expiresAt":"2026-03-01T11:00:00Z"}`: "expiresAt",
		} {
			if got := in.call(t, in.acme.admin, "PATCH", path, body).want(t, 422, "invalid_input").fields(); got != fields {
				t.Errorf("%s: got the fields %q", body, got)
			}
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"scopes":["keywright:write"]}`).want(t, 403, "console_session_required")
		in.call(t, in.acme.admin, "PATCH", "/v1/tokens/"+in.creator(t), `{"name":"itself"}`).want(t, 403, "console_session_required")

		// Extending works while it has not expired, and not afterwards.
		in.call(t, in.acme.admin, "PATCH", path, `{"expiresAt":"2026-03-01T15:00:00Z"}`).want(t, 200, "")
		in.clock.advance(3 * time.Hour)
		if in.alive(t, value) {
			t.Error("an expired token is accepted")
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"expiresAt":"2026-03-01T18:00:00Z"}`).want(t, 409, "credential_expired")
		in.call(t, in.acme.admin, "PATCH", path, `{"expiresAt":null}`).want(t, 409, "credential_expired")
		in.call(t, in.acme.admin, "PATCH", path, `{"name":"still"}`).want(t, 200, "")
		in.call(t, in.acme.admin, "POST", path+"/revoke", "").want(t, 200, "")
		in.call(t, in.acme.admin, "PATCH", path, `{"isActive":true}`).want(t, 409, "credential_revoked")
		in.call(t, in.acme.admin, "POST", path+"/revoke", "").want(t, 409, "credential_revoked")
	})
}

func TestRegenerateAPIToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.apiToken(t, in.acme, `,"expiresAt":"2026-03-01T13:00:00Z"`)
		path, first := "/v1/tokens/"+r.text("id"), r.text("token")
		r = in.call(t, in.acme.admin, "POST", path+"/regenerate", "").want(t, 200, "")
		second := r.text("token")
		if r.text("expiresAt") != "2026-03-01T13:00:00Z" || r.header.Get("ETag") != `"2"` || !strings.HasSuffix(second, r.text("hint")[len("kwt_…"):]) {
			t.Errorf("regenerated: got %s", r.raw)
		}
		if in.alive(t, first) || !in.alive(t, second) {
			t.Error("the older value lives, or the new one does not")
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"isActive":false}`).want(t, 200, "")
		in.clock.advance(time.Hour)
		r = in.call(t, in.acme.admin, "POST", path+"/regenerate", `{"expiresAt":"2026-05-01T00:00:00Z"}`).want(t, 200, "")
		if r.text("status") != "disabled" || r.text("expiresAt") != "2026-05-01T00:00:00Z" || in.alive(t, r.text("token")) {
			t.Errorf("a disabled one: got %s", r.raw)
		}
		in.call(t, in.acme.admin, "POST", path+"/regenerate", `{"expiresAt":"2026-01-01T00:00:00Z"}`).want(t, 422, "invalid_input")
		in.call(t, in.acme.admin, "PATCH", path, `{"expiresAt":"2026-03-01T14:00:00Z"}`).want(t, 200, "")
		in.clock.advance(2 * time.Hour)
		r = in.call(t, in.acme.admin, "POST", path+"/regenerate", `{}`).want(t, 200, "")
		if r.text("expiresAt") != "2027-03-01T15:00:00Z" {
			t.Errorf("an expired one: got %s, want the default expiry", r.raw)
		}
		in.call(t, in.acme.admin, "POST", path+"/revoke", "").want(t, 200, "")
		in.call(t, in.acme.admin, "POST", path+"/regenerate", "").want(t, 409, "credential_revoked")
		in.call(t, in.acme.admin, "DELETE", path, "").want(t, 204, "")
		in.call(t, in.acme.admin, "POST", path+"/regenerate", "").want(t, 404, "not_found")
	})
}

func TestParallelRegeneratesOfAnAPIToken(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		made := in.apiToken(t, in.acme, "")
		path := "/v1/tokens/" + made.text("id") + "/regenerate"
		values := make([]string, 50)
		var wg sync.WaitGroup
		for i := range values {
			wg.Go(func() {
				r := in.call(t, in.acme.admin, "POST", path, "")
				if r.status != http.StatusOK {
					t.Errorf("got %d %s", r.status, r.raw)
				}
				values[i] = r.text("token")
			})
		}
		wg.Wait()
		valid := 0
		for _, value := range values {
			if in.alive(t, value) {
				valid++
			}
		}
		if valid != 1 || in.alive(t, made.text("token")) {
			t.Errorf("%d of 50 values are valid, want exactly 1; the first lives: %v", valid, in.alive(t, made.text("token")))
		}
	})
}

func TestDeleteAndRevokeAPITokens(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		gone, bound, wide := in.apiToken(t, in.acme, ""), in.apiToken(t, in.acme, `,"projectId":"`+in.acme.project+`"`), in.apiToken(t, in.acme, "")
		foreign := in.apiToken(t, in.globex, "")
		in.call(t, in.acme.admin, "DELETE", "/v1/tokens/"+gone.text("id"), "").want(t, 204, "")
		in.call(t, in.acme.admin, "GET", "/v1/tokens/"+gone.text("id"), "").want(t, 404, "not_found")
		if in.alive(t, gone.text("token")) {
			t.Error("a deleted token is accepted")
		}

		revokeAll := func(body string) reply { return in.call(t, in.acme.admin, "POST", "/v1/tokens/revoke-all", body) }
		r := revokeAll(`{"projectId":"`+in.acme.project+`","dryRun":true}`).want(t, 200, "")
		if r.body["count"] != 1.0 || r.body["items"].([]any)[0].(map[string]any)["status"] != "active" || !in.alive(t, bound.text("token")) {
			t.Errorf("preview: got %s", r.raw)
		}
		revokeAll(`{"projectId":"`+in.acme.project+`","expectedCount":2}`).want(t, 409, "count_changed")
		r = revokeAll(`{"projectId":"`+in.acme.project+`","expectedCount":1}`).want(t, 200, "")
		if item := r.body["items"].([]any)[0].(map[string]any); r.body["count"] != 1.0 || item["id"] != bound.text("id") || item["status"] != "revoked" {
			t.Errorf("project: got %s", r.raw)
		}
		r = revokeAll(`{"createdBy":"`+in.creator(t)+`"}`).want(t, 200, "")
		if r.body["count"] != 1.0 || in.alive(t, wide.text("token")) || in.alive(t, bound.text("token")) {
			t.Errorf("creator: got %s", r.raw)
		}
		// It would hit the credential that asks, which is for a person to do.
		revokeAll(`{"organizationId":"`+in.acme.id+`"}`).want(t, 403, "console_session_required")
		revokeAll(`{}`).want(t, 422, "invalid_input")
		revokeAll(`{"applicationId":"app_x"}`).want(t, 422, "invalid_input")
		revokeAll(`{"organizationId":"`+in.globex.id+`"}`).want(t, 404, "not_found")
		if r := revokeAll(`{"projectId":"` + in.globex.project + `"}`); r.status == http.StatusOK && r.body["count"] != 0.0 {
			t.Errorf("a foreign project: got %s", r.raw)
		}
		if !in.alive(t, foreign.text("token")) {
			t.Error("another organization's token died")
		}
	})
}

func TestStrictScopes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for name, strict := range map[string]bool{"strict": true, "loose": false} {
			in.call(t, in.acme.admin, "POST", "/v1/apis", fmt.Sprintf(
				`{"identifier":"https://%s.example.com","name":"x","scopes":[%q],"strictScopes":%v}`, name, name, strict)).want(t, 201, "")
		}
		token := func(scopes string) reply {
			return in.call(t, in.acme.admin, "POST", "/v1/tokens", `{"name":"x","permissions":["p"],"scopes":[`+scopes+`]}`)
		}
		token(`"strict"`).want(t, 201, "")
		token(`"free"`).want(t, 201, "")
		token(`"strict","loose","free"`).want(t, 201, "") // the loose API takes it
		if got := token(`"zzz","strict"`).want(t, 422, "invalid_input").fields(); got != "scopes[0]" {
			t.Errorf("API token: got the fields %s", got)
		}
		path := "/v1/tokens/" + token(`"strict"`).text("id")
		in.call(t, in.acme.admin, "PATCH", path, `{"scopes":["strict","free"]}`).want(t, 422, "invalid_input")

		client := func(scopes, audiences string) reply {
			return in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"x","scopes":[`+scopes+`],"audiences":[`+audiences+`]}`)
		}
		client(`"strict"`, `"https://strict.example.com"`).want(t, 201, "")
		client(`"strict","free"`, ``).want(t, 201, "")
		client(`"strict","free"`, `"https://strict.example.com","https://loose.example.com"`).want(t, 201, "")
		if got := client(`"zzz","strict"`, `"https://strict.example.com"`).want(t, 422, "invalid_input").fields(); got != "scopes[0]" {
			t.Errorf("client: got the fields %s", got)
		}
		path = "/v1/clients/" + client(`"strict","free"`, ``).text("clientId")
		in.call(t, in.acme.admin, "PATCH", path, `{"audiences":["https://strict.example.com"]}`).want(t, 422, "invalid_input")
	})
}
