package storagetest_test

import (
	"testing"

	"keywright/registry"
	"keywright/storage/storagetest"
)

// BenchmarkAddUsage adds a full batch of the ledger: many clients with one
// secret each, all of which are there.
func BenchmarkAddUsage(b *testing.B) {
	const clients = 2500
	for _, dialect := range storagetest.Dialects() {
		b.Run(dialect, func(b *testing.B) {
			db := storagetest.Open(b, dialect)
			w := settled(b, db)
			var deltas []registry.UsageDelta
			change(b, db, func(tx registry.Tx) error {
				for range clients {
					c, s := w.client, w.secret
					c.ID, s.ID, c.RoleIDs = id("kwc_"), id("sec_"), nil
					s.ClientID = c.ID
					if err := tx.InsertClient(ctx, c); err != nil {
						return err
					}
					if err := tx.InsertSecret(ctx, s); err != nil {
						return err
					}
					use := w.uses(1, noon, "192.0.2.1")
					use.ID = c.ID
					ofSecret := use
					ofSecret.Kind, ofSecret.ID = registry.CredentialSecret, s.ID
					deltas = append(deltas, use, ofSecret, forOrganization(use))
				}
				return nil
			})
			for b.Loop() {
				addUsage(b, db, id("bat_"), deltas...)
			}
		})
	}
}
