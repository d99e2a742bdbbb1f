package storagetest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func TestRevokeClientsSelects(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		at := kept(noon.Add(time.Minute))
		add := func(edit func(c *registry.Client)) string {
			c := w.client
			c.ID, c.RevokedAt, c.ConfirmBy, c.ProjectID, c.ApplicationID, c.RoleIDs = id("kwc_"), time.Time{}, time.Time{}, "", "", nil
			c.CreatedBy.ID = "mem_somebody"
			edit(&c)
			change(t, db, func(tx registry.Tx) error { return tx.InsertClient(ctx, c) })
			return c.ID
		}
		plain := add(func(*registry.Client) {})
		inProject := add(func(c *registry.Client) { c.ProjectID = w.prj.ID })
		inApplication := add(func(c *registry.Client) { c.ApplicationID = w.app.ID })
		byCreator := add(func(c *registry.Client) { c.CreatedBy.ID = "mem_creator" })
		gone := add(func(c *registry.Client) { c.ConfirmBy = at })
		org := w.org.ID
		// w.client itself is revoked already and never selected.
		for _, c := range []struct {
			filter registry.ClientFilter
			want   []string
		}{
			{registry.ClientFilter{OrganizationID: org, ProjectID: w.prj.ID}, []string{inProject}},
			{registry.ClientFilter{OrganizationID: org, ApplicationID: w.app.ID}, []string{inApplication}},
			{registry.ClientFilter{OrganizationID: org, CreatedBy: "mem_creator"}, []string{byCreator}},
			{registry.ClientFilter{OrganizationID: other.org.ID, ProjectID: w.prj.ID}, nil},
			{registry.ClientFilter{}, nil}, // no organization is none, not all
			{registry.ClientFilter{OrganizationID: org, NotGoneAt: at}, []string{plain}},
			{registry.ClientFilter{OrganizationID: org}, []string{gone}},
			{registry.ClientFilter{OrganizationID: org}, nil},
		} {
			change(t, db, func(tx registry.Tx) error {
				c.filter.OnlyUnrevoked = true
				count, err := tx.CountClients(ctx, c.filter)
				if err != nil {
					return err
				}
				got, err := tx.LockClients(ctx, c.filter)
				if err != nil {
					return err
				}
				slices.Sort(c.want)
				if !slices.Equal(got, c.want) || count != len(c.want) {
					t.Errorf("%+v: got %v and counted %d, want %v", c.filter, got, count, c.want)
				}
				return tx.RevokeClients(ctx, got, at)
			})
		}
		client := read(t, db, func(r registry.Reader) (registry.Client, error) { return r.Client(ctx, org, plain) })
		if !client.RevokedAt.Equal(at) || client.Revision != 2 || !client.UpdatedAt.Equal(at) {
			t.Errorf("got revoked %v at revision %d, updated %v", client.RevokedAt, client.Revision, client.UpdatedAt)
		}
		sameAs(t, readClient(t, db, w), w.client)
	})
}

func TestRevokeAndCutOffMoreThanOneStatementHolds(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		const many = 2100
		for range many / 300 {
			change(t, db, func(tx registry.Tx) error {
				for range 300 {
					c := w.client
					c.ID, c.RoleIDs, c.RevokedAt = id("kwc_"), nil, time.Time{}
					if err := tx.InsertClient(ctx, c); err != nil {
						return err
					}
				}
				return nil
			})
		}
		change(t, db, func(tx registry.Tx) error {
			ids, err := tx.LockClients(ctx, registry.ClientFilter{OrganizationID: w.org.ID, OnlyUnrevoked: true})
			if err != nil || len(ids) != many {
				return fmt.Errorf("got %d, %w", len(ids), err)
			}
			if err := tx.RevokeClients(ctx, ids, noon); err != nil {
				return err
			}
			return tx.CutOff(ctx, registry.CutOffClient, ids, 7)
		})
		page := read(t, db, func(r registry.Reader) ([]registry.Client, error) {
			return r.ClientPage(ctx, registry.ClientFilter{OrganizationID: w.org.ID}, registry.Page{Limit: many + 1})
		})
		for _, c := range page {
			if c.ID != w.client.ID && (c.CutOff != 7 || c.RevokedAt.IsZero()) {
				t.Fatalf("%s has cut-off %d, revoked %v", c.ID, c.CutOff, c.RevokedAt)
			}
		}
	})
}

func TestCutOffOnlyMovesForwardAndUpdatesLeaveIt(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		targets := map[registry.CutOffKind]string{
			registry.CutOffOrganization: w.org.ID, registry.CutOffProject: w.prj.ID, registry.CutOffApplication: w.app.ID,
			registry.CutOffClient: w.client.ID, registry.CutOffSecret: w.secret.ID,
		}
		for _, at := range []registry.Position{5, 3} {
			change(t, db, func(tx registry.Tx) error {
				for kind, target := range targets {
					if err := tx.CutOff(ctx, kind, []string{target}, at); err != nil {
						return err
					}
				}
				return nil
			})
		}
		change(t, db, func(tx registry.Tx) error { // with records read before the cut-off
			if err := tx.UpdateClient(ctx, w.client); err != nil {
				return err
			}
			if err := tx.UpdateApplication(ctx, w.app); err != nil {
				return err
			}
			return tx.UpdateSecret(ctx, w.secret)
		})
		s, err := db.ClientState(ctx, w.client.ID)
		if err != nil {
			t.Fatal(err)
		}
		got := []registry.Position{s.Organization.CutOff, s.ProjectCutOff, s.ApplicationCutOff, s.Client.CutOff, s.Secrets[0].CutOff}
		sameAs(t, got, []registry.Position{5, 5, 5, 5, 5})
		err = db.Change(ctx, func(tx registry.Tx) error { return tx.CutOff(ctx, "nonsense", []string{"x"}, 9) })
		wantKind(t, err, registry.KindUnavailable)
	})
}
