package replica

import (
	"context"
	"testing"
	"time"

	"keywright/registry"
)

// TestCallerGivesUp: a change that is made is waited for even if nobody waits
// for its answer: the answer may be on its way yet.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	_, writer, c := twoServers(t)
	writer.Now = time.Now
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	writer.Leases = looking{writer.db, cancel}
	began := time.Now()
	err := writer.store.Change(ctx, func(tx registry.Tx) error {
		at, err := tx.NextPosition(ctx)
		if err != nil {
			return err
		}
		return tx.AppendFeed(ctx, registry.FeedRow{Position: at, Kind: registry.FeedClient, OrganizationID: c.OrganizationID, TargetID: c.ID, At: noon})
	})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < leaseTime {
		t.Errorf("the change returned after %s: before the lease of the other replica ran out", took)
	}
}

// TestRevokedTwice: who revokes a token that somebody else just revokes is told
// no sooner that it is done.
func TestRevokedTwice(t *testing.T) {
	t.Parallel()
	_, writer, c := twoServers(t)
	writer.Now = time.Now
	token := registry.DeniedToken{JTI: "twice", OrganizationID: c.OrganizationID, ExpiresAt: time.Now().Add(time.Hour), RevokedAt: time.Now()}
	deny := func(tx registry.Tx) error {
		_, err := tx.DenyToken(t.Context(), token)
		return err
	}
	through := writer.store
	writer.store = writer.db // a process that still waits
	writer.change(registry.FeedToken, token.JTI, deny)
	writer.store = through
	began := time.Now()
	if err := writer.store.Change(t.Context(), deny); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < leaseTime {
		t.Errorf("it returned after %s: before the lease of the other replica ran out", took)
	}
}

// TestFindsItselfDone: who finds that there is nothing to do, because somebody
// else just did it, is told so no sooner than it is so for everybody.
func TestFindsItselfDone(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		c := s.create("old")
		s.keepUpNow()
		s.wantName(c, "old", 1)
		through := s.store
		s.store = s.db // it is committed, and not known yet to this process
		s.rename(c, "new")
		beside := func(tx registry.Tx) error { return tx.TouchSession(t.Context(), "of nobody", noon) }
		if err := through.Change(t.Context(), beside); err != nil {
			t.Fatal(err)
		}
		s.wantName(c, "old", 0) // nothing was said yet
		if err := through.Change(t.Context(), func(registry.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		s.wantName(c, "new", 1)
	})
}

// TestChangesOfManyAreSeen: a change of very many is waited for like any other.
func TestChangesOfManyAreSeen(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		c := s.create("old")
		s.keepUpNow()
		s.wantName(c, "old", 1)
		s.store = onlyMany{s.store}
		s.rename(c, "new")
		s.wantName(c, "new", 1) // not applied yet: the floor
	})
}

// onlyMany makes every change as one of very many.
type onlyMany struct{ registry.Store }

func (s onlyMany) Change(ctx context.Context, fn func(registry.Tx) error) error {
	return s.ChangeMany(ctx, fn)
}
