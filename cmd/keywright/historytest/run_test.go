package historytest

import (
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"keywright/internal/testserver"
)

// patience bounds every wait for something that is to happen.
const patience = 30 * time.Second

// How long callers wait for an answer: those who have other things to do, those
// who outwait every trouble, and those who make changes.
const (
	shortPatience  = time.Second
	longPatience   = 5 * time.Second
	changePatience = 8 * time.Second
)

const (
	usersOfReplica = 2  // that do nothing but use credentials
	changers       = 5  // each with a credential to change
	remembered     = 10 // credentials that are in use, the last ones
	probes         = 64 // uses right after a change, at once
)

// run is one run of the callers against a fleet.
type run struct {
	t       *testing.T
	fleet   *fleet
	history *history
	seed    uint64

	ended   atomic.Bool
	working sync.WaitGroup
	workers atomic.Int64
	probing chan struct{}

	mu sync.Mutex
	in []*credential // in use, oldest first
}

// newRun prepares a run with choices from that seed, or from the one that
// KEYWRIGHT_HISTORY_SEED names.
func newRun(t *testing.T, seed uint64, f *fleet) *run {
	t.Helper()
	if given := os.Getenv("KEYWRIGHT_HISTORY_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("KEYWRIGHT_HISTORY_SEED=%d", seed)
	return &run{t: t, fleet: f, history: newHistory(), seed: seed, probing: make(chan struct{}, probes)}
}

// worker makes a worker with choices of its own.
func (r *run) worker(c *caller) *worker {
	number := int(r.workers.Add(1)) - 1
	return &worker{r, number, c, rand.New(rand.NewPCG(r.seed, uint64(number)))}
}

func (r *run) over() bool { return r.ended.Load() || r.t.Failed() }

// end stops the callers.
func (r *run) end() {
	r.ended.Store(true)
	r.working.Wait()
}

// longestTrouble bounds the wait for changes: what is cut off from its database
// within a transaction may hold up all of them.
const longestTrouble = 3 * time.Second

// pass lets time pass, and goes on until so many changes were called and have
// returned meanwhile.
func (r *run) pass(d time.Duration, changes int) {
	from, began := r.history.now(), time.Now()
	for time.Since(began) < d || r.history.changesSince(from) < changes && time.Since(began) < longestTrouble {
		if r.over() {
			return
		}
		time.Sleep(min(d, 20*time.Millisecond)) // how long it lasts is what this is about
	}
}

func (r *run) signal(p *testserver.Process, s syscall.Signal) {
	if err := p.Signal(s); err != nil {
		r.t.Errorf("%s: %v", s, err)
	}
}

// users let some use credentials at a replica, as fast as they are answered.
func (r *run) users(at *replica) {
	for i := range usersOfReplica {
		c := newCaller(r.fleet, shortPatience)
		if i%2 == 1 {
			c = forgetful(r.fleet, shortPatience)
		}
		w := r.worker(c)
		r.working.Go(func() {
			for !r.over() {
				if c := r.one(w.rng); c == nil {
					time.Sleep(time.Millisecond) // there is none yet
				} else if c.isClient && w.rng.IntN(50) == 0 {
					w.takeBack(c, at)
				} else {
					w.use(c, at)
				}
			}
		})
	}
}

// one chooses a credential that is in use.
func (r *run) one(rng *rand.Rand) *credential {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.in) == 0 {
		return nil
	}
	return r.in[rng.IntN(len(r.in))]
}

func (r *run) add(c *credential) {
	r.history.add(c)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.in = append(r.in, c)
	if len(r.in) > remembered {
		r.in = r.in[1:]
	}
}

// change lets one make credentials and change them, each until its end.
func (r *run) change(isClient bool) {
	w := r.worker(newCaller(r.fleet, changePatience))
	r.working.Go(func() {
		for !r.over() {
			at, leave := w.somewhere()
			c := newCredential(w.caller, at, isClient, w.rng)
			leave()
			if c != nil {
				r.add(c)
				w.life(c)
			}
		}
	})
}

// somewhere chooses a replica to change something through, until leave is
// called; no change goes through one that is spared.
func (w *worker) somewhere() (at *replica, leave func()) {
	for all := w.fleet.all(); ; {
		at = all[w.rng.IntN(len(all))]
		if at.changing.TryRLock() {
			return at, at.changing.RUnlock
		}
	}
}

// life changes a credential a few times, sometimes twice at once, and ends it.
// One of whose changes nobody knows whether it was made is ended at once: what
// may have happened multiplies.
func (w *worker) life(c *credential) {
	w.probe(c)
	kinds := reversible
	if c.isClient {
		kinds = append(kinds[:len(kinds):len(kinds)], reversibleOfClient...)
	}
	for range 3 + w.rng.IntN(6) {
		if w.over() || c.inDoubt() {
			break
		}
		if w.rng.IntN(5) == 0 {
			w.twice(c, kinds)
		} else {
			w.alter(c, kinds[w.rng.IntN(len(kinds))])
		}
		w.probe(c)
	}
	w.alter(c, final[w.rng.IntN(len(final))])
	w.probe(c)
}

// twice makes two changes at once.
func (w *worker) twice(c *credential, kinds []changeKind) {
	other := w.worker(w.caller)
	var both sync.WaitGroup
	for _, w := range []*worker{w, other} {
		both.Go(func() { w.alter(c, kinds[w.rng.IntN(len(kinds))]) })
	}
	both.Wait()
}

// probe uses a credential at every replica, now that a change has returned,
// and waits for no answer: one may be stopped.
func (w *worker) probe(c *credential) {
	for _, at := range w.fleet.all() {
		select {
		case w.probing <- struct{}{}:
		default:
			return // enough wait for replicas that are stopped
		}
		p := w.worker(newCaller(w.fleet, longPatience))
		w.working.Go(func() {
			defer func() { <-w.probing }()
			defer p.caller.http.CloseIdleConnections()
			for range 2 {
				p.use(c, at)
			}
		})
	}
}

// await waits until something has happened.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !happened(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting until %s", what)
		}
	}
}
