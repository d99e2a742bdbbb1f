// Package seal encrypts and authenticates small values: under the master key
// of the installation (Master), and under keys that the master key seals (Box).
//
// It knows neither what it seals nor where that is kept. Every value is bound
// to a context, such as "keys/signing/key_…", that must be the same on opening,
// so that a sealed value copied to another place does not open there.
package seal
