// Package guess bounds what guessing costs: the processor and the database in
// front of which credentials are checked. Budget and Recent are the parts of
// which limits are made, in memory that does not grow with the number of
// guesses; Guard is the limit for the credentials of machines.
//
// It knows nothing of HTTP, and not how a credential is checked. Each process
// counts for itself.
package guess
