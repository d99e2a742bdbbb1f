package replica

import (
	"testing"
	"time"

	"keywright/registry"
)

func TestDenylist(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		s.deny("before", time.Hour)
		s.keepUpNow()
		s.wantDenied("before", true, 0) // it was on the list
		s.wantDenied("after", false, 0)
		s.deny("after", time.Hour)
		s.wantDenied("after", true, 1)
		s.keepUpNow()
		s.wantDenied("after", true, 0)
		s.wantDenied("never", false, 0)
	})
}

// TestDeniedForItsLife: the feed does not say when a token expires, so one that
// comes through it is held for as long as any token lives.
func TestDeniedForItsLife(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		s.keepUpNow()
		s.deny("long", registry.MaxTokenTTL)
		s.keepUpNow()
		s.clock.advance(registry.MaxTokenTTL - time.Second)
		s.keepUpNow() // prunes
		s.wantDenied("long", true, 0)
		s.clock.advance(2*time.Second + denylistMargin)
		s.keepUpNow()
		s.wantDenied("long", false, 0)
	})
}

// deny revokes an access token that has so much of its life left.
func (s *server) deny(jti string, left time.Duration) {
	s.world.t.Helper()
	s.change(registry.FeedToken, jti, func(tx registry.Tx) error {
		_, err := tx.DenyToken(s.world.t.Context(), registry.DeniedToken{
			JTI: jti, OrganizationID: s.world.organization.ID, ExpiresAt: s.Now().Add(left), RevokedAt: s.Now(),
		})
		return err
	})
}

// wantDenied checks whether a token is denied, and by how many statements that
// is found out.
func (s *server) wantDenied(jti string, want bool, statements int64) {
	s.world.t.Helper()
	before := s.statements.Load()
	got, err := s.TokenDenied(s.world.t.Context(), jti)
	if err != nil || got != want {
		s.world.t.Errorf("%s is denied: %t, %v; want %t", jti, got, err, want)
	}
	if got := s.statements.Load() - before; got != statements {
		s.world.t.Errorf("%s took %d statements, want %d", jti, got, statements)
	}
}
