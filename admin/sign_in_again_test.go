package admin_test

import (
	"testing"

	"keywright/registry"
)

// TestAnOldSessionIsNotEnough leaves a session open for a while: what is
// dangerous is refused in it until its person signs in again, the rest is not.
func TestAnOldSessionIsNotEnough(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		cookie := in.console(t, in.acme)
		dangerous := []struct{ method, path, body string }{
			{"POST", "/v1/members", `{"email":"ada@acme.example","role":"owner"}`},
			{"PATCH", "/v1/members/" + in.acme.owner, `{"role":"owner"}`},
			{"DELETE", "/v1/members/" + in.acme.owner, ""},
			{"PATCH", "/v1/organization", `{"name":"Acme & Sons"}`},
			{"POST", "/v1/signing-keys/rotate", ""},
			{"POST", "/v1/clients/revoke-all", `{"organizationId":"` + in.acme.id + `"}`},
			{"POST", "/v1/tokens/revoke-all", `{"projectId":"` + in.acme.project + `"}`},
		}
		in.clock.advance(registry.FreshFor)
		for _, op := range dangerous {
			r := in.call(t, cookie, op.method, op.path, op.body).want(t, 403, "sign_in_again")
			if got := in.cause(t, in.acme, r); got != "sign_in_again" {
				t.Errorf("%s %s: got the cause %s", op.method, op.path, got)
			}
		}
		in.call(t, cookie, "POST", "/v1/projects", `{"name":"Billing"}`).want(t, 201, "")
		in.call(t, in.acme.admin, "POST", "/v1/tokens/revoke-all", `{"projectId":"`+in.acme.project+`"}`).want(t, 200, "")

		cookie = in.console(t, in.acme)
		in.clock.advance(registry.FreshFor - 1)
		for _, op := range dangerous {
			if r := in.call(t, cookie, op.method, op.path, op.body); r.status == 403 {
				t.Errorf("%s %s in a session of a moment ago: %s", op.method, op.path, r.raw)
			}
		}
	})
}
