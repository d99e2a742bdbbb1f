package replica

import "sync/atomic"

// counts are how often the copy was asked.
type counts struct{ clients, apiTokens, denied, endpoints tally }

// tally counts the reads that the copy answered, and the others.
type tally struct{ hits, misses atomic.Uint64 }

// Lookups tells each kind of read with how many of them the copy answered, and
// how many the database, since the process started.
func (r *Replica) Lookups(each func(kind string, hits, misses uint64)) {
	tell := func(kind string, t *tally) { each(kind, t.hits.Load(), t.misses.Load()) }
	tell("client", &r.lookups.clients)
	tell("api_token", &r.lookups.apiTokens)
	tell("denylist", &r.lookups.denied)
	tell("endpoints", &r.lookups.endpoints)
}
