package consoletest

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

// likeness is what two clients have in common, of which one was made like the
// other.
type likeness struct {
	Name, Description, Environment, ProjectID, ApplicationID        string
	AuthMethod, TokenFormat, ExpiresAt                              string
	Roles, Scopes, Permissions, Audiences, Introspects, IPWhitelist []string
	TokenTTLSeconds                                                 int
	Watch                                                           bool
}

// TestCreateAnotherLikeThisOne fills in the form of a new client as another
// is, which gets a secret of its own.
func TestCreateAnotherLikeThisOne(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		endpoint := s.describeAPI(t)
		s.call(t, http.MethodPost, "/v1/roles", map[string]any{"name": "analyst", "scopes": []string{"analytics"}}, nil)
		project := s.create(t, "/v1/projects", map[string]any{"name": "Billing"})
		app := s.create(t, "/v1/applications", map[string]any{"name": "Invoices", "projectId": project, "endpoints": []string{endpoint}})
		made := s.makeClient(t, map[string]any{
			"name": strings.Repeat("Importer ", 10) + "Importer", "description": "reads\neverything", "environment": "staging",
			"projectId": project, "applicationId": app, "roles": []string{"analyst"}, "scopes": []string{"documents", "odd"},
			"permissions": []string{"read", "read all"}, "audiences": []string{s.api()}, "introspects": []string{"*"},
			"ipWhitelist": []string{"127.0.0.0/8", "2001:db8::1"}, "tokenFormat": "opaque", "tokenTtlSeconds": 120, "watch": true,
			"expiresAt": time.Now().UTC().AddDate(0, 1, 0).Format("2006-01-02") + "T23:59:59Z",
		})
		p := s.signIn(t)
		folder := p.keepDownloads()
		p.open("/console/clients/" + made.ClientID)
		p.check()
		p.press("Create another like this one")
		p.arrives("/console/clients/new")
		p.check()
		p.screenshot("client-like")
		p.lacks(made.Secrets[0].Hint)
		p.press("Generate credentials")
		id, secret := p.keep(folder)
		if id == made.ClientID || secret == made.ClientSecret {
			t.Error("the client is not another")
		}
		var was, is likeness
		s.call(t, http.MethodGet, "/v1/clients/"+made.ClientID, nil, &was)
		s.call(t, http.MethodGet, "/v1/clients/"+id, nil, &is)
		if want := was.Name[:93] + " (copy)"; is.Name != want {
			t.Errorf("it is called %q, want %q", is.Name, want)
		}
		if is.Name = was.Name; !reflect.DeepEqual(is, was) {
			t.Errorf("it was made\n%+v, like\n%+v", is, was)
		}
		s.expectExchange(t, id, secret, http.StatusOK)
		s.expectExchange(t, made.ClientID, made.ClientSecret, http.StatusOK)
	})
}

// TestAnotherWithAKey takes the public keys over: they are no secrets.
func TestAnotherWithAKey(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		made := s.makeKeyClient(t)
		p := s.withoutScript(t).signIn()
		p.open("/console/clients/" + made.ClientID)
		p.press("Create another like this one")
		p.fill("Name", "Signer, too")
		p.press("Generate credentials")
		p.sees("so there is no secret to keep")
		p.check()
		id := p.shown("the client id")
		var c struct {
			JWKS struct{ Keys []struct{ KID string } }
		}
		s.call(t, http.MethodGet, "/v1/clients/"+id, nil, &c)
		if len(c.JWKS.Keys) != 1 || c.JWKS.Keys[0].KID != "one" {
			t.Errorf("its keys are %+v", c.JWKS.Keys)
		}
	})
}
