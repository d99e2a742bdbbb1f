package console_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"keywright/internal/testotp"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestEveryFormWithoutScript walks from a new installation through everything
// that can be made, changed and ended, by the links and forms of the pages as
// a browser without script sends them. A form that is mounted and not sent
// fails it.
func TestEveryFormWithoutScript(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		clock := newClock()
		in := install(t, db, clock.now)
		v := in.visitor(t)
		v.setUpAndSignIn()
		v.catalogue()
		v.applications()
		client := v.newClient()
		v.credentials(client)
		v.access(client)
		v.endClients(client)
		v.publicKeys()
		v.apiTokens()
		v.people()
		v.ownSecurity(clock)
		v.revokeAll()
		v.lists()
		v.open("/console/sessions").follow("Sign out everywhere").form("/console/sign-out").press("Sign out everywhere").says("You are signed out.")
		for _, path := range in.paths(http.MethodPost) { // htmx shows it in the address bar, to be reloaded
			if !slices.Contains(in.paths(http.MethodGet), path) {
				t.Errorf("%s is posted to, and answers no GET", path)
			}
		}
		for _, r := range in.routes {
			if r.Method == http.MethodPost && strings.HasPrefix(r.Path, "/console") && !v.sentTo(r.Path) {
				t.Errorf("no form was sent to %s", r.Path)
			}
		}
	})
}

// sentTo tells whether a form was sent to a path that fits a route.
func (v *visitor) sentTo(route string) bool {
	want := strings.Split(route, "/")
	for sent := range v.sent {
		method, path, _ := strings.Cut(sent, " ")
		got := strings.Split(path, "/")
		fits := method == http.MethodPost && len(got) == len(want)
		for i := range want {
			fits = fits && (want[i] == got[i] || strings.HasPrefix(want[i], ":"))
		}
		if fits {
			return true
		}
	}
	return false
}

func (v *visitor) setUpAndSignIn() {
	p := v.open("/console").says("Set up Keywright")
	p = p.form("/console/setup").set("code", "AAAAAA-BBBBBB-CCCCCC-DDDDDD").set("organization", "Acme").set("email", "owner@acme.example").
		set("password", password).press("Create the organization").says("older than an hour")
	p = p.form("/console/setup").set("code", v.in.code).set("password", password).press("Create the organization").says("is its owner")
	p = p.follow("Sign in").form("/console/sign-in").set("email", "owner@acme.example").set("password", "wrong horse").press("Sign in").says("is not right")
	p.form("/console/sign-in").set("password", password).press("Sign in").says("Overview")
}

func (v *visitor) catalogue() {
	p := v.open("/console").follow("Projects").follow("New project").form("/console/projects/new").set("name", "Billing").press("Make project").says("was made")
	path := p.url.Path
	p = p.follow("Edit").form(path+"/edit").set("description", "Sends invoices.").press("Save").says("Sends invoices.")
	p.follow("Delete").form(path + "/delete").press("Delete project").says("The project is deleted.")

	p = v.open("/console/scopes").follow("Describe a scope").form("/console/scopes/new").set("name", "documents").press("Describe scope").says("is described")
	path = p.url.Path
	p = p.follow("Edit").form(path+"/edit").set("description", "Papers.").press("Save").says("Papers.")
	p.follow("Delete").form(path + "/delete").press("Delete scope").says("The scope is deleted.")

	p = v.open("/console/roles").follow("New role").form("/console/roles/new").set("name", "reader").set("otherScopes", "documents analytics").
		set("permissions", "read\nwrite").press("Make role").says("analytics documents").says("read write")
	path = p.url.Path
	p = p.follow("Edit").form(path+"/edit").set("description", "Reads.").press("Save").says("Reads.")
	p.follow("Delete").form(path + "/delete").press("Delete role").says("The role is deleted.")
	v.open("/console/roles/new").form("/console/roles/new").set("name", "auditor").set("otherScopes", "documents").press("Make role")

	p = v.open("/console/apis").follow("Register an API").form("/console/apis/new").set("identifier", "urn:acme:documents").set("name", "Documents").
		set("scopes", "documents").set("endpoints", "GET /v1/documents documents\nGET /v1/health").press("Register API").says("GET /v1/documents documents")
	path = p.url.Path
	p.follow("Edit").form(path+"/edit").set("strictScopes", "on").press("Save").says("never in its tokens")
	p = v.open("/console/apis/new").form("/console/apis/new").set("identifier", "urn:acme:old").set("name", "Old").press("Register API")
	p.follow("Delete").form(p.url.Path + "/delete").press("Delete API").says("The API is deleted.")
}

func (v *visitor) applications() {
	const path = "/console/applications/new"
	p := v.open("/console/applications").follow("New App").form(path).set("name", "Shop").press("Choose endpoints")
	f := p.form(path)
	p = f.set("endpoints", f.offers["endpoints"][0]).press("Continue").says("GET /v1/documents")
	p = p.form(path).press("Back").form(path).press("Back").form(path).press("Choose endpoints").form(path).press("Continue").says("GET /v1/documents")
	p = p.form(path).set("environment", "production").press("Connect and generate keys").says("shown this once")
	id := p.shown("the client id")
	p = p.form("/console/clients/" + id + "/confirm").press("Throw away").says("were thrown away")
	app := strings.TrimSuffix(p.url.Path, "/keys")
	p = v.open(app).says("GET /v1/documents").follow("Edit").form(app+"/edit").set("description", "Sells.").set("endpoints").press("Save").says("Sells.").says("No endpoint")
	p.follow("Delete").form(app + "/delete").press("Delete the application").says("The application was deleted.")
	p = v.open(path).form(path).set("name", "Plain").press("Choose endpoints").form(path).press("Continue")
	p.form(path).press("Create without keys").says("The application was made.")
}

// newClient makes a client with a role, and returns its path.
func (v *visitor) newClient() string {
	p := v.open("/console/clients").follow("Add OAuth 2.0 API credentials").form("/console/clients/new").set("name", "Importer").press("Generate credentials").
		says("That did not go through.")
	f := p.form("/console/clients/new").set("roles", "auditor").set("ipWhitelist", "127.0.0.9/8").press("Add a row").form("/console/clients/new")
	f = f.set("ipWhitelist", "127.0.0.0/8", "nowhere").press("Add my address, 127.0.0.1").says("This is not an address").form("/console/clients/new")
	f = f.press("Remove range 1").form("/console/clients/new").set("address", "192.0.2.8").press("Test").says("192.0.2.8 is refused").form("/console/clients/new")
	p = f.press("Generate credentials").says("shown this once")
	id, secret := p.shown("the client id"), p.shown("the client secret")
	path := "/console/clients/" + id
	if got := v.open(path+"/access").form(path+"/access", "part", "addresses").values["ipWhitelist"]; !slices.Equal(got, []string{"127.0.0.0/8", "127.0.0.1", ""}) {
		v.Errorf("it was made with the addresses %q", got)
	}
	p = p.form(path + "/confirm").press("Add credentials").says("Download the JSON first")
	if again := p.shown("the client secret"); again != secret {
		v.Error("what would be lost is not shown again")
	}
	p.form("/console/download").press("Download JSON").says(secret)
	p.form(path + "/confirm").press("Add credentials").says("The credentials of Importer are active.")
	return path
}

func (v *visitor) credentials(path string) {
	p := v.open(path+"/credentials").follow("Add a secret").form(path+"/secrets/new").set("expiresAt", "2027-01-31").press("Add the secret").says("shown this once")
	second := p.shown("the client secret")
	p = p.follow("Done").says("2027-01-31 23:59 UTC")
	p.open(path+"/credentials").follow("Regenerate").form(path+"/regenerate").set("overlapSeconds", "3600").press("Regenerate").says("shown this once").
		follow("Done").says("retires")
	p = v.open(path + "/credentials")
	for n := range p.root.Descendants() {
		if to := attribute(n, "href"); strings.HasPrefix(to, path+"/secrets/") && strings.HasSuffix(attribute(n, "aria-label"), second[len(second)-4:]) {
			v.open(to).form(to).press("Delete the secret").says("The secret was deleted.")
			return
		}
	}
	v.Fatalf("the second secret cannot be deleted: %s", p.text)
}

func (v *visitor) access(path string) {
	access := path + "/access"
	part := func(p *page, name string) *filled { v.Helper(); return p.form(access, "part", name) }
	p := part(v.open(access), "settings").set("description", "Brings papers.").set("expiresAt", "2027-01-31").press("Save the settings").says("The change is in force.")
	p = part(p, "grants").set("permissions", "read").press("Save what it may do").says("The change is in force.")
	p = part(p, "addresses").press("Remove range 0").form(access, "part", "addresses").set("ipWhitelist", "192.0.2.7").press("Add a row")
	p = part(p, "addresses").set("ipWhitelist", "192.0.2.7", "nowhere").press("Add my address, 127.0.0.1").says("This is not an address")
	p = part(p, "addresses").press("Remove range 1")
	f := part(p, "addresses").set("address", "192.0.2.8")
	p = f.press("Test").says("192.0.2.8 is refused").open(access)
	p = part(p, "addresses").set("ipWhitelist", "192.0.2.7/24").press("Save the addresses").says("The change is in force.")
	if got := part(p, "addresses").values["ipWhitelist"]; len(got) != 2 || got[0] != "192.0.2.0/24" {
		v.Errorf("the addresses are %q", got)
	}
	v.open(path).says("Brings papers.").follow("Try it").form(path+"/try").set("token", "not.a.token").press("Read it").says("refused")
}

func (v *visitor) endClients(path string) {
	act := func(name, button, says string) {
		v.Helper()
		f := v.open(path + "/" + name).form(path + "/" + name)
		if name != "enable" {
			f = f.set("typed", "Another").press(button).says("That did not go through.").form(path+"/"+name).set("typed", "Importer")
		}
		f.press(button).says(says)
	}
	act("disable", "Disable", "The client is disabled.")
	act("enable", "Enable", "The client is enabled.")
	act("revoke", "Revoke", "The client is revoked.")
	act("delete", "Delete", "The client is deleted.")
}

// publicKeys makes a client with a key of its own, and gives it another.
func (v *visitor) publicKeys() {
	f := v.open("/console/clients/new").form("/console/clients/new").set("name", "Signer").set("otherScopes", "documents").set("authMethod", "private_key_jwt")
	p := f.set("jwks", v.jwks("first")).press("Generate credentials").says("signs with its own private key")
	path := "/console/clients/" + p.shown("the client id")
	p.form("/console/download").press("Download JSON")
	p.form(path + "/confirm").press("Add credentials")
	p = v.open(path + "/credentials").says("first").follow("Change the keys")
	p.form(path+"/keys").set("jwks", v.jwks("second")).press("Change the keys").says("The public keys were changed.").says("second")
}

func (v *visitor) jwks(id string) string {
	v.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(v.T, err)
	point, err := key.PublicKey.Bytes() // 4, x, y
	must(v.T, err)
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":%q,"x":%q,"y":%q}]}`, id, encode(point[1:33]), encode(point[33:]))
}

func (v *visitor) apiTokens() {
	f := v.open("/console/tokens").follow("Create an API token").form("/console/tokens/new").set("name", "Nightly").set("permissions", "read").set("scopes", "documents")
	f = f.set("type", "organization").set("ipWhitelist", "127.0.0.9/8").press("Add a row").form("/console/tokens/new")
	f = f.set("ipWhitelist", "127.0.0.0/8", "nowhere").press("Add my address, 127.0.0.1").says("This is not an address").form("/console/tokens/new")
	f = f.press("Remove range 1").form("/console/tokens/new").set("address", "192.0.2.8").press("Test").says("192.0.2.8 is refused").form("/console/tokens/new")
	p := f.press("Create API token").says("shown this once")
	p.form("/console/download").press("Download JSON").says(p.shown("the API token"))
	p = p.follow("Done").says("Nightly").says("127.0.0.0/8").says("$API_TOKEN")
	path := p.url.Path
	p = p.follow("Edit").form(path+"/edit").set("description", "At night.").set("life", "date").set("expiresAt", "2026-05-05").press("Save").says("2026-05-05 23:59 UTC")
	p = p.form(path + "/active").press("Active").says("is deactivated").form(path + "/active").press("Active").says("is active")
	p.follow("Regenerate…").form(path + "/regenerate").press("Regenerate").says("shown this once")
	p = v.open(path).follow("Revoke…").form(path+"/revoke").set("typed", "Nightly").press("Revoke").says("is revoked")
	p.open(path+"/delete").form(path+"/delete").set("typed", "Nightly").press("Delete").says("The API token is deleted.")
}

func (v *visitor) people() {
	p := v.open("/console/members").follow("New member").form("/console/members/new").set("email", "ada@acme.example").press("Make member").says("is a member")
	ada := v.in.visitor(v.T)
	ada.open("/console/sign-in?next=/console/roles").form("/console/sign-in").set("email", "ada@acme.example").set("password", p.shown("the password")).press("Sign in").says("Roles")
	p = p.follow("Done").follow("ada@acme.example")
	path := p.url.Path
	p = p.follow("Change role").form(path+"/role").set("role", "admin").press("Change role").says("ada@acme.example is admin now.")
	sessions := p.follow("sessions")
	for n := range sessions.root.Descendants() {
		if to := attribute(n, "href"); strings.HasPrefix(to, "/console/sessions/") {
			v.open(to).form(to).press("End session").says("The session has ended.")
		}
	}
	ada.open("/console").says("Sign in")
	v.open(path).follow("Remove").form(path + "/remove").press("Remove member").says("The member was removed.")
	v.open("/console/signing-keys").follow("Rotate now").form("/console/signing-keys/rotate").press("Rotate now").says("signs from")
}

func (v *visitor) ownSecurity(clock *clock) {
	const codes = "/console/security/one-time-code"
	security := v.open("/console").follow("Security")
	security.follow("Change").form("/console/security/policy").set("maxCredentialLifetimeSeconds", "15552000").press("Save").says("180 days")
	security.follow("Change password").form("/console/security/password").set("current", password).set("new", "battery staple horse").press("Change password").
		says("The password is changed")
	p := security.follow("turn on").form(codes).set("password", "battery staple horse").press("Show the secret").says("It is shown this once.")
	secret := p.shown("the secret")
	p = p.form(codes+"/confirm").set("code", "000000").press("Turn on").says("The one-time code is wrong.")
	p.form(codes+"/confirm").set("code", testotp.Code(v.T, secret, clock.now())).press("Turn on").says("One-time codes are in force")

	clock.pass(16 * time.Minute) // everything dangerous asks again, and leads back
	p = v.open(codes).says("Confirm it is you").form("/console/sign-in-again").set("password", "battery staple horse").press("Continue").says("One-time code")
	p = p.form("/console/sign-in-again").set("oneTimeCode", testotp.Code(v.T, secret, clock.now())).press("Continue")
	p.form(codes+"/disable").set("password", "battery staple horse").press("Turn off").says("One-time codes are off.")
}

func (v *visitor) revokeAll() {
	for _, kind := range []string{"clients", "tokens"} {
		path := "/console/" + kind + "/revoke-all"
		p := v.open("/console/" + kind).follow("Revoke all…").form(path).press("Show what it would hit").says("would be revoked")
		f := p.form(path, "expectedCount", "1").set("typed", "Acme")
		f.press(buttonWith(f, "Revoke 1")).says("revoked, for good.")
	}
}

// buttonWith is the text of the button that begins so.
func buttonWith(f *filled, start string) string {
	for n := range f.node.Descendants() {
		if n.Data == "button" && strings.HasPrefix(textOf(n), start) {
			return textOf(n)
		}
	}
	f.Fatalf("there is no button %s…: %s", start, textOf(f.node))
	return ""
}

// lists narrows each list by its form.
func (v *visitor) lists() {
	for path, field := range map[string][2]string{
		"/console/clients": {"q", "Signer"}, "/console/tokens": {"status", "revoked"}, "/console/audit": {"action", "member.create"},
		"/console/refusals": {"errorId", "err_none"}, "/console/sessions": {"memberId", ""},
	} {
		p := v.open(path).form(path).set(field[0], field[1]).press(map[bool]string{true: "Explain", false: "Filter"}[path == "/console/refusals"])
		if p.status != http.StatusOK || p.url.Query().Get(field[0]) != field[1] {
			v.Errorf("%s is not narrowed: %d, %s", path, p.status, p.url)
		}
	}
}
