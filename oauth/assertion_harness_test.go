package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keywright/internal/web"
	"keywright/oauth"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// set is what a case changes in a header or in claims; nil takes a member out.
type set map[string]any

// keyed is a client with a key.
type keyed struct {
	party
	bed       *bed
	algorithm string
	key       crypto.Signer
	kid       string
}

// keyed makes a client of the first organization with a key for that algorithm.
func (b *bed) keyed(t *testing.T, algorithm string, in registry.ClientInput) keyed {
	t.Helper()
	k := keyed{bed: b, algorithm: algorithm, key: clientKeys()[algorithm], kid: "one"}
	if in.Scopes == nil {
		in.Scopes = []string{"documents:read"}
	}
	in.AuthMethod, in.JWKS = registry.AuthPrivateKeyJWT, jwksOf(t, k)
	k.party = b.client(t, in)
	return k
}

// jwksOf is the key set of several keys.
func jwksOf(t *testing.T, all ...keyed) json.RawMessage {
	t.Helper()
	var keys jose.JSONWebKeySet
	for _, k := range all {
		keys.Keys = append(keys.Keys, jose.JSONWebKey{Key: k.key.Public(), KeyID: k.kid, Algorithm: k.algorithm})
	}
	raw, err := json.Marshal(keys)
	must(t, err)
	return raw
}

// assertion is a good one, but for what the case changes.
func (k keyed) assertion(t *testing.T, claims, header set) string {
	t.Helper()
	now := k.bed.clock.Now()
	allClaims := set{
		"iss": k.ID, "sub": k.ID, "aud": k.bed.issuer, "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}
	allHeader := set{"alg": k.algorithm, "kid": k.kid, "typ": "JWT"}
	for _, change := range []struct{ all, by set }{{allClaims, claims}, {allHeader, header}} {
		maps.Copy(change.all, change.by)
		maps.DeleteFunc(change.all, func(_ string, value any) bool { return value == nil })
	}
	text := segment(t, allHeader) + "." + segment(t, allClaims)
	return text + "." + base64.RawURLEncoding.EncodeToString(k.sign(t, text))
}

func segment(t *testing.T, members set) string {
	t.Helper()
	raw, err := json.Marshal(members)
	must(t, err)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// sign signs as RFC 7518 §3 says for the client's algorithm.
func (k keyed) sign(t *testing.T, text string) []byte {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	if key, ok := k.key.(*ecdsa.PrivateKey); ok {
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		must(t, err)
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	var signature []byte
	var err error
	switch k.algorithm {
	case "RS256":
		signature, err = k.key.Sign(rand.Reader, sum[:], crypto.SHA256)
	case "PS256":
		signature, err = k.key.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256})
	default:
		signature, err = k.key.Sign(rand.Reader, []byte(text), crypto.Hash(0))
	}
	must(t, err)
	return signature
}

// present asks an endpoint with an assertion.
func (b *bed) present(t *testing.T, target, assertion string, pairs ...string) reply {
	t.Helper()
	form := values(append(pairs, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		"client_assertion", assertion, "grant_type", "client_credentials")...)
	return b.post(t, target, form)
}

// try asks for a token with an assertion that differs in these claims.
func (k keyed) try(t *testing.T, claims set) reply {
	t.Helper()
	return k.bed.present(t, pathToken, k.assertion(t, claims, nil))
}

// fails checks that a request is refused as every wrong client is, for that cause.
func (b *bed) fails(t *testing.T, r reply, want registry.Cause) {
	t.Helper()
	if got := b.refused(t, r, 401, "invalid_client"); got.Cause != want {
		t.Errorf("cause: got %v, want %v", got.Cause, want)
	}
}

// anotherServer is the address of one more server, which has the database and
// the keys in common with the bed's.
func (b *bed) anotherServer(t *testing.T) string {
	t.Helper()
	db := storagetest.OpenWith(t, storage.Config{URL: b.databaseURL})
	copied, _ := newReplica(t, db)
	edge, err := oauth.New(oauth.Config{
		Issuer: b.issuer, Keys: b.ring, Revoker: b.service, Now: b.clock.Now, Random: rand.Reader,
		Authenticator: registry.NewAuthenticator(registry.AuthenticatorConfig{
			HotPath: copied, Assertions: db, Peppers: b.keys.Peppers(), Uses: b.uses, Now: b.clock.Now,
		}),
	})
	must(t, err)
	listener, root := listen(t)
	b.serve(t, listener, edge, web.Config{Now: b.clock.Now, Logger: slog.New(slog.DiscardHandler)})
	return root
}
