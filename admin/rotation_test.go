package admin_test

import (
	"testing"
	"time"
)

// TestRotationDue: what is as old as the rotation age is marked and listed,
// until its value is replaced or it is over.
func TestRotationDue(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for _, list := range []struct{ path, id, more string }{
			{"/v1/clients", "clientId", ""},
			{"/v1/tokens", "id", `,"permissions":["p"]`},
		} {
			age := 90 * 24 * time.Hour
			late := in.clock.now().Add(2 * age).Format(time.RFC3339)
			path := map[string]string{}
			for _, name := range []string{"old", "renewed", "revoked"} {
				r := in.call(t, in.acme.admin, "POST", list.path, `{"name":"`+name+`","scopes":["a"],"expiresAt":"`+late+`"`+list.more+`}`).want(t, 201, "")
				path[name] = list.path + "/" + r.text(list.id)
			}
			due := func(name string) bool {
				t.Helper()
				return in.call(t, in.acme.admin, "GET", path[name], "").want(t, 200, "").body["rotationDue"].(bool)
			}
			listed := func(want ...string) {
				t.Helper()
				got := in.named(t, list.path, "rotationDue=true&q=renewed")
				if len(got) != len(want) {
					t.Errorf("%s: due are %q, want %q", list.path, got, want)
				}
			}
			in.clock.advance(age - time.Second)
			if due("renewed") {
				t.Errorf("%s: due before its time", list.path)
			}
			in.clock.advance(time.Second)
			in.call(t, in.acme.admin, "POST", path["revoked"]+"/revoke", "").want(t, 200, "")
			if !due("old") || !due("renewed") || due("revoked") {
				t.Errorf("%s: due are %v %v %v, want true true false", list.path, due("old"), due("renewed"), due("revoked"))
			}
			listed("renewed")
			in.call(t, in.acme.admin, "POST", path["renewed"]+"/regenerate", "").want(t, 200, "")
			if due("renewed") {
				t.Errorf("%s: due although it was renewed", list.path)
			}
			listed()
		}
	})
}
