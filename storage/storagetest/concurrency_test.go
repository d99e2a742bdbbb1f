package storagetest_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func TestPositionsAreCommitOrder(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: url})
		w := settled(t, db)
		const writers, each = 8, 20
		var group errgroup.Group
		for range writers {
			group.Go(func() error {
				for i := range each {
					err := db.Change(ctx, func(tx registry.Tx) error {
						return step(tx, w, func(registry.Position) error {
							if i%5 == 4 {
								return errors.New("changed its mind")
							}
							return nil
						})
					})
					if (i%5 == 4) != (err != nil) {
						return fmt.Errorf("change %d: %w", i, err)
					}
				}
				return nil
			})
		}
		// Whoever reads while they write sees no gap: a position that is
		// missing below one that is there could still be filled.
		done := make(chan struct{})
		group.Go(func() error {
			for {
				select {
				case <-done:
					return nil
				default:
				}
				events, err := tryRead(db, func(r registry.Reader) ([]registry.AuditEvent, error) {
					return r.AuditEvents(ctx, w.org.ID, 0, 1000)
				})
				if err != nil {
					return err
				}
				for i, e := range events {
					if e.Position != registry.Position(i+1) {
						return fmt.Errorf("event %d has position %d", i+1, e.Position)
					}
				}
				if len(events) == writers*each*4/5 {
					close(done)
				}
			}
		})
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		var count, last int64
		row := storagetest.SQL(t, url).QueryRow("SELECT count(*), max(position) FROM feed")
		if err := row.Scan(&count, &last); err != nil || count != writers*each*4/5 || last != count {
			t.Errorf("feed has %d rows up to %d, %v; want %d without a gap", count, last, err, writers*each*4/5)
		}
	})
}

// TestClientStateIsOneSnapshot changes a client so that everything in its
// state is derived from the position of the change.
func TestClientStateIsOneSnapshot(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		advance := func() error {
			return db.Change(ctx, func(tx registry.Tx) error {
				client, err := tx.ClientForUpdate(ctx, w.org.ID, w.client.ID)
				if err != nil {
					return err
				}
				return step(tx, w, func(at registry.Position) error {
					name := fmt.Sprint(at)
					client.Name = name
					role, api, app, secret := w.role, w.api, w.app, w.secret
					role.Description, api.Name, app.EndpointIDs = name, name, []string{w.api.Endpoints[at%2].ID}
					secret.ID, secret.Hint = id("sec_"), name
					old, err := tx.Secrets(ctx, client.ID)
					for _, err := range []error{err, tx.UpdateClient(ctx, client), tx.UpdateRole(ctx, role), tx.UpdateAPI(ctx, api),
						tx.UpdateApplication(ctx, app), tx.DeleteSecret(ctx, client.ID, old[0].ID), tx.InsertSecret(ctx, secret),
						tx.CutOff(ctx, registry.CutOffOrganization, []string{w.org.ID}, at),
						tx.CutOff(ctx, registry.CutOffProject, []string{w.prj.ID}, at),
						tx.CutOff(ctx, registry.CutOffApplication, []string{w.app.ID}, at),
						tx.CutOff(ctx, registry.CutOffClient, []string{w.client.ID}, at),
						tx.CutOff(ctx, registry.CutOffSecret, []string{secret.ID}, at),
					} {
						if err != nil {
							return err
						}
					}
					return nil
				})
			})
		}
		if err := advance(); err != nil {
			t.Fatal(err)
		}
		const changes = 40
		var group errgroup.Group
		var writers sync.WaitGroup
		for range 2 {
			writers.Add(1)
			group.Go(func() error {
				defer writers.Done()
				for range changes {
					if err := advance(); err != nil {
						return err
					}
				}
				return nil
			})
		}
		done := make(chan struct{})
		go func() { writers.Wait(); close(done) }()
		for range 2 {
			group.Go(func() error {
				for {
					select {
					case <-done:
						return nil
					default:
					}
					s, err := db.ClientState(ctx, w.client.ID)
					if err != nil {
						return err
					}
					name := fmt.Sprint(s.Rev)
					if len(s.Secrets) != 1 || len(s.Roles) != 1 || len(s.APIs) != 1 || len(s.Endpoints) != 1 {
						return fmt.Errorf("torn state at %d: %+v", s.Rev, s)
					}
					if s.Client.Name != name || s.Secrets[0].Hint != name || s.Roles[0].Description != name || s.APIs[0].Name != name ||
						s.Endpoints[0].ID != w.api.Endpoints[s.Rev%2].ID || s.Client.CutOff != s.Rev || s.Secrets[0].CutOff != s.Rev ||
						s.Organization.CutOff != s.Rev || s.ProjectCutOff != s.Rev || s.ApplicationCutOff != s.Rev {
						return fmt.Errorf("state of another moment at %d: %+v", s.Rev, s)
					}
				}
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestForUpdateReadsWhatTheLastHolderWrote: what hangs on a locked row, such
// as the roles of a client, is as current as the row itself.
func TestForUpdateReadsWhatTheLastHolderWrote(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		const writers = 20
		var roles []registry.Role
		for i := range writers {
			r := w.role
			r.ID, r.Name = id("rol_"), fmt.Sprint("role ", i)
			roles = append(roles, r)
		}
		change(t, db, func(tx registry.Tx) error {
			for _, r := range roles {
				if err := tx.InsertRole(ctx, r); err != nil {
					return err
				}
			}
			return nil
		})
		var group errgroup.Group
		for _, r := range roles {
			group.Go(func() error {
				return db.Change(ctx, func(tx registry.Tx) error {
					client, err := tx.ClientForUpdate(ctx, w.org.ID, w.client.ID)
					if err != nil {
						return err
					}
					client.RoleIDs = append(client.RoleIDs, r.ID)
					client.Revision++
					return tx.UpdateClient(ctx, client)
				})
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		client := readClient(t, db, w)
		if len(client.RoleIDs) != writers+1 || client.Revision != writers+1 {
			t.Errorf("got %d roles at revision %d, want %d of each: an update was lost", len(client.RoleIDs), client.Revision, writers+1)
		}
	})
}

func TestReadIsOneSnapshot(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		err := db.Read(ctx, func(r registry.Reader) error {
			before, err := r.Client(ctx, w.org.ID, w.client.ID)
			if err != nil {
				return err
			}
			change(t, db, func(tx registry.Tx) error {
				c := before
				c.Name = "changed meanwhile"
				return tx.UpdateClient(ctx, c)
			})
			after, err := r.Client(ctx, w.org.ID, w.client.ID)
			sameAs(t, after, before)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		sameAs(t, readClient(t, db, w).Name, "changed meanwhile")
	})
}

// TestADeadlockIsResolved locks two clients in opposite order.
func TestADeadlockIsResolved(t *testing.T) {
	t.Parallel()
	db := storagetest.Open(t, storagetest.Postgres)
	w, other := settled(t, db), settled(t, db)
	var both sync.WaitGroup
	both.Add(2)
	lockBoth := func(first, second world) error {
		var once sync.Once
		return db.Change(ctx, func(tx registry.Tx) error {
			if _, err := tx.ClientForUpdate(ctx, first.org.ID, first.client.ID); err != nil {
				return err
			}
			once.Do(func() { both.Done(); both.Wait() })
			_, err := tx.ClientForUpdate(ctx, second.org.ID, second.client.ID)
			return err
		})
	}
	var group errgroup.Group
	group.Go(func() error { return lockBoth(w, other) })
	group.Go(func() error { return lockBoth(other, w) })
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}
