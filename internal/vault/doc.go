// Package vault holds the keys of the installation in memory: it makes each
// one on the first start, keeps them sealed under the master key in the
// database, and opens them on every later start.
//
// It knows what each key is for but not how it is used: digests, error ids,
// cursors and access tokens are made elsewhere from what it hands out. No two
// purposes share a key. Several keys of one purpose may stand side by side: the
// newest is used, the older ones still recognise what they once made.
package vault
