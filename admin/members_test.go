package admin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// object is a JSON object with those members that are not empty.
func object(t *testing.T, members map[string]string) string {
	t.Helper()
	for name, value := range members {
		if value == "" {
			delete(members, name)
		}
	}
	raw, err := json.Marshal(members)
	must(t, err)
	return string(raw)
}

func TestMembers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		owner := in.console(t, in.acme)
		r := in.call(t, owner, "POST", "/v1/members", `{"email":"Ada@Acme.example","role":"member"}`).want(t, 201, "")
		path, password := "/v1/members/"+r.text("id"), r.text("password")
		want := map[string]any{
			"id": r.text("id"), "organizationId": in.acme.id, "email": "ada@acme.example", "role": "member", "oneTimeCode": false,
			"createdAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z",
		}
		if diff := cmp.Diff(want, in.call(t, owner, "GET", path, "").want(t, 200, "").body); diff != "" {
			t.Errorf("member (-want +got):\n%s", diff)
		}
		if r.header.Get("Location") != path || r.header.Get("ETag") != `"1"` || len(password) < 20 {
			t.Errorf("got Location %q, ETag %q, a password of %d", r.header.Get("Location"), r.header.Get("ETag"), len(password))
		}
		ada := in.signIn(t, "ada@acme.example", password)

		in.call(t, ada, "GET", "/v1/members", "").want(t, 200, "")
		refused := in.call(t, ada, "POST", "/v1/members", `{"email":"b@acme.example","role":"member"}`).want(t, 403, "forbidden")
		if got := refused.header.Get("WWW-Authenticate"); got != "" {
			t.Errorf("a person is asked for a scope: %s", got)
		}
		in.call(t, ada, "POST", "/v1/clients", `{"name":"x","scopes":["a"]}`).want(t, 403, "forbidden")
		in.call(t, owner, "PATCH", path, `{"role":"admin"}`, "If-Match", `"2"`).want(t, 412, "precondition_failed")
		if got := in.call(t, owner, "PATCH", path, `{"role":"admin"}`, "If-Match", `"1"`).want(t, 200, ""); got.text("role") != "admin" || got.header.Get("ETag") != `"2"` {
			t.Errorf("got %s", got.raw)
		}
		in.call(t, ada, "POST", "/v1/clients", `{"name":"x","scopes":["a"]}`).want(t, 201, "") // at once, in the same session

		in.call(t, ada, "POST", "/v1/members", `{"email":"b@acme.example","role":"owner"}`).want(t, 403, "grant_exceeds_own")
		in.call(t, ada, "PATCH", path, `{"role":"owner"}`).want(t, 403, "grant_exceeds_own")
		in.call(t, ada, "PATCH", "/v1/members/"+in.acme.owner, `{"role":"member"}`).want(t, 403, "grant_exceeds_own")
		in.call(t, ada, "DELETE", "/v1/members/"+in.acme.owner, "").want(t, 403, "grant_exceeds_own")
		in.call(t, owner, "PATCH", "/v1/members/"+in.acme.owner, `{"role":"admin"}`).want(t, 409, "conflict")
		in.call(t, owner, "DELETE", "/v1/members/"+in.acme.owner, "").want(t, 409, "conflict")

		for body, field := range map[string]string{
			`{"role":"member"}`: "email", `{"email":"x","role":"member"}`: "email", `{"email":"x@y","role":"god"}`: "role",
			`{"email":"x@y"}`: "role", `{"email":"x@y","role":"member","password":"x"}`: "password",
		} {
			if r := in.call(t, owner, "POST", "/v1/members", body).want(t, 422, "invalid_input"); r.fields() != field {
				t.Errorf("%s: got the fields %s", body, r.fields())
			}
		}
		in.call(t, owner, "PATCH", path, `{"role":null}`).want(t, 422, "invalid_input")
		in.call(t, in.console(t, in.globex), "POST", "/v1/members", `{"email":"ada@acme.example","role":"member"}`).want(t, 409, "conflict")

		in.call(t, owner, "DELETE", path, "").want(t, 204, "")
		in.call(t, ada, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
		in.signInReply(t, "ada@acme.example", password, "").want(t, 401, "unauthenticated")
		in.call(t, owner, "GET", path, "").want(t, 404, "not_found")
	})
}

func TestMembersNeedAPerson(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for _, credential := range []string{in.acme.admin, in.accessTokenOfAdministrator(t)} {
			for _, op := range []struct{ method, path, body string }{
				{"POST", "/v1/members", `{"email":"x@acme.example","role":"member"}`},
				{"PATCH", "/v1/members/" + in.acme.owner, `{"role":"admin"}`},
				{"DELETE", "/v1/members/" + in.acme.owner, ""},
				{"PATCH", "/v1/organization", `{"name":"x"}`},
			} {
				r := in.call(t, credential, op.method, op.path, op.body).want(t, 403, "console_session_required")
				if got := in.cause(t, in.acme, r); got != "console_session_required" {
					t.Errorf("%s %s: got the cause %s", op.method, op.path, got)
				}
			}
		}
		bound := in.token(t, in.acme, in.acme.project, "keywright:read")
		in.call(t, bound, "GET", "/v1/members/"+in.acme.owner, "").want(t, 404, "not_found")
		if r := in.call(t, bound, "GET", "/v1/members", "").want(t, 200, ""); len(r.body["items"].([]any)) != 0 {
			t.Errorf("a credential of a project sees %s", r.raw)
		}
	})
}

func TestMembersOfTwoOrganizations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		owner := in.console(t, in.acme)
		for _, op := range []struct{ method, body string }{{"GET", ""}, {"PATCH", `{"role":"member"}`}, {"DELETE", ""}} {
			in.call(t, owner, op.method, "/v1/members/"+in.globex.owner, op.body).want(t, 404, "not_found")
		}
		for i := range 3 {
			in.call(t, owner, "POST", "/v1/members", fmt.Sprintf(`{"email":"%d@acme.example","role":"member"}`, i)).want(t, 201, "")
		}
		first := in.call(t, owner, "GET", "/v1/members?limit=3", "").want(t, 200, "")
		second := in.call(t, owner, "GET", "/v1/members?limit=3&cursor="+first.text("nextCursor"), "").want(t, 200, "")
		if all := first.raw + second.raw; strings.Count(all, `"email"`) != 4 || strings.Contains(all, "globex") || second.body["nextCursor"] != nil {
			t.Errorf("got %s", all)
		}
	})
}

// TestLastOwner lets twenty owners demote each other at once.
func TestLastOwner(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		owner := in.console(t, in.acme)
		ids := []string{in.acme.owner}
		sessions := []string{owner}
		for i := range 19 {
			email := fmt.Sprintf("%d@acme.example", i)
			r := in.call(t, owner, "POST", "/v1/members", object(t, map[string]string{"email": email, "role": "owner"})).want(t, 201, "")
			ids, sessions = append(ids, r.text("id")), append(sessions, in.signIn(t, email, r.text("password")))
		}
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				if i%2 == 0 {
					in.call(t, sessions[i], "PATCH", "/v1/members/"+ids[i], `{"role":"member"}`)
				} else {
					in.call(t, sessions[i], "DELETE", "/v1/members/"+ids[i], "")
				}
			})
		}
		all.Wait()
		if r := in.call(t, in.acme.admin, "GET", "/v1/members?limit=200", "").want(t, 200, ""); strings.Count(r.raw, `"role":"owner"`) != 1 {
			t.Errorf("want one owner left: %s", r.raw)
		}
	})
}
