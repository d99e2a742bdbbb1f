package consoletest

import (
	"net/http"
	"testing"
)

func (s *site) clientStatus(t *testing.T, id string) string {
	t.Helper()
	var c struct{ Status string }
	s.call(t, http.MethodGet, "/v1/clients/"+id, nil, &c)
	return c.Status
}

func TestRevokeAllClients(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		project := s.create(t, "/v1/projects", map[string]any{"name": "Billing"})
		hit := s.makeClient(t, map[string]any{"name": "Invoices", "projectId": project, "scopes": []string{"documents"}})
		spared := s.makeClient(t, map[string]any{"name": "Elsewhere", "scopes": []string{"documents"}})

		p := s.signIn(t)
		p.open("/console/clients/revoke-all")
		p.sees("You see what it would hit before anything happens.")
		p.check()
		p.choose("Which ones", "Project Billing")
		p.press("Show what it would hit")
		p.sees("1 client would be revoked")
		p.sees("Invoices")
		p.misses("Elsewhere")
		p.check()
		p.screenshot("revoke-all")
		p.width(360)
		p.check()
		p.width(1280)

		p.fill("Type Billing to confirm", "billing")
		p.press("Revoke 1 client")
		p.sees("Is not the name")
		p.check()
		late := s.makeClient(t, map[string]any{"name": "Newcomer", "projectId": project, "scopes": []string{"documents"}})
		p.fill("Type Billing to confirm", "Billing")
		p.press("Revoke 1 client")
		p.sees("2 clients would be revoked, not 1")
		p.sees("Newcomer")
		if got := s.clientStatus(t, hit.ClientID); got != "active" {
			t.Errorf("another number than was shown: the client is %s", got)
		}
		p.fill("Type Billing to confirm", "Billing")
		p.press("Revoke 2 clients")
		p.sees("2 clients revoked, for good.")
		p.arrives("/console/clients")
		for id, want := range map[string]string{hit.ClientID: "revoked", late.ClientID: "revoked", spared.ClientID: "active"} {
			if got := s.clientStatus(t, id); got != want {
				t.Errorf("client %s is %s, want %s", id, got, want)
			}
		}
		p.open("/console/clients/revoke-all?target=" + project)
		p.sees("Nothing to revoke there")
		p.check()
	})
}

func TestRevokeAllAPITokensWithoutScript(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		made := s.makeToken(t, nil)
		p := s.withoutScript(t).signIn()
		p.open("/console/tokens")
		p.press("Revoke all…")
		p.choose("Which ones", "Everything of Acme")
		p.press("Show what it would hit")
		p.sees("2 API tokens would be revoked")
		p.check()
		p.fill("Type Acme to confirm", "Acme")
		p.press("Revoke 2 API tokens")
		p.arrives("/console/tokens")
		p.sees("2 API tokens revoked, for good.")
		p.check()
		p.expectAccepted(made.Token, false)
		p.expectAccepted(s.token, false)
	})
}
