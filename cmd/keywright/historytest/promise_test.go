package historytest

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestHistory is the short run: two replicas, then three, and each trouble at
// least once.
func TestHistory(t *testing.T) {
	t.Parallel()
	r, rng := start(t, 2, 1)
	troubles := []trouble{
		alone.sparing(), alone.sparing(), stopped.sparing(), stopped, forsaken, deaf, torn, killed,
	}
	rng.Shuffle(len(troubles), func(i, j int) { troubles[i], troubles[j] = troubles[j], troubles[i] })
	for i, tr := range troubles {
		if i == len(troubles)/3 {
			r.join()
		}
		r.befall(rng, tr, time.Duration(200+rng.IntN(500))*time.Millisecond)
	}
	r.finish()
}

// TestSoakHistory goes on for ten minutes, one trouble after the other.
func TestSoakHistory(t *testing.T) {
	t.Parallel()
	if !soak {
		t.Skip("a soak test: SOAK=1")
	}
	r, rng := start(t, 3, uint64(time.Now().UnixNano()))
	troubles := []trouble{
		alone, alone.sparing(), stopped, stopped.sparing(), forsaken, forsaken.sparing(), deaf, torn, killed,
	}
	for over := time.Now().Add(10 * time.Minute); time.Now().Before(over) && !r.over(); {
		r.befall(rng, troubles[rng.IntN(len(troubles))], time.Duration(100+rng.IntN(1900))*time.Millisecond)
		r.pass(time.Duration(rng.IntN(500))*time.Millisecond, 0)
	}
	r.finish()
}

// start starts a fleet and its callers. It returns where the choices of the
// test itself come from.
func start(t *testing.T, replicas int, seed uint64) (*run, *rand.Rand) {
	t.Helper()
	r := newRun(t, seed, newFleet(t, replicas))
	t.Cleanup(r.end)
	r.fleet.awaitCopies()
	for _, at := range r.fleet.all() {
		r.users(at)
	}
	for i := range changers {
		r.change(i%2 == 0)
	}
	return r, rand.New(rand.NewPCG(r.seed, math.MaxUint64))
}

// join adds a replica and users of it.
func (r *run) join() {
	r.t.Helper()
	r.fleet.join()
	all := r.fleet.all()
	r.users(all[len(all)-1])
}

// befall lets a trouble befall some replica, for that long at least.
func (r *run) befall(rng *rand.Rand, tr trouble, lasts time.Duration) {
	if r.over() {
		return
	}
	all := r.fleet.all()
	at := all[rng.IntN(len(all))]
	if tr.spared {
		at.changing.Lock()
		defer at.changing.Unlock()
	}
	began := r.history.now()
	tr.does(r, at, func() { r.pass(lasts, tr.changes) })
	r.t.Logf("%s is %s from %.3f to %.3f s", at.name, tr.name,
		time.Duration(began).Seconds(), time.Duration(r.history.now()).Seconds())
}

// finish ends the callers and checks what they saw.
func (r *run) finish() {
	r.t.Helper()
	r.pass(300*time.Millisecond, 0)
	r.end()
	n := r.history.tally()
	began := time.Now()
	r.history.check(r.t)
	r.t.Logf("%d credentials, %d changes and %d not answered, %d times yes and %d no; checked in %s",
		len(r.history.operations), n.changes, n.unanswered, n.yes, n.no, time.Since(began).Round(time.Millisecond))
	if least := 20; n.changes < least || n.yes < least || n.no < least {
		r.t.Error("too little to show anything")
	}
	for _, at := range r.fleet.all() {
		if at.hits(r.t) == 0 {
			r.t.Errorf("%s answered nothing from memory", at.name)
		}
	}
}
