// Package signing makes and reads access tokens: RFC 9068 JWTs, signed, and
// opaque tokens, sealed. It also publishes the public signing keys (RFC 7517).
//
// It answers whether a token was made here and what it says. Whether the token
// is still good (expiry, revocation, the state of its client) is decided by the
// registry, and so is which keys there are and when one is used; nothing here
// reads a database. The one clock tells how old the copy of the keys is:
// registry's key_state.go says why that matters.
package signing
