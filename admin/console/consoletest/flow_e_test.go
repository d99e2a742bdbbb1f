package consoletest

import (
	"net/http"
	"testing"
)

// TestFlowE makes a key of an application with a role, which decides what its
// tokens may do, regenerates and deletes it.
func TestFlowE(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.describeAPI(t)
		for role, scope := range map[string]string{"reader": "documents", "analyst": "analytics"} {
			s.call(t, http.MethodPost, "/v1/roles", map[string]any{"name": role, "scopes": []string{scope}}, nil)
		}
		app := s.create(t, "/v1/applications", map[string]any{"name": "Billing"})
		keys := "/console/applications/" + app + "/keys"
		p := s.signIn(t)
		folder := p.keepDownloads()
		p.open("/console/applications/" + app)
		p.press("Access keys")
		p.sees("This application has no keys.")
		p.check()
		p.press("Add key")
		p.arrives("/console/clients/new")
		p.fill("Name", "Robot")
		p.press("Generate credentials")
		p.sees("At least one is required, or a role")
		p.check()
		p.tick("reader")
		p.sees("Roles reader") // in the summary
		p.press("Generate credentials")
		id, secret := p.keep(folder)
		p.arrives(keys)
		s.expectScope(t, id, secret, "documents")

		p.press("Robot")
		p.press("Access")
		p.tick("reader")
		p.tick("analyst")
		p.press("Save what it may do")
		p.sees("The change is in force.")
		s.expectScope(t, id, secret, "analytics")

		p.open(keys)
		p.press("Actions for Robot")
		p.press("Regenerate…")
		p.sees("1 live secret is hit")
		p.check()
		p.press("Regenerate")
		if got := p.shown("the client id"); got != id {
			t.Errorf("the client id is %s, was %s", got, id)
		}
		fresh := p.shown("the client secret")
		p.check()
		p.press("Done")
		p.arrives(keys)
		p.lacks(fresh)
		s.expectExchange(t, id, secret, http.StatusUnauthorized)
		s.expectScope(t, id, fresh, "analytics")

		p.press("Actions for Robot")
		p.press("Delete…")
		p.fill("Type Robot to confirm", "Robot")
		p.press("Delete")
		p.sees("The client is deleted.")
		p.arrives(keys)
		p.sees("This application has no keys.")
		s.expectExchange(t, id, fresh, http.StatusUnauthorized)
		p.check()
	})
}

// expectScope checks what a client's tokens may do.
func (s *site) expectScope(t *testing.T, id, secret, want string) {
	t.Helper()
	if got := s.exchange(t, id, secret); got.Scope != want {
		t.Errorf("%d with the scope %q, want %q", got.Status, got.Scope, want)
	}
}
