package guess

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"keywright/registry"
)

// The limits of a Guard. They are no settings: a secret has 224 random bits
// and is never guessed, so that they only have to lie well above what a
// misconfigured program does and well below what a database can do.
const (
	// laneWidth is how many look-ups there are at once in the lane: a quarter
	// of the connections to the database that there are by default.
	laneWidth = 4
	// laneWait is how long an attempt waits for its turn there.
	laneWait = time.Second

	// maxPairs and maxProved bound the memory to some 10 MB: there are at most
	// twice as many entries.
	maxPairs  = 20_000
	maxProved = 100_000
)

var (
	pairPace   = Pace{100, 200 * time.Millisecond}
	globalPace = Pace{1000, 10 * time.Millisecond}
)

// Guard implements registry.Guard.
//
// A wrong attempt takes from the budget of its pair, the name with the network
// of the address, and from the global one. Once one of them is empty, what is
// wrong is to be slowed down, and what nobody knows yet to be right goes
// through a lane of a few at a time to be looked up. What was right lately
// passes beside it.
type Guard struct {
	now    func() time.Time
	global Budget
	lane   chan struct{}
	wait   time.Duration

	mu     sync.Mutex
	pairs  *Budgets
	proved Recent[struct{}]
}

// NewGuard returns a guard with full budgets.
func NewGuard(now func() time.Time) *Guard {
	return &Guard{
		now: now, global: NewBudget(globalPace), lane: make(chan struct{}, laneWidth), wait: laneWait,
		pairs: NewBudgets(pairPace, maxPairs), proved: NewRecent[struct{}](maxProved),
	}
}

var errHopeless = errors.New("not looked up while wrong credentials abound")

// Enter implements registry.Guard.
func (g *Guard) Enter(ctx context.Context, a registry.Attempt) (leave func(), err error) {
	switch {
	case !g.strained(a):
		return func() {}, nil
	case a.Hopeless:
		return nil, errHopeless
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.lane <- struct{}{}:
		return func() { <-g.lane }, nil
	case <-timer.C:
		return nil, fmt.Errorf("too many credentials wait to be looked up: no turn within %s", g.wait)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// strained tells whether the attempt has to go through the lane.
func (g *Guard) strained(a registry.Attempt) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, ok := g.proved.Get(credential(a)); ok {
		return false
	}
	now := g.now()
	mine, known := g.pairs.Get(pair(a))
	return known && mine.Next(now) > 0 || g.global.Next(now) > 0
}

// Proved implements registry.Guard.
func (g *Guard) Proved(a registry.Attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proved.Put(credential(a), struct{}{})
}

// Wrong implements registry.Guard. Names that exist and names that do not are
// charged alike: otherwise the answer to a guess would tell which they are.
// Who has used up the budget of a pair takes no more from the global one, so
// that one program with an old secret does not make everybody wait.
func (g *Guard) Wrong(a registry.Attempt) (retryAfter time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.proved.Forget(credential(a))
	now := g.now()
	for _, budget := range []Budget{g.pairs.Of(pair(a)), g.global} {
		if !budget.Take(now) {
			return budget.Next(now)
		}
	}
	return 0
}

func pair(a registry.Attempt) Key { return KeyOf(a.Name, Network(a.Address)) }

// credential stands for what is recognised once it was right.
func credential(a registry.Attempt) Key {
	if a.Credential == (registry.SecretText{}) {
		return KeyOf(a.Name, "", Network(a.Address))
	}
	return KeyOf(a.Name, a.Credential.Reveal())
}
