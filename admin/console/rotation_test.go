package console_test

import (
	"crypto/rand"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestRotationSteps leaves the old secret unused until it counts as out of
// use: then the guided path asks for its deletion, which needs no force.
func TestRotationSteps(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		clock := newClock()
		in, made := serve(t, db, clock.now)
		owner := asOwner(made)
		c, _, err := in.service.CreateClient(t.Context(), owner, registry.ClientInput{Name: "Importer", Scopes: []string{"documents"}})
		must(t, err)
		path := "/console/clients/" + c.ID + "/rotation"
		use := func(secret registry.Secret) {
			t.Helper()
			must(t, db.AddUsage(t.Context(), rand.Text(), clock.now(), []registry.UsageDelta{
				{Kind: registry.CredentialSecret, ID: secret.ID, OrganizationID: owner.OrganizationID, Count: 1, LastAt: clock.now()},
			}))
		}
		old := c.Secrets[0]
		end := "/console/clients/" + c.ID + "/secrets/" + old.ID + "/delete"
		clock.pass(time.Minute)
		fresh, _, err := in.service.AddSecret(t.Context(), owner, c.ID, time.Time{})
		must(t, err)
		use(old)
		v := in.signedIn(t)
		v.open(path).says("It was not used yet.")
		use(fresh)
		v.open(path).says("it counts as out of use at 2026-03-01 13:01 UTC")
		refused := v.open(path).follow("Delete " + old.Hint).says("It is in use.").form(end).press("Delete the secret")
		refused.says("That did not go through.")

		clock.pass(time.Hour - time.Second)
		use(fresh)
		in.signedIn(t).open(path).says("it counts as out of use at")
		clock.pass(time.Second)
		gone := in.signedIn(t).open(path).says("was last used 2026-03-01 12:01 UTC, 1 h 0 min ago.").
			follow("Delete " + old.Hint).form(end).press("Delete the secret")
		gone.says("The secret was deleted.")
		after, err := in.service.Client(t.Context(), owner, c.ID)
		must(t, err)
		for _, secret := range after.Secrets {
			if alive := secret.StatusAt(clock.now()) == registry.StatusActive; alive != (secret.ID == fresh.ID) {
				t.Errorf("the secret %s lives: %v", secret.Hint, alive)
			}
		}
	})
}

// asOwner is the owner of an organization, at the console.
func asOwner(made registry.CreatedOrganization) registry.Actor {
	return registry.Actor{
		Principal:      registry.Principal{Kind: registry.ActorMember, ID: made.Owner.ID},
		OrganizationID: made.Organization.ID, Role: registry.RoleOwner, ConsoleSession: true, Via: registry.ViaConsole,
	}
}
