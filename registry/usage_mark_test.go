package registry_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"keywright/registry"
)

// usage gathers what a client did, and adds it at once: the rules look at an
// hour and what was before it, whatever is known of later ones.
type usage struct {
	w      *world
	deltas []registry.UsageDelta
}

func (u *usage) used(clientID string, at time.Time, count int64, address string) {
	u.deltas = append(u.deltas, registry.UsageDelta{
		Kind: registry.CredentialClient, ID: clientID, OrganizationID: u.w.one.Organization.ID,
		Count: count, LastAt: at, LastIP: netip.MustParseAddr(address),
	})
}

func (u *usage) add(t *testing.T) {
	t.Helper()
	id, err := registry.NewID(u.w.Rand, registry.PrefixBatch)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.w.db.AddUsage(t.Context(), id, u.w.clock.Now(), u.deltas); err != nil {
		t.Fatal(err)
	}
	u.deltas = nil
}

// marked looks for marks from a time up to the clock's, as the server would
// have done all the while, and returns those it made: mark and hour.
func (w *world) marked(t *testing.T, since time.Time) []string {
	t.Helper()
	var made []string
	for end := w.clock.Now(); since.Before(end); {
		at := since.Add(20 * time.Hour)
		if at.After(end) {
			at = end
		}
		w.clock.set(at)
		marks, err := w.MarkUsage(t.Context(), registry.Server(), since)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range marks {
			made = append(made, m.Mark+" "+m.Subject())
		}
		since = at
	}
	return made
}

// TestSteadyJobsAreNotMarked lets 60 days pass over jobs that do what they always do.
func TestSteadyJobsAreNotMarked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const days = 60
		start := w.clock.Now().Truncate(aDay)
		wobble := rand.New(rand.NewPCG(1, 2))
		jobs := map[string]func(u *usage, id string, day time.Time, n int){
			"once a day": func(u *usage, id string, day time.Time, _ int) {
				u.used(id, day.Add(3*time.Hour), 1, "192.0.2.7")
			},
			"a lot once a day": func(u *usage, id string, day time.Time, _ int) {
				u.used(id, day.Add(3*time.Hour), 5000, "192.0.2.7")
			},
			"on weekdays": func(u *usage, id string, day time.Time, _ int) {
				if d := day.Weekday(); d != time.Saturday && d != time.Sunday {
					u.used(id, day.Add(9*time.Hour), 400, "192.0.2.7")
				}
			},
			"every hour, more or less": func(u *usage, id string, day time.Time, _ int) {
				for hour := range 24 {
					u.used(id, day.Add(time.Duration(hour)*time.Hour), 200+wobble.Int64N(81)-40, "192.0.2.7")
				}
			},
			"drifting over the hour": func(u *usage, id string, day time.Time, n int) {
				part := int64(n % 60) // minutes of the hour that are left to it
				u.used(id, day.Add(3*time.Hour), 10*part, "192.0.2.7")
				u.used(id, day.Add(4*time.Hour), 10*(60-part), "192.0.2.7")
			},
			"from two places": func(u *usage, id string, day time.Time, n int) {
				u.used(id, day.Add(5*time.Hour), 7, fmt.Sprintf("192.0.%d.9", n%2))
			},
		}
		for _, job := range jobs {
			d, _ := w.client(registry.ClientInput{})
			u := usage{w: w}
			for n := range days {
				job(&u, d.ID, start.Add(time.Duration(n)*aDay), n)
			}
			u.add(t)
		}
		w.clock.set(start.Add(days * aDay))
		if got := w.marked(t, start); len(got) > 0 {
			t.Errorf("got %q, want no mark", got)
		}
	})
}

func TestASpikeIsMarkedOnce(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		start := w.clock.Now().Truncate(aDay)
		d, _ := w.client(registry.ClientInput{})
		young, _ := w.client(registry.ClientInput{})
		quiet, _ := w.client(registry.ClientInput{})
		u := usage{w: w}
		for n := range 10 {
			at := start.Add(time.Duration(n)*aDay + 3*time.Hour)
			u.used(d.ID, at, 40, "192.0.2.7")
			u.used(quiet.ID, at, 2, "192.0.2.7")
			if n >= 8 { // in use for too short a time to say
				u.used(young.ID, at, 40, "192.0.2.7")
			}
		}
		spike := start.Add(10*aDay + 6*time.Hour)
		u.used(d.ID, spike.Add(-time.Hour), 200, "192.0.2.7") // five times as much, not more
		u.used(d.ID, spike, 1001, "192.0.2.7")
		u.used(d.ID, spike.Add(time.Hour), 1001, "192.0.2.7") // no longer more than ever
		u.used(young.ID, spike, 1000, "192.0.2.7")
		u.used(quiet.ID, spike, 99, "192.0.2.7") // many times as much, but not many
		u.add(t)
		w.clock.set(spike.Add(90 * time.Minute))
		for _, want := range [][]string{{"spike " + spike.Format(time.RFC3339)}, nil} {
			if got := w.marked(t, start); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		events := w.said(t)
		if len(events) != 1 || events[0].Action != "client.usage_marked" || events[0].TargetID != d.ID {
			t.Fatalf("got %+v", events)
		}
		const want = `{"at":"2031-05-16T06:00:00Z","mark":"spike","mostBefore":200,"uses":1001}`
		if got := string(events[0].After); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestUseAfterLongSilenceIsMarked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		start := w.clock.Now().Truncate(aDay)
		again := start.Add(31*aDay + time.Hour)
		for _, aged := range []bool{false, true} { // as days, the hours of before tell the same
			silent, _ := w.client(registry.ClientInput{})
			almost, _ := w.client(registry.ClientInput{})
			first, _ := w.client(registry.ClientInput{})
			tried, _ := w.client(registry.ClientInput{})
			u := usage{w: w}
			for _, id := range []string{silent.ID, almost.ID} {
				u.used(id, start.Add(time.Minute), 1, "192.0.2.7")
			}
			u.used(almost.ID, again.Add(-30*aDay), 1, "192.0.2.7") // 30 days less the hour that it may have lasted
			for _, id := range []string{silent.ID, almost.ID, first.ID} {
				u.used(id, again, 0, "192.0.2.7") // authenticating is use
				u.used(id, again.Add(2*time.Hour), 1, "192.0.2.7")
			}
			u.deltas = append(u.deltas, registry.UsageDelta{
				Kind: registry.CredentialClient, ID: tried.ID, OrganizationID: w.one.Organization.ID,
				Cause: registry.CauseWrongSecret, Count: 1, LastAt: start,
			})
			u.used(tried.ID, again, 1, "192.0.2.7") // failures before are no use
			u.add(t)
			if aged {
				if _, err := w.db.AgeUsage(t.Context(), registry.UsageAge{Hours: start.Add(10 * aDay)}, 1000); err != nil {
					t.Fatal(err)
				}
			}
			w.clock.set(again.Add(3 * time.Hour))
			want := []string{"silence " + again.Format(time.RFC3339)}
			if got := w.marked(t, again); !slices.Equal(got, want) {
				t.Errorf("aged %t: got %q, want %q", aged, got, want)
			}
			if events := w.said(t); len(events) != 1 || events[0].TargetID != silent.ID {
				t.Errorf("aged %t: got %+v", aged, events)
			}
		}
	})
}

func TestANewNetworkIsMarked(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		start := w.clock.Now().Truncate(aDay)
		steady, _ := w.client(registry.ClientInput{})
		young, _ := w.client(registry.ClientInput{})
		u := usage{w: w}
		for n := range 9 {
			u.used(steady.ID, start.Add(time.Duration(n)*aDay), 1, fmt.Sprintf("192.0.2.%d", n)) // one network
		}
		u.used(young.ID, start.Add(5*aDay), 1, "192.0.2.7")
		later := start.Add(9*aDay + 30*time.Minute)
		for _, id := range []string{steady.ID, young.ID} {
			u.used(id, later, 1, "198.51.100.1")
			u.used(id, later.Add(time.Minute), 1, "198.51.100.2") // the same
		}
		u.used(steady.ID, later.Add(time.Hour), 1, "2001:db8:1::1")
		u.add(t)
		w.clock.set(later.Add(2 * time.Hour))
		want := []string{"new_network 198.51.100.0/24", "new_network 2001:db8:1::/48"}
		if got := w.marked(t, start); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestWhoMovesAboutIsNotMarkedForEver uses a client from one network after the other.
func TestWhoMovesAboutIsNotMarkedForEver(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		start := w.clock.Now().Truncate(aDay)
		d, _ := w.client(registry.ClientInput{})
		u := usage{w: w}
		u.used(d.ID, start, 1, "192.0.2.7")
		for n := range 40 {
			u.used(d.ID, start.Add(9*aDay+time.Duration(n)*time.Minute), 1, fmt.Sprintf("10.0.%d.1", n))
			u.add(t) // a batch has room for few
		}
		w.clock.set(start.Add(9*aDay + 2*time.Hour))
		if got := w.marked(t, start); len(got) != 15 {
			t.Errorf("got %d marks, want 15: with 16 networks it moves about", len(got))
		}
	})
}

func TestMarksOfWhatIsDeleted(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		start := w.clock.Now().Truncate(aDay)
		d, _ := w.client(registry.ClientInput{})
		u := usage{w: w}
		u.used(d.ID, start, 1, "192.0.2.7")
		u.used(d.ID, start.Add(40*aDay), 1, "192.0.2.7")
		u.add(t)
		w.clock.set(start.Add(40*aDay + time.Hour))
		if err := w.DeleteClient(t.Context(), owner(w.one), d.ID, 0); err != nil {
			t.Fatal(err)
		}
		if got := w.marked(t, start); len(got) > 0 {
			t.Errorf("got %q of what is deleted", got)
		}
	})
}

func TestReplicasMarkOnceTogether(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		start := w.clock.Now().Truncate(aDay)
		d, _ := w.client(registry.ClientInput{})
		u := usage{w: w}
		for n := range 10 {
			u.used(d.ID, start.Add(time.Duration(n)*aDay), 1, fmt.Sprintf("192.0.%d.7", n/9))
		}
		u.add(t)
		w.clock.set(start.Add(9*aDay + time.Hour))
		var replicas errgroup.Group
		var made [3][]registry.UsageMark
		for i := range made {
			replicas.Go(func() (err error) {
				made[i], err = w.MarkUsage(t.Context(), registry.Server(), w.clock.Now().Add(-time.Hour))
				return err
			})
		}
		if err := replicas.Wait(); err != nil {
			t.Fatal(err)
		}
		if n := len(made[0]) + len(made[1]) + len(made[2]); n != 1 {
			t.Errorf("got %v, want one mark", made)
		}
		// Who comes too late, with what was read before, says nothing either.
		if n := len(w.said(t)); n != 1 {
			t.Errorf("got %d events, want 1", n)
		}
	})
}

func TestMarksSwitchedOff(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		start := w.clock.Now().Truncate(aDay)
		d, _ := w.client(registry.ClientInput{})
		u := usage{w: w}
		for n := range 9 {
			u.used(d.ID, start.Add(time.Duration(n)*aDay), 1, "192.0.2.7")
		}
		u.used(d.ID, start.Add(50*aDay), 1000, "198.51.100.1")
		u.used(d.ID, start.Add(51*aDay), 1000, "198.51.100.1")
		u.add(t)
		w.clock.set(start.Add(52 * aDay))
		w.UsageRules = registry.UsageRules{SpikeMinimum: 1}
		if got := w.marked(t, start); len(got) > 0 {
			t.Errorf("got %q, want none", got)
		}
	})
}
