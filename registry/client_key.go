package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"
)

// MaxClientKeys is how many public keys a client may have at once.
const MaxClientKeys = 5

// PublicKey is one key of a JSON Web Key Set (RFC 7517), checked and brought
// into one form.
type PublicKey struct {
	KeyID      string          // kid; that of a key without one is its thumbprint
	Algorithm  string          // the one that it verifies: ES256, RS256, PS256 or EdDSA
	Thumbprint string          // RFC 7638, SHA-256 in base64url
	JWK        json.RawMessage // public members alone
}

// ClientKey is the record of one public key of a client that authenticates by
// private_key_jwt. It lives from the change that brings it into the client's
// jwks to the one that takes it out. A key that is brought back is a new
// record, so that access tokens obtained with the old one stay dead.
type ClientKey struct {
	ID       string
	ClientID string
	PublicKey
	CreatedAt time.Time
	Usage     Usage
}

// same tells whether k is the record of that key. A key under another kid or
// algorithm is another one.
func (k ClientKey) same(p PublicKey) bool {
	return k.Thumbprint == p.Thumbprint && k.KeyID == p.KeyID && k.Algorithm == p.Algorithm
}

// publicKeys checks the jwks of a client and writes it, in one form, into c.
func (s *Service) publicKeys(c *Client, jwks json.RawMessage, v *invalid) []PublicKey {
	given := len(jwks) > 0 && !bytes.Equal(jwks, []byte("null"))
	switch {
	case given && c.AuthMethod != AuthPrivateKeyJWT:
		v.add("jwks", "goes with authMethod %s", AuthPrivateKeyJWT)
		return nil
	case !given && c.AuthMethod == AuthPrivateKeyJWT:
		v.add("jwks", "is required for %s", AuthPrivateKeyJWT)
		return nil
	case !given:
		c.JWKS = nil
		return nil
	}
	keys, broken := s.ParseKeys(jwks)
	for _, b := range broken {
		v.add("jwks"+b.Field, "%s", b.Message)
	}
	if len(keys) > MaxClientKeys {
		v.add("jwks.keys", "must have at most %d keys", MaxClientKeys)
	}
	c.JWKS = keySet(keys)
	return keys
}

// keySet writes keys as a JSON Web Key Set.
func keySet(keys []PublicKey) json.RawMessage {
	set := []byte(`{"keys":[`)
	for i, k := range keys {
		if i > 0 {
			set = append(set, ',')
		}
		set = append(set, k.JWK...)
	}
	return append(set, "]}"...)
}

// replaceKeys makes the records of a client's keys those of its jwks: one that
// stays keeps its id and its use, the others go or come.
func (s *Service) replaceKeys(ctx context.Context, c *change, clientID string, keys []PublicKey) error {
	stored, err := c.ClientKeysOf(ctx, []string{clientID})
	if err != nil {
		return err
	}
	for _, k := range stored[clientID] {
		if slices.ContainsFunc(keys, k.same) {
			continue
		}
		if err := c.DeleteClientKey(ctx, clientID, k.ID); err != nil {
			return err
		}
	}
	for _, p := range keys {
		if slices.ContainsFunc(stored[clientID], func(k ClientKey) bool { return k.same(p) }) {
			continue
		}
		if err := s.insertKey(ctx, c, clientID, p); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) insertKey(ctx context.Context, c *change, clientID string, p PublicKey) error {
	id, err := NewID(s.Rand, PrefixClientKey)
	if err != nil {
		return err
	}
	return c.InsertClientKey(ctx, ClientKey{ID: id, ClientID: clientID, PublicKey: p, CreatedAt: c.now})
}
