package consoletest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// madeClient is a client with its first secret.
type madeClient struct {
	ClientID     string
	ClientSecret string
	Secrets      []struct{ ID, Hint string }
}

func (s *site) makeClient(t *testing.T, in map[string]any) madeClient {
	t.Helper()
	var made madeClient
	s.call(t, http.MethodPost, "/v1/clients", in, &made)
	return made
}

// content is what stands in a form's field of that label.
func (p *tab) content(label string) string {
	p.t.Helper()
	p.until("find "+label, field(label))
	return ask[string](p, field(label)+".value")
}

// enterRange types into a row of the address list, once htmx looks after it.
func (p *tab) enterRange(row int, text string) {
	p.t.Helper()
	p.until("look after the row", `(`+rangeInput(row)+` ?? {})["htmx-internal-data"]`)
	p.typeRange(row, text)
}

// typeRange types into a row of the address list.
func (p *tab) typeRange(row int, text string) {
	p.t.Helper()
	p.until("find the row", rangeInput(row))
	ask[bool](p, `(e => { e.value = `+quote(text)+`; e.dispatchEvent(new Event("change", {bubbles: true})); return true })(`+rangeInput(row)+`)`)
}

func rangeInput(row int) string { return fmt.Sprintf(`document.querySelector("#range-%d input")`, row) }

func TestClientPages(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		made := s.makeClient(t, map[string]any{"name": "Importer", "description": "reads\neverything", "scopes": []string{"documents", "mail"}, "environment": "staging"})
		token := s.accessToken(t, made.ClientID, made.ClientSecret)
		s.used(t, made.ClientID, 0, 1)
		p := s.signIn(t)
		p.open("/console/clients/" + made.ClientID)
		p.sees("uses 1 failures 0")
		p.press("The same as a table")
		p.sees("Why they failed")
		p.check()
		p.screenshot("client-overview")

		p.press("Try it")
		p.sees("Get an access token")
		p.press("Go")
		p.sees("clientcredentials.Config")
		p.fill("Access token", token)
		p.press("Read it")
		p.sees("It is accepted now.")
		p.sees(`"client_id": "` + made.ClientID + `"`)
		p.lacks(token)
		p.check()
		p.screenshot("client-try")
		p.fill("Access token", token[:len(token)-4]+"AAAA")
		p.press("Read it")
		p.sees("which nobody vouches for")
		p.sees("is not ours")
		p.check()

		p.press("Activity")
		p.sees("client.create")
		p.check()
		p.screenshot("client-activity")

		p.width(360)
		for _, page := range []string{"", "/credentials", "/access", "/try", "/activity", "/danger", "/rotation", "/regenerate", "/secrets/new", "/revoke"} {
			p.open("/console/clients/" + made.ClientID + page)
			p.check()
			p.screenshot("client-narrow" + strings.ReplaceAll(page, "/", "-"))
		}
	})
}

func TestClientAccess(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.call(t, http.MethodPost, "/v1/scopes", map[string]any{"name": "documents", "description": "all documents"}, nil)
		s.call(t, http.MethodPost, "/v1/apis", map[string]any{"identifier": "https://mail.example.com", "name": "Mail", "scopes": []string{"mail:read", "mail:send"}}, nil)
		s.call(t, http.MethodPost, "/v1/roles", map[string]any{"name": "reader", "scopes": []string{"documents"}}, nil)
		made := s.makeClient(t, map[string]any{"name": "Importer", "scopes": []string{"documents", "odd"}, "ipWhitelist": []string{"192.0.2.0/24"}})
		p := s.signIn(t)
		p.open("/console/clients/" + made.ClientID + "/access")
		p.check()
		p.screenshot("client-access")

		p.fill("Name", "Exporter")
		p.fill("Token lifetime in seconds", "5")
		p.press("Save the settings")
		p.sees("Must lie between 60 and")
		p.check()
		p.fill("Token lifetime in seconds", "600")
		p.press("Save the settings")
		p.sees("The change is in force.")
		if got := p.content("Name"); got != "Exporter" {
			t.Errorf("the name is %q", got)
		}
		p.press("Save the settings")
		p.sees("There was nothing to change.")

		p.tick("mail:read")
		p.tick("reader")
		p.press("Save what it may do")
		p.sees("The change is in force.")
		var c struct {
			Name, Environment          string
			Scopes, Roles, IPWhitelist []string
			TokenTTLSeconds            int
		}
		s.call(t, http.MethodGet, "/v1/clients/"+made.ClientID, nil, &c)
		if got := strings.Join(c.Scopes, " "); got != "documents mail:read odd" || len(c.Roles) != 1 || c.TokenTTLSeconds != 600 {
			t.Errorf("got %+v", c)
		}

		// What is typed is brought into one form when the field is left.
		p.enterRange(1, "203.0.113.77/25")
		p.until("normalise", `document.querySelector("#range-1 input").value === "203.0.113.0/25"`)
		ask[bool](p, `(document.querySelector("#range-1 input").focus(), true)`)
		p.key(kb.Enter) // adds a row, too
		p.until("keep the row", `document.querySelector("#range-1 input").value === "203.0.113.0/25"`)
		p.enterRange(2, "nonsense")
		p.sees("This is not an address or a CIDR range.")
		p.check()
		p.press("Remove range 2")
		p.misses("This is not an address")
		p.fill("Test an address", "203.0.113.200")
		p.press("Test")
		p.sees("203.0.113.200 is refused")
		p.fill("Test an address", "203.0.113.5")
		p.press("Test")
		p.sees("203.0.113.5 is let in, by 203.0.113.0/25.")
		p.press("Add my address, 127.0.0.1")
		p.until("add my address", `document.querySelector("#range-2 input").value === "127.0.0.1"`)
		p.check()
		p.press("Save the addresses")
		p.sees("The change is in force.")
		s.call(t, http.MethodGet, "/v1/clients/"+made.ClientID, nil, &c)
		if got := strings.Join(c.IPWhitelist, " "); got != "127.0.0.1 192.0.2.0/24 203.0.113.0/25" {
			t.Errorf("the list is %s", got)
		}
	})
}

const publicKey = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"one"}`

// makeKeyClient makes a client with a public key.
func (s *site) makeKeyClient(t *testing.T) madeClient {
	t.Helper()
	return s.makeClient(t, map[string]any{
		"name": "Signer", "scopes": []string{"documents"}, "authMethod": "private_key_jwt", "jwks": json.RawMessage(`{"keys":[` + publicKey + `]}`),
	})
}

func TestClientKeys(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		made := s.makeKeyClient(t)
		p := s.signIn(t)
		p.open("/console/clients/" + made.ClientID + "/credentials")
		p.sees("one")
		p.check()
		p.press("Change the keys")
		p.arrives("/console/clients/" + made.ClientID + "/keys")
		p.fill("JSON Web Key Set", "nonsense")
		p.press("Change the keys")
		p.sees("That did not go through.")
		p.check()
		p.fill("JSON Web Key Set", `{"keys":[`+strings.Replace(publicKey, `"one"`, `"two"`, 1)+`]}`)
		p.press("Change the keys")
		p.sees("The public keys were changed.")
		p.sees("two")
		p.press("Try it")
		p.sees("key.json")
		p.check()
	})
}

// TestClientEnds does it without script, but for the dialog.
func TestClientEnds(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		made := s.makeClient(t, map[string]any{"name": "Importer", "scopes": []string{"documents"}})
		page := "/console/clients/" + made.ClientID
		p := s.withoutScript(t).signIn()
		p.open(page + "/danger")
		p.check()
		p.press("Disable")
		p.arrives(page + "/disable")
		p.fill("Type Importer to confirm", "importer")
		p.press("Disable")
		p.sees("Is not the name")
		p.check()
		p.fill("Type Importer to confirm", "Importer")
		p.press("Disable")
		p.sees("The client is disabled.")
		p.press("Danger")
		p.press("Enable")
		p.arrives(page + "/enable")
		p.press("Enable")
		p.sees("The client is enabled.")

		p.press("Credentials")
		p.press("Regenerate")
		p.arrives(page + "/regenerate")
		p.press("Regenerate")
		p.sees("is shown this once")
		p.press("Done")
		p.arrives(page + "/credentials")
		p.press("Access")
		p.arrives(page + "/access")
		p.press("Add my address, 127.0.0.1")
		p.until("add my address", `document.querySelector("#range-0 input").value === "127.0.0.1"`)
		p.press("Save the addresses")
		p.sees("The change is in force.")
		p.check()

		d := s.signIn(t)
		d.open(page + "/danger")
		d.screenshot("client-danger")
		d.press("Revoke")
		d.sees("This cannot be undone.")
		d.check()
		d.screenshot("client-revoke")
		d.fill("Type Importer to confirm", "Importer")
		d.tick("Remove this credential")
		d.press("Revoke")
		d.arrives("/console/clients")
		d.sees("The client is revoked and removed.")
		d.misses("Importer")
	})
}
