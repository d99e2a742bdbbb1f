package registry_test

import (
	"testing"

	"keywright/registry"
)

// TestRecoverIsTheOperators also recovers twice: what was issued in between
// dies, positions only grow, and the time of the last change is told.
func TestRecoverIsTheOperators(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, actor := range []registry.Actor{owner(w.one), machine(t, w.one, "")} {
			if _, err := w.Recover(ctx, actor); registry.KindOf(err) != registry.KindForbidden {
				t.Errorf("%s: got %v, want forbidden", actor.Kind, err)
			}
		}
		details, secret := w.client(registry.ClientInput{Name: "c", Scopes: []string{"read"}})
		var last registry.Position
		for range 2 {
			token, err := w.issue(ctx, details.ID, secret)
			w.made(err)
			if got := w.worth(token); got != registry.CauseNone {
				t.Fatalf("a fresh token: %s", got)
			}
			recovered, err := w.Recover(ctx, operator())
			w.made(err)
			if len(recovered) != 2 {
				t.Fatalf("got %d organizations, want 2", len(recovered))
			}
			for _, r := range recovered {
				if r.Position <= last || r.LastChange.IsZero() || r.LastChange.After(w.clock.Now()) {
					t.Errorf("after position %d: %+v", last, r)
				}
				last = r.Position
			}
			if got := w.worth(token); got != registry.CauseTokenCutOff {
				t.Errorf("a token from before: got %s, want %s", got, registry.CauseTokenCutOff)
			}
		}
	})
}
