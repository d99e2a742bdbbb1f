// Package jwk reads the public keys that clients register: JSON Web Key Sets
// (RFC 7517) of keys that verify ES256, RS256, PS256 or EdDSA.
//
// It knows nothing of clients, assertions or storage. What it accepts, the
// JOSE library can verify with; whatever it refuses, it says where and why.
package jwk
