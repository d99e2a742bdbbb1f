package signin

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"keywright/internal/guess"
	"keywright/internal/web"
)

// Guesses slows down those who guess passwords and one-time codes: by address,
// by account, and by both together. Each try takes from all three; what is
// taken comes back with time, so that nobody is locked out for ever. Whoever
// has signed in from an address before is not held up there by strangers who
// try the account from elsewhere.
//
// Each replica counts for itself.
type Guesses struct {
	now       func() time.Time
	mu        sync.Mutex
	addresses *guess.Budgets
	accounts  *guess.Budgets
	pairs     *guess.Budgets
	good      guess.Recent[struct{}] // pairs that succeeded
}

var (
	addressPace = guess.Pace{Burst: 50, Every: 3 * time.Second}
	accountPace = guess.Pace{Burst: 20, Every: 30 * time.Second}
	pairPace    = guess.Pace{Burst: 5, Every: 15 * time.Second}
)

// maxTries bounds the memory: of each kind there are at most twice as many
// entries, of some hundred bytes each.
const maxTries = 20_000

// NewGuesses returns guesses of which none was made.
func NewGuesses(now func() time.Time) *Guesses {
	return &Guesses{
		now:       now,
		addresses: guess.NewBudgets(addressPace, maxTries),
		accounts:  guess.NewBudgets(accountPace, maxTries),
		pairs:     guess.NewBudgets(pairPace, maxTries),
		good:      guess.NewRecent[struct{}](maxTries),
	}
}

// Try takes one try at an account, an e-mail address or the id of a member,
// or fails with *web.SlowDownError.
func (g *Guesses) Try(account string, address netip.Addr) error {
	account, network := sameAccount(account), guess.Network(address)
	pair := guess.KeyOf(account, network)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	limits := []guess.Budget{g.addresses.Of(guess.KeyOf(network)), g.pairs.Of(pair)}
	if _, good := g.good.Get(pair); !good {
		limits = append(limits, g.accounts.Of(guess.KeyOf(account)))
	}
	for _, limit := range limits {
		if !limit.Take(now) {
			return &web.SlowDownError{After: limit.Next(now)}
		}
	}
	return nil
}

// Succeeded forgives the tries at an account from that address.
func (g *Guesses) Succeeded(account string, address netip.Addr) {
	pair := guess.KeyOf(sameAccount(account), guess.Network(address))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pairs.Forget(pair)
	g.good.Put(pair, struct{}{})
}

func sameAccount(text string) string { return strings.ToLower(strings.TrimSpace(text)) }
