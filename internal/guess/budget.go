package guess

import (
	"time"

	"golang.org/x/time/rate"
)

// Pace is how many tries there are at once, and how soon another.
type Pace struct {
	Burst int
	Every time.Duration
}

// Budget is what tries are taken from. It is safe for concurrent use.
type Budget struct{ limiter *rate.Limiter }

// NewBudget returns a full budget.
func NewBudget(p Pace) Budget { return Budget{rate.NewLimiter(rate.Every(p.Every), p.Burst)} }

// Take takes one try, and tells whether there was one.
func (b Budget) Take(now time.Time) bool { return b.limiter.AllowN(now, 1) }

// Next is how long it takes until there is a try; 0 if there is one.
func (b Budget) Next(now time.Time) time.Duration {
	missing := 1 - b.limiter.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return max(1, time.Duration(missing/float64(b.limiter.Limit())*float64(time.Second)))
}

// Budgets are those of the last keys that were asked for, each at the same
// pace. They are not safe for concurrent use.
type Budgets struct {
	Recent[Budget]
	pace Pace
}

// NewBudgets returns budgets at that pace, of n to 2n keys.
func NewBudgets(p Pace, n int) *Budgets { return &Budgets{NewRecent[Budget](n), p} }

// Of returns the budget of a key; it is full if the key is not remembered.
func (b *Budgets) Of(k Key) Budget {
	budget, ok := b.Get(k)
	if !ok {
		budget = NewBudget(b.pace)
		b.Put(k, budget)
	}
	return budget
}
