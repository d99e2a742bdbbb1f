package storagetest_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func TestRecordsComeBackAsTheyWereStored(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		if read(t, db, func(r registry.Reader) (bool, error) { return r.HasMember(ctx) }) {
			t.Error("an empty database has a member")
		}
		w := settled(t, db)
		org := w.org.ID
		sameAs(t, read(t, db, func(r registry.Reader) (bool, error) { return r.HasMember(ctx) }), true)
		sameAs(t, read(t, db, func(r registry.Reader) (registry.Organization, error) { return r.Organization(ctx, org) }), w.org)
		sameAs(t, read(t, db, func(r registry.Reader) (registry.Project, error) { return r.Project(ctx, org, w.prj.ID) }), w.prj)
		sameAs(t, read(t, db, func(r registry.Reader) (registry.API, error) { return r.API(ctx, org, w.api.ID) }), w.api)
		sameAs(t, read(t, db, func(r registry.Reader) ([]registry.API, error) { return r.APIs(ctx, org) }), []registry.API{w.api})
		sameAs(t, read(t, db, func(r registry.Reader) (registry.Role, error) { return r.Role(ctx, org, w.role.ID) }), w.role)
		sameAs(t, read(t, db, func(r registry.Reader) ([]registry.Role, error) { return r.Roles(ctx, org) }), []registry.Role{w.role})
		sameAs(t, read(t, db, func(r registry.Reader) (registry.Application, error) { return r.Application(ctx, org, w.app.ID) }), w.app)
		sameAs(t, readClient(t, db, w), w.client)
		sameAs(t, read(t, db, func(r registry.Reader) ([]registry.Secret, error) { return r.Secrets(ctx, w.client.ID) }), []registry.Secret{w.secret})
		sameAs(t, read(t, db, func(r registry.Reader) (registry.APIToken, error) { return r.APIToken(ctx, org, w.token.ID) }), w.token)
	})
}

func TestEmptyAndZeroComeBackAsSuch(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := newWorld()
		c := &w.client
		c.ProjectID, c.ApplicationID, c.JWKS, c.IsActive, c.Watch = "", "", nil, false, false
		c.ExpiresAt, c.RevokedAt, c.ConfirmBy = time.Time{}, time.Time{}, time.Time{}
		c.RoleIDs, c.Scopes, c.Permissions, c.Audiences, c.Introspects, c.IPWhitelist = nil, nil, nil, nil, nil, nil
		w.secret.ExpiresAt = time.Time{}
		w.api.Endpoints, w.app.EndpointIDs, w.api.Scopes = nil, nil, nil
		change(t, db, w.insert)
		sameAs(t, readClient(t, db, w), w.client)
		state, err := db.ClientState(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		sameAs(t, *state, registry.ClientState{Client: w.client, Secrets: []registry.Secret{w.secret}, Organization: w.org, APIs: []registry.API{w.api}})
		app := read(t, db, func(r registry.Reader) (registry.Application, error) { return r.Application(ctx, w.org.ID, w.app.ID) })
		sameAs(t, app, w.app)
	})
}

func readClient(t testing.TB, db *storage.DB, w world) registry.Client {
	t.Helper()
	return read(t, db, func(r registry.Reader) (registry.Client, error) { return r.Client(ctx, w.org.ID, w.client.ID) })
}

func TestUpdatesReplaceWhatMayChange(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, later := settled(t, db), kept(noon.Add(time.Minute))
		other := w.role
		other.ID, other.Name = id("rol_"), "writer"

		w.client.Name, w.client.RoleIDs, w.client.ExpiresAt = "new", []string{other.ID}, time.Time{}
		w.client.Revision, w.client.UpdatedAt, w.client.ApplicationID = 2, later, ""
		w.role.Permissions, w.role.Revision = nil, 2
		w.api.Endpoints = slices.Clone(w.api.Endpoints)
		w.api.Endpoints[0].Scope = "it's"
		w.api.Endpoints[1] = registry.Endpoint{ID: id("ept_"), APIID: w.api.ID, Method: "PUT", Path: "/z"}
		w.app.EndpointIDs, w.app.Name = []string{w.api.Endpoints[1].ID}, "new"
		w.secret.RevokedAt = later
		w.token.Digest, w.token.Hint, w.token.Revision = digestOf(0xee), "kwt_…bbbb", 2

		change(t, db, func(tx registry.Tx) error {
			for _, err := range []error{
				tx.InsertRole(ctx, other), tx.UpdateClient(ctx, w.client), tx.UpdateRole(ctx, w.role), tx.UpdateAPI(ctx, w.api),
				tx.UpdateApplication(ctx, w.app), tx.UpdateSecret(ctx, w.secret), tx.UpdateAPIToken(ctx, w.token),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		})
		change(t, db, func(tx registry.Tx) error { // also that …ForUpdate reads the whole record
			org := w.org.ID
			client, err := tx.ClientForUpdate(ctx, org, w.client.ID)
			sameAs(t, client, w.client)
			if err != nil {
				return err
			}
			role, err := tx.RoleForUpdate(ctx, org, w.role.ID)
			sameAs(t, role, w.role)
			if err != nil {
				return err
			}
			api, err := tx.APIForUpdate(ctx, org, w.api.ID)
			sameAs(t, api, w.api)
			if err != nil {
				return err
			}
			app, err := tx.ApplicationForUpdate(ctx, org, w.app.ID)
			sameAs(t, app, w.app)
			if err != nil {
				return err
			}
			token, err := tx.APITokenForUpdate(ctx, org, w.token.ID)
			sameAs(t, token, w.token)
			if err != nil {
				return err
			}
			secrets, err := tx.Secrets(ctx, w.client.ID)
			sameAs(t, secrets, []registry.Secret{w.secret})
			return err
		})
	})
}

func TestNothingOfAnotherOrganizationIsFound(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		stranger := w
		stranger.client.OrganizationID, stranger.api.OrganizationID = other.org.ID, other.org.ID
		stranger.role.OrganizationID, stranger.app.OrganizationID = other.org.ID, other.org.ID
		stranger.token.OrganizationID = other.org.ID
		for name, fn := range map[string]func(tx registry.Tx, org string) error{
			"Project":       func(tx registry.Tx, org string) error { _, err := tx.Project(ctx, org, w.prj.ID); return err },
			"Application":   func(tx registry.Tx, org string) error { _, err := tx.Application(ctx, org, w.app.ID); return err },
			"API":           func(tx registry.Tx, org string) error { _, err := tx.API(ctx, org, w.api.ID); return err },
			"Role":          func(tx registry.Tx, org string) error { _, err := tx.Role(ctx, org, w.role.ID); return err },
			"Client":        func(tx registry.Tx, org string) error { _, err := tx.Client(ctx, org, w.client.ID); return err },
			"APIToken":      func(tx registry.Tx, org string) error { _, err := tx.APIToken(ctx, org, w.token.ID); return err },
			"APIForUpdate":  func(tx registry.Tx, org string) error { _, err := tx.APIForUpdate(ctx, org, w.api.ID); return err },
			"RoleForUpdate": func(tx registry.Tx, org string) error { _, err := tx.RoleForUpdate(ctx, org, w.role.ID); return err },
			"ApplicationForUpdate": func(tx registry.Tx, org string) error {
				_, err := tx.ApplicationForUpdate(ctx, org, w.app.ID)
				return err
			},
			"ClientForUpdate": func(tx registry.Tx, org string) error {
				_, err := tx.ClientForUpdate(ctx, org, w.client.ID)
				return err
			},
			"APITokenForUpdate": func(tx registry.Tx, org string) error {
				_, err := tx.APITokenForUpdate(ctx, org, w.token.ID)
				return err
			},
			"UpdateAPI":         func(tx registry.Tx, _ string) error { return tx.UpdateAPI(ctx, stranger.api) },
			"UpdateRole":        func(tx registry.Tx, _ string) error { return tx.UpdateRole(ctx, stranger.role) },
			"UpdateApplication": func(tx registry.Tx, _ string) error { return tx.UpdateApplication(ctx, stranger.app) },
			"UpdateClient":      func(tx registry.Tx, _ string) error { return tx.UpdateClient(ctx, stranger.client) },
			"UpdateAPIToken":    func(tx registry.Tx, _ string) error { return tx.UpdateAPIToken(ctx, stranger.token) },
			"DeleteAPI":         func(tx registry.Tx, org string) error { return tx.DeleteAPI(ctx, org, w.api.ID) },
			"DeleteClient":      func(tx registry.Tx, org string) error { return tx.DeleteClient(ctx, org, w.client.ID) },
			"DeleteSecret":      func(tx registry.Tx, _ string) error { return tx.DeleteSecret(ctx, other.client.ID, w.secret.ID) },
		} {
			err := db.Change(ctx, func(tx registry.Tx) error { return fn(tx, other.org.ID) })
			if registry.KindOf(err) != registry.KindNotFound || err == nil {
				t.Errorf("%s across organizations: got %v, want not found", name, err)
			}
		}
		sameAs(t, readClient(t, db, w), w.client)
		if lists := read(t, db, func(r registry.Reader) ([]registry.API, error) { return r.APIs(ctx, other.org.ID) }); len(lists) != 1 {
			t.Errorf("got %d APIs, want the one of the organization", len(lists))
		}
		_, err := tryRead(db, func(r registry.Reader) (registry.Organization, error) { return r.Organization(ctx, "org_none") })
		wantKind(t, err, registry.KindNotFound)
	})
}

func TestUniqueness(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		for field, fn := range map[string]func(tx registry.Tx) error{
			"email": func(tx registry.Tx) error {
				m := other.member
				m.ID, m.Email = id("mem_"), w.member.Email
				return tx.InsertMember(ctx, m)
			},
			"identifier": func(tx registry.Tx) error {
				a := other.api
				a.Identifier = w.api.Identifier // of another organization: unique in the installation
				return tx.UpdateAPI(ctx, a)
			},
			"name": func(tx registry.Tx) error {
				r := w.role
				r.ID = id("rol_")
				return tx.InsertRole(ctx, r)
			},
			"digest": func(tx registry.Tx) error {
				tok := other.token
				tok.ID, tok.Digest = id("tok_"), w.token.Digest
				return tx.InsertAPIToken(ctx, tok)
			},
			"id": func(tx registry.Tx) error { return tx.InsertClient(ctx, w.client) },
		} {
			err := db.Change(ctx, fn)
			wantKind(t, err, registry.KindConflict)
			if err == nil || !strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), "is taken") {
				t.Errorf("got %v, want it to name the field %s", err, field)
			}
		}
	})
}

func TestWhatIsInUseStays(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		err := db.Change(ctx, func(tx registry.Tx) error { return tx.DeleteAPI(ctx, w.org.ID, w.api.ID) })
		wantKind(t, err, registry.KindConflict)
		err = db.Change(ctx, func(tx registry.Tx) error {
			a := w.api
			a.Endpoints = a.Endpoints[1:] // the first is connected
			return tx.UpdateAPI(ctx, a)
		})
		wantKind(t, err, registry.KindConflict)
		change(t, db, func(tx registry.Tx) error {
			w.app.EndpointIDs = nil
			if err := tx.UpdateApplication(ctx, w.app); err != nil {
				return err
			}
			return tx.DeleteAPI(ctx, w.org.ID, w.api.ID)
		})
		_, err = tryRead(db, func(r registry.Reader) (registry.API, error) { return r.API(ctx, w.org.ID, w.api.ID) })
		wantKind(t, err, registry.KindNotFound)

		err = db.Change(ctx, func(tx registry.Tx) error {
			c := w.client
			c.RoleIDs = []string{"rol_none"}
			return tx.UpdateClient(ctx, c)
		})
		wantKind(t, err, registry.KindConflict)
	})
}

func TestAnEndpointOfAnotherAPIIsNotTaken(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		a := w.api
		a.Endpoints = append(slices.Clone(a.Endpoints), other.api.Endpoints[1])
		err := db.Change(ctx, func(tx registry.Tx) error { return tx.UpdateAPI(ctx, a) })
		wantKind(t, err, registry.KindNotFound)
		got := read(t, db, func(r registry.Reader) (registry.API, error) { return r.API(ctx, other.org.ID, other.api.ID) })
		sameAs(t, got, other.api)
	})
}

func TestDeletingAClientTakesWhatIsItsOwn(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		change(t, db, func(tx registry.Tx) error { return tx.DeleteClient(ctx, w.org.ID, w.client.ID) })
		_, err := db.ClientState(ctx, w.client.ID)
		wantKind(t, err, registry.KindNotFound)
		secrets := read(t, db, func(r registry.Reader) ([]registry.Secret, error) { return r.Secrets(ctx, w.client.ID) })
		if len(secrets) != 0 {
			t.Errorf("got %d secrets, want none", len(secrets))
		}
		second := w.secret
		second.ID = id("sec_")
		err = db.Change(ctx, func(tx registry.Tx) error { return tx.InsertSecret(ctx, second) })
		wantKind(t, err, registry.KindConflict)
	})
}

func TestSecretsAreOldestFirstAndDeletable(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		older := w.secret
		older.ID, older.CreatedAt = id("sec_"), w.secret.CreatedAt.Add(-time.Hour)
		change(t, db, func(tx registry.Tx) error { return tx.InsertSecret(ctx, older) })
		both := read(t, db, func(r registry.Reader) (map[string][]registry.Secret, error) {
			return r.SecretsOf(ctx, []string{w.client.ID, other.client.ID, "kwc_none"})
		})
		sameAs(t, both, map[string][]registry.Secret{w.client.ID: {older, w.secret}, other.client.ID: {other.secret}})
		change(t, db, func(tx registry.Tx) error { return tx.DeleteSecret(ctx, w.client.ID, older.ID) })
		left := read(t, db, func(r registry.Reader) ([]registry.Secret, error) { return r.Secrets(ctx, w.client.ID) })
		sameAs(t, left, []registry.Secret{w.secret})
		err := db.Change(ctx, func(tx registry.Tx) error { return tx.DeleteSecret(ctx, w.client.ID, older.ID) })
		wantKind(t, err, registry.KindNotFound)
		err = db.Change(ctx, func(tx registry.Tx) error { return tx.UpdateSecret(ctx, older) })
		wantKind(t, err, registry.KindNotFound)
	})
}

func TestAuditEventsOldestFirst(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		var want []registry.AuditEvent
		for i := range 5 {
			e := registry.AuditEvent{ID: id("evt_"), OrganizationID: w.org.ID, At: kept(noon), Action: "client.create",
				Actor: registry.Principal{Kind: registry.ActorMember, ID: w.member.ID}, TargetKind: "client", TargetID: w.client.ID,
				Outcome: registry.OutcomeRefused, Reason: registry.CodeForbidden, RequestID: "r"}
			if i%2 == 0 {
				e.Address = w.client.IPWhitelist[1].Addr()
				e.Before, e.After = []byte(`{"b": 1,  "a":2}`), []byte(`{}`)
			}
			change(t, db, func(tx registry.Tx) error {
				position, err := tx.NextPosition(ctx)
				if err != nil {
					return err
				}
				e.Position = position
				foreign := e
				foreign.ID, foreign.OrganizationID = id("evt_"), other.org.ID
				if err := tx.AppendAudit(ctx, foreign); err != nil {
					return err
				}
				return tx.AppendAudit(ctx, e)
			})
			want = append(want, e)
		}
		events := func(after registry.Position, limit int) []registry.AuditEvent {
			return read(t, db, func(r registry.Reader) ([]registry.AuditEvent, error) {
				return r.AuditEvents(ctx, w.org.ID, after, limit)
			})
		}
		sameAs(t, events(0, 100), want)
		sameAs(t, events(want[1].Position, 2), want[2:4])
	})
}
