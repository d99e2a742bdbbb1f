package consoletest

import (
	"net/http"
	"testing"
)

// TestWhyRefused asks why callers of the OAuth edge were refused, and follows
// the link to what is to be put right.
func TestWhyRefused(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.describeAPI(t)
		app := s.create(t, "/v1/applications", map[string]any{"name": "Billing"})
		client := func(name string, in map[string]any) madeClient {
			t.Helper()
			all := map[string]any{"name": name, "scopes": []string{"documents"}}
			for setting, value := range in {
				all[setting] = value
			}
			return s.makeClient(t, all)
		}
		change := func(c madeClient, in map[string]any) {
			t.Helper()
			s.call(t, http.MethodPatch, "/v1/clients/"+c.ClientID, in, nil)
		}
		refused := func(c madeClient) string {
			t.Helper()
			return s.exchange(t, c.ClientID, c.ClientSecret).ErrorID
		}
		unknown := madeClient{ClientID: "kwc_00000000000000000000000000", ClientSecret: "wrong"}
		wrong := client("Wrong", nil)
		wrong.ClientSecret = "wrong"
		disabled, revoked, elsewhere := client("Disabled", nil), client("Revoked", nil), client("Elsewhere", nil)
		change(disabled, map[string]any{"isActive": false})
		s.call(t, http.MethodPost, "/v1/clients/"+revoked.ClientID+"/revoke", nil, nil)
		change(elsewhere, map[string]any{"ipWhitelist": []string{"192.0.2.0/24"}})
		pending := client("Pending", map[string]any{"confirmRequired": true})
		signer := s.makeKeyClient(t)
		signer.ClientSecret = wrong.ClientSecret
		robot := client("Robot", map[string]any{"applicationId": app})
		unconnected := s.verify(t, s.accessToken(t, robot.ClientID, robot.ClientSecret), "GET", "/v1/documents").ErrorID
		token := s.makeToken(t, map[string]any{"ipWhitelist": []string{"192.0.2.0/24"}})

		p := s.signIn(t)
		p.press("Why refused?")
		p.sees("A caller whose credential is refused")
		p.check()
		for _, refusal := range []struct{ id, cause, link, leads string }{
			{refused(unknown), "unknown_client", "Look through the clients", "/console/clients"},
			{refused(wrong), "wrong_secret", "Open the client Wrong", "/console/clients/" + wrong.ClientID + "/credentials"},
			{refused(disabled), "credential_disabled", "Open the client Disabled", "/console/clients/" + disabled.ClientID + "/danger"},
			{refused(revoked), "credential_revoked", "Open the client Revoked", "/console/clients/" + revoked.ClientID},
			{refused(pending), "credential_pending", "Open the client Pending", "/console/clients/" + pending.ClientID},
			{refused(elsewhere), "address_off_list", "Open the client Elsewhere", "/console/clients/" + elsewhere.ClientID + "/access"},
			{refused(signer), "wrong_method", "Open the client Signer", "/console/clients/" + signer.ClientID + "/credentials"},
			{unconnected, "endpoint_not_connected", "Open the application Billing", "/console/applications/" + app},
			{s.verify(t, token.Token, "GET", "/v1/documents").ErrorID, "address_off_list", "Open the API token Nightly", "/console/tokens/" + token.ID + "/edit"},
		} {
			p.open("/console/refusals")
			p.fill("Error id", refusal.id)
			p.press("Explain")
			p.sees("Cause " + refusal.cause)
			if refusal.cause == "wrong_secret" {
				p.sees("The client exists; the secret is none of its own.")
				p.check()
				p.screenshot("refusal")
			}
			p.press(refusal.link)
			p.arrives(refusal.leads)
		}
		p.check()
		p.open("/console/refusals")
		p.fill("Error id", "err_nonsense")
		p.press("Explain")
		p.sees("That is no error id of this installation")
		p.check()
	})
}
