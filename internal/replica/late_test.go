package replica

import (
	"context"
	"testing"

	"keywright/registry"
)

// TestReadBeforeAChange: what a request read before a change is not kept when
// the change was applied meanwhile.
func TestReadBeforeAChange(t *testing.T) {
	eachDialect(t, func(t *testing.T, w *world) {
		s := w.server()
		s.bootstrap()
		c := s.create("old")
		s.keepUpNow()
		s.HotPath = afterwards{s.db, func() {
			s.HotPath = s.db
			s.rename(c, "new")
			s.keepUpNow()
		}}
		if got := s.name(c); got != "old" { // it began before the change
			t.Fatalf("got %q, want %q", got, "old")
		}
		s.wantName(c, "new", 1)
		s.wantName(c, "new", 0)
	})
}

// afterwards is a HotPath at which something happens between a read of the
// database and its return.
type afterwards struct {
	registry.HotPath
	happens func()
}

func (a afterwards) ClientState(ctx context.Context, id string) (*registry.ClientState, error) {
	state, err := a.HotPath.ClientState(ctx, id)
	a.happens()
	return state, err
}

// TestLooksTwice: an answer of the copy counts only if the copy could be used
// before it was looked at and after.
func TestLooksTwice(t *testing.T) {
	t.Parallel()
	t.Run("a lease that comes later is too late", func(t *testing.T) {
		t.Parallel()
		reader, writer, c := twoServers(t)
		reader.clock.advance(leaseTime)
		writer.store = writer.db // waits for nobody, as the lease has run out
		writer.rename(c, "new")
		f, ok := look(reader.Replica, &tally{}, func() (found[*registry.ClientState], bool) {
			defer reader.keepUpNow()
			return reader.copy.client(c.ID)
		})
		if ok {
			t.Errorf("it answers %q", f.state.Client.Name)
		}
	})
	t.Run("a lease that has run out meanwhile is over", func(t *testing.T) {
		t.Parallel()
		reader, _, c := twoServers(t)
		_, ok := look(reader.Replica, &tally{}, func() (found[*registry.ClientState], bool) {
			defer reader.clock.advance(leaseTime)
			return reader.copy.client(c.ID)
		})
		if ok {
			t.Error("it answers although its lease has run out")
		}
	})
}
