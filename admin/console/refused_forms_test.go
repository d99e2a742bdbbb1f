package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestWhatCannotBeReadChangesNothing sends what no field of ours sends, such as
// a date from a browser that has no input for dates.
func TestWhatCannotBeReadChangesNothing(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		in, made := serve(t, db, func() time.Time { return now })
		owner := registry.Actor{
			Principal: registry.Principal{Kind: registry.ActorMember, ID: made.Owner.ID}, OrganizationID: made.Organization.ID,
			Role: registry.RoleOwner, ConsoleSession: true, SignedInAt: now, Via: registry.ViaConsole,
		}
		client, _, err := in.service.CreateClient(t.Context(), owner, registry.ClientInput{Name: "Importer", Scopes: []string{"documents"}})
		must(t, err)
		v := in.signedIn(t)
		path := "/console/clients/" + client.ID
		v.open(path+"/secrets/new").form(path+"/secrets/new").set("expiresAt", "31.12.2027").press("Add the secret").says("Must be a date such as")
		p := v.open(path + "/access")
		p.form(path+"/access", "part", "settings").set("name", "Exporter").set("revision", "one").press("Save the settings").says("Must be a whole number")
		p.form(path+"/access", "part", "settings").set("tokenTtlSeconds", "18446744974").press("Save the settings").says("Must lie between")
		after, err := in.service.Client(t.Context(), owner, client.ID)
		must(t, err)
		if len(after.Secrets) != 1 || after.Name != "Importer" || after.Revision != client.Revision {
			t.Errorf("the client has %d secrets, the name %s and the revision %d", len(after.Secrets), after.Name, after.Revision)
		}
		const policy = "/console/security/policy"
		v.send(http.MethodPost, policy, map[string][]string{ // 900 seconds and 2⁶⁴ nanoseconds
			"name": {"Acme"}, "rotationAgeSeconds": {"7776000"}, "maxTokenTtlSeconds": {"18446744974"},
		}).says("Must lie between")
		v.open("/console/clients/new").form("/console/clients/new").set("name", "x").set("otherScopes", "documents").set("tokenTtlSeconds", "18446744974").
			press("Generate credentials").says("Must lie between")
	})
}

// TestRevokeAllOfARemovedMember reaches what somebody created who is gone:
// their name is gone too, and their id takes its place.
func TestRevokeAllOfARemovedMember(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		in, made := serve(t, db, func() time.Time { return now })
		person := func(id string, role registry.MemberRole) registry.Actor {
			return registry.Actor{
				Principal: registry.Principal{Kind: registry.ActorMember, ID: id}, OrganizationID: made.Organization.ID,
				Role: role, ConsoleSession: true, SignedInAt: now, Via: registry.ViaConsole,
			}
		}
		owner := person(made.Owner.ID, registry.RoleOwner)
		ada, _, err := in.service.CreateMember(t.Context(), owner, registry.MemberInput{Email: "ada@acme.example", Role: registry.RoleAdmin})
		must(t, err)
		for _, by := range []registry.Actor{owner, person(ada.ID, registry.RoleAdmin)} {
			_, _, err := in.service.CreateClient(t.Context(), by, registry.ClientInput{Name: "Importer", Scopes: []string{"documents"}})
			must(t, err)
		}
		v := in.signedIn(t)
		theirs := v.open("/console/members/" + ada.ID).follow("clients they created").says("Only those created by ada@acme.example.")
		must(t, in.service.DeleteMember(t.Context(), owner, ada.ID, 0))

		const path = "/console/clients/revoke-all"
		p := theirs.form("/console/clients").set("q", "import").press("Filter").says("Only those created by " + ada.ID)
		p = p.follow("Revoke all of theirs…").says("1 client would be revoked")
		p = p.form(path, "expectedCount", "1").set("typed", "ada@acme.example").press("Revoke 1 client").says("Is not the name")
		p.form(path, "expectedCount", "1").set("typed", ada.ID).press("Revoke 1 client").says("1 client revoked, for good.")
		v.open(path + "?target=" + ada.ID).says("Nothing to revoke there")

		for _, target := range []string{"", "nobody", strings.Replace(made.Organization.ID, "org_", "prj_", 1)} {
			p = v.send(http.MethodPost, path, map[string][]string{"target": {target}, "typed": {""}, "expectedCount": {"0"}})
			if p.status != http.StatusNotFound {
				t.Errorf("without a name to be typed, by %q: %d, %s", target, p.status, p.text)
			}
		}
	})
}

// TestAChoiceThatHitsNothingAnyMore says why nothing was revoked.
func TestAChoiceThatHitsNothingAnyMore(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		in, made := serve(t, db, time.Now)
		const path = "/console/clients/revoke-all"
		in.signedIn(t).send(http.MethodPost, path, map[string][]string{
			"target": {made.Organization.ID}, "typed": {"Acme"}, "expectedCount": {"1"},
		}).says("0 clients would be revoked, not 1")
	})
}

// TestAClientIsAddedLater loses the page that shows the values of a client
// once, before and after they were downloaded.
func TestAClientIsAddedLater(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		in, _ := serve(t, db, time.Now)
		v := in.signedIn(t)
		p := v.open("/console/clients/new").form("/console/clients/new").set("name", "Importer").set("otherScopes", "documents").press("Generate credentials")
		path := "/console/clients/" + p.shown("the client id")
		if lost := v.open(path).says("gone unless it is added"); strings.Contains(lost.text, "Add credentials") {
			t.Error("it may be added, and nobody has its secret")
		}
		p.form("/console/download").press("Download JSON")
		v.open(path).form(path + "/confirm").press("Add credentials").says("The credentials of Importer are active.")
		if p := v.open(path); strings.Contains(p.text, "Add credentials") || p.url.Path != path {
			t.Errorf("after that %s says %s", p.url, p.text)
		}
	})
}

// TestAStaleClientStays saves what was overtaken by another change twice: the
// second time does not undo the change either.
func TestAStaleClientStays(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		in, made := serve(t, db, time.Now)
		owner := asOwner(made)
		client, _, err := in.service.CreateClient(t.Context(), owner, registry.ClientInput{Name: "Importer", Scopes: []string{"documents"}})
		must(t, err)
		v, access := in.signedIn(t), "/console/clients/"+client.ID+"/access"
		settings, addresses := v.open(access), v.open(access)
		v.open(access).form(access, "part", "settings").set("description", "Nightly").press("Save the settings")
		const stale = "was changed since it was read"
		settings.form(access, "part", "settings").set("name", "Exporter").press("Save the settings").says(stale).
			form(access, "part", "settings").press("Save the settings").says(stale)
		addresses.form(access, "part", "addresses").press("Add my address, 127.0.0.1").form(access, "part", "addresses").press("Save the addresses").says(stale)
		after, err := in.service.Client(t.Context(), owner, client.ID)
		must(t, err)
		if after.Description != "Nightly" || after.Name != "Importer" || len(after.IPWhitelist) != 0 {
			t.Errorf("the client became %s, %q, %v", after.Name, after.Description, after.IPWhitelist)
		}
	})
}

// TestAStaleFormBeginsAnew is overtaken by another change, which saving again
// would never get past.
func TestAStaleFormBeginsAnew(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		in, _ := serve(t, db, time.Now)
		v := in.signedIn(t)
		const name = "/console/projects/new"
		path := v.open(name).form(name).set("name", "Billing").press("Make project").url.Path + "/edit"
		p := v.open(path)
		v.open(path).form(path).set("name", "Invoices").press("Save")
		p = p.form(path).set("name", "Payments").press("Save").says("was changed since it was read").follow("Open it as it is now")
		f := p.form(path)
		if got := f.values.Get("name"); got != "Invoices" {
			t.Errorf("the form begins with the name %q", got)
		}
		f.set("name", "Payments").press("Save").says("The project was changed.")
	})
}

// TestGuessesAtTheSetUpHoldNobodyUp guesses the set-up code more often than
// anybody may guess a password, from the operator's own address.
func TestGuessesAtTheSetUpHoldNobodyUp(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		in := install(t, db, time.Now)
		v := in.visitor(t)
		input := map[string][]string{"code": {"AAAAAA-BBBBBB-CCCCCC-DDDDDD"}, "organization": {"Acme"}, "email": {"owner@acme.example"}, "password": {password}}
		for range 100 {
			if p := v.send(http.MethodPost, "/console/setup", input); p.status != http.StatusUnprocessableEntity {
				t.Fatalf("a wrong code: %d, %s", p.status, p.text)
			}
		}
		input["code"] = []string{in.code}
		v.send(http.MethodPost, "/console/setup", input).says("is its owner")
	})
}
