package console_test

import (
	"crypto/rand"
	"net/netip"
	"strings"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestOddUseIsShown lets a quarter of a year pass: the pages say what was
// unused, what will expire, and what is odd about a use.
func TestOddUseIsShown(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		clock := newClock()
		in, made := serve(t, db, clock.now)
		owner := asOwner(made)
		create := func(name string, expiresAt time.Time) string {
			t.Helper()
			c, _, err := in.service.CreateClient(t.Context(), owner, registry.ClientInput{
				Name: name, Scopes: []string{"documents"}, ExpiresAt: expiresAt,
			})
			must(t, err)
			return c.ID
		}
		use := func(id, address string, count int64) {
			t.Helper()
			must(t, db.AddUsage(t.Context(), rand.Text(), clock.now(), []registry.UsageDelta{{
				Kind: registry.CredentialClient, ID: id, OrganizationID: owner.OrganizationID, Count: count,
				LastAt: clock.now(), LastIP: netip.MustParseAddr(address),
			}}))
		}
		busy := create("Busy", time.Time{})
		create("Idle", time.Time{})
		create("Ending", clock.now().AddDate(0, 4, 0))
		clock.pass(50 * day)
		for range 4 {
			clock.pass(day)
			use(busy, "192.0.2.1", 30)
		}
		clock.pass(40 * day) // silence
		for range 4 {
			clock.pass(day)
			use(busy, "192.0.2.1", 30)
			_, err := in.service.MarkUsage(t.Context(), registry.Server(), clock.now())
			must(t, err)
		}
		clock.pass(time.Hour)
		use(busy, "198.51.100.7", 1234) // a spike, from a new network
		_, err := in.service.MarkUsage(t.Context(), registry.Server(), clock.now())
		must(t, err)

		v := in.signedIn(t)
		overview := v.open("/console").says("1 expire within 30 days 1 client").says("client.usage_marked")
		overview.says("3 unused for 90 days") // with the first API token
		v.open("/console/clients?unusedFor=90").says("Idle").says("Ending").lacks("Busy")
		v.open("/console/clients?expiringWithin=30").says("Ending").lacks("Idle")
		v.open("/console/clients/" + busy).says("What is odd about it").
			says("1 234 uses within the hour, 30 at most before").
			says("used again, the first time since 2026-04-24").
			says("used from a new network, 198.51.100.0/24")
	})
}

// TestLastFailureIsShown refuses an API token: its page says when, from where
// and why.
func TestLastFailureIsShown(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		clock := newClock()
		in, made := serve(t, db, clock.now)
		owner := asOwner(made)
		token, _, err := in.service.CreateAPIToken(t.Context(), owner, registry.APITokenInput{
			Name: "Import", Type: registry.TokenTypeOrganization, Scopes: []string{"documents"}, Permissions: []string{"read"},
		})
		must(t, err)
		must(t, db.AddUsage(t.Context(), rand.Text(), clock.now(), []registry.UsageDelta{{
			Kind: registry.CredentialAPIToken, ID: token.ID, OrganizationID: owner.OrganizationID, Cause: registry.CauseDisabled, Count: 1,
			LastAt: clock.now(), LastIP: netip.MustParseAddr("192.0.2.1"),
		}}))
		in.signedIn(t).open("/console/tokens/" + token.ID).says("from 192.0.2.1: the client or API token is switched off")
	})
}

// lacks fails if the page says that.
func (p *page) lacks(text string) *page {
	p.Helper()
	if strings.Contains(p.text, text) {
		p.Errorf("%s says %q: %s", p.url.Path, text, p.text)
	}
	return p
}
