// Package replica lets a server answer the hot path from memory without ever
// answering from a state that a finished change has replaced. It stands in
// front of registry.HotPath and around registry.Store; everything is right,
// only slower, without it.
//
// The promise: no request that starts after the change has returned is
// answered from the old state. Three things keep it.
//
// # The copy
//
// A Replica remembers what it read of clients, API tokens and endpoints, and
// holds the whole denylist. It follows the change feed, every 100 ms and
// whenever it is woken, and forgets what a row of the feed says has changed.
//
// # The lease
//
// It answers from the copy only while it holds a lease. To renew it, it
// commits its lease row, then reads the head of the feed; once every row up to
// that head is applied the lease is good until leaseTime after the moment from
// before the renewal was sent, on the replica's own clock. Without one it reads
// the database, and without the database there is no answer (503).
//
// A change commits, then reads the lease rows, then returns when all of those
// have applied it, or when longestWait has passed since the commit on its own
// clock. So any other replica either
//
//   - had committed its renewal before the change looked: it is waited for,
//     until it has applied the change or its lease has run out; or
//   - commits it later, and then reads a head that has the change: the lease is
//     not good before the change is applied.
//
// No two clocks are compared; that they run at the same speed within clockDrift
// is all that is asked of them.
//
// # The floor
//
// The process that made a change does not wait for itself: from the commit on
// it reads the database until its own copy has applied the change. In a
// database that no other process can change (SQLite, which is locked) that is
// all there is to it, and there are no leases.
//
// The package knows no SQL, no OAuth and no rules.
package replica
