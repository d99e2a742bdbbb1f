// Package historytest holds several replicas on one Postgres to their promise:
// no request that starts after a change has returned is answered from the old
// state. It knows the program from outside, by its command line and its
// listeners, and nothing of how the promise is kept.
//
// TestHistory lets callers use credentials at any replica while others change
// them at any replica, and while replicas are stopped and go on, lose their
// database, their connections or their notifications, join, are killed and
// come back. It writes down when each request began and ended and what was
// answered. A linearizability checker then looks whether there is any order of
// events that explains all of it.
//
// # What is checked
//
// Linearizability itself would be more than the promise: while a change is
// under way one request may see the new state and the next one the old one
// again, at another replica. So to the checker a change commits at some moment
// between its call and its return, and ends at the moment of its return. From
// the commit on, a request may see it; from the end on, no request sees
// anything older. What the checker keeps of a credential is the list of the
// states that may be seen, from that of the last change that has ended to that
// of the last that has committed, in the order of the commits. A use has a
// begin and an answer, and the answer must be explained by one of the states
// that could be seen in between. That is the promise and no more:
//
//   - A request that starts after a change has returned sees that change, or
//     what a later one made of it.
//   - No request sees a change that had not been called when it was answered.
//   - One that overlaps a change may see the state before or after it,
//     whatever others saw.
//
// The one thing loosened: a request reads the credential and the denylist of
// access tokens (RFC 7009) one after the other, so that it may see them at
// different moments, both between its begin and its answer.
//
// An access token is remembered with the cut-offs in force where it may have
// been issued, and each answer about it leaves those that explain the answer;
// so a token that outlives the disabling of its client is found, too.
//
// Of the clients, some have their scopes by a role, so that a change of it lets
// replicas forget everything of the organization. Other changes of an
// organization, its policy, projects and applications, are not in the
// histories; package replica tests what they make it forget.
//
// A change that is refused because another came before it, with 404 or 409, was
// not made, and is left out.
//
// An answer of 503, or none, says nothing: a use is left out, and a change may
// take effect at any moment until the end, or never, and promises nothing. Any
// other answer that is neither the right yes nor the right no fails the test by
// itself.
//
// # Running it
//
// With SOAK=1 TestSoakHistory goes on for ten minutes. KEYWRIGHT_HISTORY_SEED
// repeats the choices of a run, which are in its output, but not its timing.
// What the checker cannot explain is written as a page for the browser, whose
// path is in the failure.
package historytest
