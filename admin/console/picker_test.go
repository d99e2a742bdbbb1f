package console_test

import (
	"strings"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestPickAmongVeryMany chooses a project where there are more than a select
// offers, without script: by what the field suggests, by a name, and in vain.
func TestPickAmongVeryMany(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		address := storagetest.URL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: address})
		in, made := serve(t, db, func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) })
		actor := registry.Actor{
			Principal: registry.Principal{Kind: registry.ActorMember, ID: made.Owner.ID}, OrganizationID: made.Organization.ID,
			Role: registry.RoleOwner, ConsoleSession: true, Via: registry.ViaConsole,
		}
		named := func(name string) string {
			t.Helper()
			project, err := in.service.CreateProject(t.Context(), actor, registry.ProjectInput{Name: name})
			must(t, err)
			return project.ID
		}
		billing, twin := named("Billing · EU"), named("Twin")
		named("Twin")
		multiply(t, storagetest.SQL(t, address), "projects", twin, 250, map[string]string{"name": "'Filler ' || n"})
		v := in.signedIn(t)
		newToken := func(project string) *page {
			t.Helper()
			return v.open("/console/tokens/new").form("/console/tokens/new").set("name", "Nightly").set("permissions", "read").
				set("scopes", "documents").set("projectId", project).press("Create API token")
		}
		newToken("Billing · EU · " + billing).says("is shown this once") // as it is suggested
		newToken("Billing · EU").says("is shown this once")
		newToken(billing).says("is shown this once")
		newToken("Twin").says("That did not go through.") // two are called that
		newToken(strings.Repeat("x", 101)).says("That did not go through.")
		newToken("two\nlines").says("That did not go through.")
		vain := newToken("Fill").says("That did not go through.")
		if got := vain.form("/console/tokens/new").values.Get("projectId"); got != "Fill" {
			t.Errorf("what was typed becomes %q", got)
		}

		listed := v.open("/console/tokens").form("/console/tokens").set("projectId", "Billing · EU").press("Filter").says("Nightly")
		if got, want := listed.form("/console/tokens").values.Get("projectId"), "Billing · EU · "+billing; got != want {
			t.Errorf("the filter shows %q, want %q", got, want)
		}
		v.open("/console/tokens").form("/console/tokens").set("projectId", "Nowhere").press("Filter").says("No API token fits.")
		v.open("/console/tokens/revoke-all").form("/console/tokens/revoke-all").set("target", "Project Billing · EU").
			press("Show what it would hit").says("3 API tokens would be revoked")
		v.open("/console/clients/revoke-all").form("/console/clients/revoke-all").set("target", "Nowhere").
			press("Show what it would hit").says("Choose which clients to revoke.")
	})
}
