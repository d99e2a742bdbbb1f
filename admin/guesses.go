package admin

import (
	"crypto/sha256"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"keywright/internal/web"
)

// guesses slows down those who guess passwords and one-time codes: by address,
// by account, and by both together. Each try takes from all three; what is
// taken comes back with time, so that nobody is locked out for ever. Whoever
// has signed in from an address before is not held up there by strangers who
// try the account from elsewhere.
//
// Each replica counts for itself.
type guesses struct {
	now       func() time.Time
	mu        sync.Mutex
	addresses table
	accounts  table
	pairs     table
}

// pace is how many tries there are at once, and how soon another.
type pace struct {
	burst int
	every time.Duration
}

var (
	addressPace = pace{50, 3 * time.Second}
	accountPace = pace{20, 30 * time.Second}
	pairPace    = pace{5, 15 * time.Second}
)

// maxTries is how many entries half a table has. It bounds the memory: some
// hundred bytes each.
const maxTries = 20_000

func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, addresses: newTable(addressPace), accounts: newTable(accountPace), pairs: newTable(pairPace)}
}

// try takes one try at an account, an e-mail address or the id of a member,
// or fails with *web.SlowDownError.
func (g *guesses) try(account string, address netip.Addr) error {
	account, network := sameAccount(account), networkOf(address)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	pair := g.pairs.at(account, network)
	limits := []*rate.Limiter{g.addresses.at(network).limiter, pair.limiter}
	if !pair.good {
		limits = append(limits, g.accounts.at(account).limiter)
	}
	for _, limit := range limits {
		if !limit.AllowN(now, 1) {
			return &web.SlowDownError{After: untilNext(limit, now)}
		}
	}
	return nil
}

// untilNext is how long it takes until the limit allows one more.
func untilNext(limit *rate.Limiter, now time.Time) time.Duration {
	missing := 1 - limit.TokensAt(now)
	return time.Duration(missing / float64(limit.Limit()) * float64(time.Second))
}

// succeeded forgives the tries at an account from that address.
func (g *guesses) succeeded(account string, address netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	pair := g.pairs.at(sameAccount(account), networkOf(address))
	pair.limiter, pair.good = pairPace.limiter(), true
}

func sameAccount(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// networkOf is the address, or for IPv6 the /64 that one host may roam in.
func networkOf(address netip.Addr) string {
	if address.Is6() {
		network, _ := address.Prefix(64) // 64 is a good length
		return network.String()
	}
	return address.String()
}

type tries struct {
	limiter *rate.Limiter
	good    bool // the last one was right
}

func (p pace) limiter() *rate.Limiter { return rate.NewLimiter(rate.Every(p.every), p.burst) }

// table keeps the tries of the last keys that were asked for: when one half
// is full, the older half is forgotten.
type table struct {
	pace       pace
	fresh, old map[[sha256.Size]byte]*tries
}

func newTable(p pace) table {
	return table{pace: p, fresh: map[[sha256.Size]byte]*tries{}}
}

// at returns the tries of a key. Its text is not kept: it may be long.
func (t *table) at(parts ...string) *tries {
	key := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	if found := t.fresh[key]; found != nil {
		return found
	}
	if len(t.fresh) >= maxTries {
		t.old, t.fresh = t.fresh, make(map[[sha256.Size]byte]*tries)
	}
	found := t.old[key]
	if found == nil {
		found = &tries{limiter: t.pace.limiter()}
	}
	t.fresh[key] = found
	return found
}
