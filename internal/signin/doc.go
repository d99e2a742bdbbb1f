// Package signin lets people in: it checks how fast they guess, asks the
// domain whether they may come in, and keeps the cookie of the session that
// begins. The admin API and the console share one Keeper, so that whoever is
// signed in to one is signed in to the other, and a guess at one counts for
// both.
//
// It does not know what a session may do, nor when it is over: that is
// registry's to say, at each request.
package signin
