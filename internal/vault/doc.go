// Package vault keeps the keys of the installation: it makes them, keeps them
// sealed under the master key in the database, and opens them.
//
// Most keys are made once and held from the start: those of digests, error ids,
// cursors, the audit chain and one-time codes. Those of access tokens, which
// sign or seal, are replaced on a schedule that registry.KeySchedule decides;
// AccessKeys reads them anew, and Rotate makes and deletes what is due.
//
// It knows what each key is for but not how it is used: digests, error ids,
// cursors and access tokens are made elsewhere from what it hands out. No two
// purposes share a key. Several keys of one purpose may stand side by side: one
// is used, the others still recognise what they once made.
package vault
