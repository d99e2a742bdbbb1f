// Package registry is the domain of Keywright: organizations, applications,
// clients and their secrets, API tokens, APIs, roles, the rules of their
// lifecycle, and the Service through which every change and every
// administrative read passes.
//
// It knows nothing of HTTP, SQL, JOSE or any library: it imports the standard
// library alone. What it needs from outside stands as a port in store.go
// (Store, HotPath) and usage.go (Recorder); time, randomness and keys are
// handed in.
//
// Start reading at service.go for how a change is made, at effective.go for
// what a client may do, at authenticate.go for how a credential is checked, at
// access_token.go for when an issued token is dead and at watch.go for what the
// server does by itself.
package registry
