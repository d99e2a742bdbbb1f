package storagetest_test

import (
	"fmt"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func TestPeopleComeBackAsTheyWereStored(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, later := settled(t, db), kept(noon.Add(time.Minute))
		org := w.org.ID
		sameAs(t, read(t, db, func(r registry.Reader) (registry.Member, error) { return r.Member(ctx, org, w.member.ID) }), w.member)

		w.org.Name, w.org.MaxCredentialLifetime, w.org.RotationAge, w.org.Revision = "New", 0, 30*24*time.Hour, 2
		w.prj.Name, w.prj.Description, w.prj.Revision, w.prj.UpdatedAt = "New", "", 2, later
		w.member.Role, w.member.PasswordHash, w.member.Revision = registry.RoleAdmin, "other", 2
		w.member.OneTime = registry.OneTime{Sealed: []byte{0, 1, 0xff}, ConfirmedAt: later, LastStep: 1 << 40}
		change(t, db, func(tx registry.Tx) error {
			for _, err := range []error{tx.UpdateOrganization(ctx, w.org), tx.UpdateProject(ctx, w.prj), tx.UpdateMember(ctx, w.member)} {
				if err != nil {
					return err
				}
			}
			return nil
		})
		change(t, db, func(tx registry.Tx) error {
			o, err := tx.OrganizationForUpdate(ctx, org)
			sameAs(t, o, w.org)
			if err != nil {
				return err
			}
			p, err := tx.ProjectForUpdate(ctx, org, w.prj.ID)
			sameAs(t, p, w.prj)
			if err != nil {
				return err
			}
			m, err := tx.MemberForUpdate(ctx, org, w.member.ID)
			sameAs(t, m, w.member)
			return err
		})
		sameAs(t, read(t, db, func(r registry.Reader) (registry.Member, error) { return r.MemberByEmail(ctx, w.member.Email) }), w.member)
		sameAs(t, read(t, db, func(r registry.Reader) (int, error) { return r.Owners(ctx, org) }), 0)
		sameAs(t, read(t, db, func(r registry.Reader) ([]registry.User, error) { return r.ProjectUsers(ctx, org, w.prj.ID, 5) }), []registry.User{
			{Kind: registry.FeedApplication, ID: w.app.ID, Name: w.app.Name}, {Kind: registry.FeedClient, ID: w.client.ID, Name: w.client.Name},
			{Kind: registry.FeedAPIToken, ID: w.token.ID, Name: w.token.Name},
		})
		_, err := tryRead(db, func(r registry.Reader) (registry.Member, error) { return r.MemberByEmail(ctx, "nobody@example.com") })
		wantKind(t, err, registry.KindNotFound)
		wantKind(t, db.Change(ctx, func(tx registry.Tx) error { return tx.DeleteProject(ctx, org, w.prj.ID) }), registry.KindConflict)
		again := w.member
		again.ID = id("mem_")
		wantKind(t, db.Change(ctx, func(tx registry.Tx) error { return tx.InsertMember(ctx, again) }), registry.KindConflict)
	})
}

func TestNobodyOfAnotherOrganizationIsFound(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, other := settled(t, db), settled(t, db)
		s := sessionOf(w, noon)
		change(t, db, func(tx registry.Tx) error { return tx.InsertSession(ctx, s) })
		member, project := w.member, w.prj
		member.OrganizationID, project.OrganizationID = other.org.ID, other.org.ID
		for name, fn := range map[string]func(tx registry.Tx, org string) error{
			"Member": func(tx registry.Tx, org string) error { _, err := tx.Member(ctx, org, w.member.ID); return err },
			"MemberForUpdate": func(tx registry.Tx, org string) error {
				_, err := tx.MemberForUpdate(ctx, org, w.member.ID)
				return err
			},
			"ProjectForUpdate": func(tx registry.Tx, org string) error {
				_, err := tx.ProjectForUpdate(ctx, org, w.prj.ID)
				return err
			},
			"UpdateMember":  func(tx registry.Tx, _ string) error { return tx.UpdateMember(ctx, member) },
			"UpdateProject": func(tx registry.Tx, _ string) error { return tx.UpdateProject(ctx, project) },
			"DeleteMember":  func(tx registry.Tx, org string) error { return tx.DeleteMember(ctx, org, w.member.ID) },
			"DeleteProject": func(tx registry.Tx, org string) error { return tx.DeleteProject(ctx, org, w.prj.ID) },
			"DeleteSession": func(tx registry.Tx, org string) error { return tx.DeleteSession(ctx, org, s.ID) },
		} {
			if err := db.Change(ctx, func(tx registry.Tx) error { return fn(tx, other.org.ID) }); registry.KindOf(err) != registry.KindNotFound {
				t.Errorf("%s: got %v", name, err)
			}
		}
		change(t, db, func(tx registry.Tx) error {
			if err := tx.DeleteSessions(ctx, other.org.ID, w.member.ID, ""); err != nil {
				return err
			}
			if err := tx.EndSessions(ctx, other.org.ID); err != nil {
				return err
			}
			return tx.PruneSessions(ctx, other.org.ID, w.member.ID, noon.Add(time.Hour), noon.Add(time.Hour))
		})
		sameAs(t, read(t, db, func(r registry.Reader) (registry.Session, error) { return r.Session(ctx, s.ID) }), s)
		sameAs(t, read(t, db, func(r registry.Reader) ([]registry.User, error) {
			return r.ProjectUsers(ctx, other.org.ID, w.prj.ID, 5)
		}), []registry.User(nil))
	})
}

func sessionOf(w world, at time.Time) registry.Session {
	return registry.Session{ID: id("ses_"), OrganizationID: w.org.ID, MemberID: w.member.ID, UserAgent: "Browser/1 (it's)",
		CreatedAt: kept(at), SeenAt: kept(at)}
}

// sessionIDs are the sessions of an organization that are live at that time.
func sessionIDs(t testing.TB, db *storage.DB, w world, at time.Time) []string {
	t.Helper()
	filter := registry.SessionFilter{OrganizationID: w.org.ID, MemberID: w.member.ID, SeenAfter: at.Add(-time.Minute), CreatedAfter: at.Add(-time.Hour)}
	var ids []string
	for _, s := range read(t, db, func(r registry.Reader) ([]registry.Session, error) {
		return r.SessionPage(ctx, filter, registry.Page{Limit: 10})
	}) {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestSessions(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		idle, old, live := sessionOf(w, noon.Add(-2*time.Minute)), sessionOf(w, noon.Add(-2*time.Hour)), sessionOf(w, noon)
		old.SeenAt = kept(noon)
		change(t, db, func(tx registry.Tx) error {
			for _, s := range []registry.Session{idle, old, live} {
				if err := tx.InsertSession(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
		sameAs(t, sessionIDs(t, db, w, noon), []string{live.ID})

		change(t, db, func(tx registry.Tx) error {
			for _, at := range []time.Time{noon.Add(time.Minute), noon} { // the time only moves forward
				if err := tx.TouchSession(ctx, live.ID, at); err != nil {
					return err
				}
			}
			return tx.PruneSessions(ctx, w.org.ID, w.member.ID, noon.Add(-time.Minute), noon.Add(-time.Hour))
		})
		live.SeenAt = kept(noon.Add(time.Minute))
		sameAs(t, read(t, db, func(r registry.Reader) (registry.Session, error) { return r.Session(ctx, live.ID) }), live)
		for _, gone := range []string{idle.ID, old.ID} {
			_, err := tryRead(db, func(r registry.Reader) (registry.Session, error) { return r.Session(ctx, gone) })
			wantKind(t, err, registry.KindNotFound)
		}

		other := sessionOf(w, noon)
		change(t, db, func(tx registry.Tx) error {
			if err := tx.InsertSession(ctx, other); err != nil {
				return err
			}
			return tx.DeleteSessions(ctx, w.org.ID, w.member.ID, live.ID)
		})
		sameAs(t, sessionIDs(t, db, w, noon), []string{live.ID})
		change(t, db, func(tx registry.Tx) error { return tx.EndSessions(ctx, w.org.ID) })
		sameAs(t, sessionIDs(t, db, w, noon), []string(nil))
		change(t, db, func(tx registry.Tx) error { return tx.InsertSession(ctx, sessionOf(w, noon)) })
		change(t, db, func(tx registry.Tx) error { return tx.DeleteMember(ctx, w.org.ID, w.member.ID) })
		sameAs(t, sessionIDs(t, db, w, noon), []string(nil))
	})
}

// TestSessionTokens also commits late, after the session was ended.
func TestSessionTokens(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w, tokens := settled(t, db), db.SessionTokens()
		s := sessionOf(w, noon)
		change(t, db, func(tx registry.Tx) error { return tx.InsertSession(ctx, s) })
		find := func(token, want string) {
			t.Helper()
			got, found, err := tokens.Find(token)
			if err != nil || found != (want != "") || string(got) != want {
				t.Errorf("the token %s: got %q, %v, %v, want %q", token, got, found, err, want)
			}
		}
		find("a", "")
		for _, token := range []string{"a", "b"} {
			if err := tokens.Commit(token, []byte(s.ID), noon); err != nil {
				t.Fatal(err)
			}
			find(token, s.ID)
		}
		find("a", "") // it was replaced
		if err := tokens.Delete("b"); err != nil {
			t.Fatal(err)
		}
		if err := tokens.Delete("b"); err != nil {
			t.Errorf("deleting what is gone: %v", err)
		}
		find("b", "")
		change(t, db, func(tx registry.Tx) error { return tx.DeleteSession(ctx, w.org.ID, s.ID) })
		wantKind(t, tokens.Commit("c", []byte(s.ID), noon), registry.KindNotFound)
		find("c", "")
	})
}

func TestPeopleArePaged(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		settled(t, db) // strangers
		change(t, db, func(tx registry.Tx) error {
			for i := range 4 {
				m, p := w.member, w.prj
				m.ID, p.ID, m.Email = id("mem_"), id("prj_"), fmt.Sprintf("%d%s", i, w.member.Email)
				if err := tx.InsertMember(ctx, m); err != nil {
					return err
				}
				if err := tx.InsertProject(ctx, p); err != nil {
					return err
				}
			}
			return nil
		})
		seen := map[string]bool{}
		members, projects := registry.Page{Limit: 2}, registry.Page{Limit: 2}
		for range 4 {
			for _, m := range read(t, db, func(r registry.Reader) ([]registry.Member, error) { return r.MemberPage(ctx, w.org.ID, members) }) {
				seen[m.ID], members.AfterAt, members.AfterID = true, m.CreatedAt, m.ID
			}
			for _, p := range read(t, db, func(r registry.Reader) ([]registry.Project, error) { return r.ProjectPage(ctx, w.org.ID, "", projects) }) {
				seen[p.ID], projects.AfterAt, projects.AfterID = true, p.CreatedAt, p.ID
			}
		}
		if len(seen) != 10 {
			t.Errorf("the pages show %d of 5 members and 5 projects", len(seen))
		}
	})
}
