package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"keywright/registry"
)

// metadata is the metadata document, in the parts of this test.
type metadata map[string]any

func (m metadata) list(member string) []string {
	list, _ := m[member].([]any)
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i], _ = v.(string)
	}
	return texts
}

// endpoints at which a client authenticates, as members of the metadata begin.
var endpoints = []string{"token", "introspection", "revocation"}

// way is one way to authenticate: a method, and for private_key_jwt an algorithm.
type way struct{ method, algorithm string }

// ways are those that the metadata advertises at an endpoint.
func (m metadata) ways(endpoint string) []way {
	var all []way
	for _, method := range m.list(endpoint + "_endpoint_auth_methods_supported") {
		if method != "private_key_jwt" {
			all = append(all, way{method: method})
			continue
		}
		for _, algorithm := range m.list(endpoint + "_endpoint_auth_signing_alg_values_supported") {
			all = append(all, way{method, algorithm})
		}
	}
	return all
}

// caller sends a form to an address as one client that authenticates in one way.
type caller func(t *testing.T, address string, pairs ...string) reply

// caller makes a client for one way to authenticate.
func (b *bed) caller(t *testing.T, w way, in registry.ClientInput) caller {
	t.Helper()
	switch w.method {
	case "client_secret_basic":
		p := b.client(t, in)
		return func(t *testing.T, address string, pairs ...string) reply {
			return b.post(t, address, values(pairs...), as(p))
		}
	case "client_secret_post":
		p := b.client(t, in)
		return func(t *testing.T, address string, pairs ...string) reply {
			return b.post(t, address, values(append(pairs, "client_id", p.ID, "client_secret", p.secret)...))
		}
	case "private_key_jwt":
		registered := w.algorithm
		if registered == "Ed25519" { // another name of it (RFC 9864)
			registered = "EdDSA"
		}
		if clientKeys()[registered] == nil {
			t.Fatalf("nothing here signs with %s", w.algorithm)
		}
		k := b.keyed(t, registered, in)
		return func(t *testing.T, address string, pairs ...string) reply {
			return b.post(t, address, values(append(pairs, "client_assertion_type", assertionType, "client_assertion", k.assertion(t, nil, set{"alg": w.algorithm}))...))
		}
	}
	t.Fatalf("nothing here authenticates by %s", w.method)
	return nil
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertedBy is a form with an assertion that is good but for its algorithm.
func (b *bed) assertedBy(t *testing.T, clientID, algorithm string, key any) url.Values {
	t.Helper()
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.SignatureAlgorithm(algorithm), Key: key},
		(&jose.SignerOptions{}).WithHeader(jose.HeaderKey("kid"), "one"),
	)
	must(t, err)
	assertion, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": clientID, "sub": clientID, "aud": b.issuer, "jti": rand.Text(), "exp": b.clock.Now().Add(time.Minute).Unix(),
	}).Serialize()
	must(t, err)
	return grant("token", "x", "client_assertion_type", assertionType, "client_assertion", assertion)
}

// clientKeys is a key for each algorithm of client assertions.
var clientKeys = sync.OnceValue(func() map[string]crypto.Signer {
	rsaKey, err1 := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, edKey, err3 := ed25519.GenerateKey(rand.Reader)
	if err1 != nil || err2 != nil || err3 != nil {
		panic("no keys could be made")
	}
	return map[string]crypto.Signer{"ES256": ecKey, "RS256": rsaKey, "PS256": rsaKey, "EdDSA": edKey}
})

// advertisedWorks uses every item of the metadata at path.
func (b *bed) advertisedWorks(t *testing.T, path string) {
	t.Helper()
	doc := metadata(b.metadata(t, path))
	exercised := map[string]bool{"issuer": true, "response_types_supported": true, "grant_types_supported": true, "jwks_uri": true}
	for _, e := range endpoints {
		exercised[e+"_endpoint"] = true
		exercised[e+"_endpoint_auth_methods_supported"] = true
		exercised[e+"_endpoint_auth_signing_alg_values_supported"] = true
	}
	for member := range doc {
		if !exercised[member] {
			t.Errorf("%s is advertised, and nothing here exercises it", member)
		}
	}
	if doc["issuer"] != b.issuer || len(doc.list("response_types_supported")) != 0 {
		t.Errorf("issuer %v, response types %v", doc["issuer"], doc["response_types_supported"])
	}
	address := func(member string) string {
		text, _ := doc[member].(string)
		if !strings.HasPrefix(text, b.issuer+"/") {
			t.Fatalf("%s: got %q, want it below the issuer", member, text)
		}
		return text
	}
	may := registry.ClientInput{Scopes: []string{"documents:read"}}
	var token string
	for _, grantType := range doc.list("grant_types_supported") {
		for _, w := range doc.ways("token") {
			token = granted(t, b.caller(t, w, may)(t, address("token_endpoint"), "grant_type", grantType)).AccessToken
		}
	}
	for _, w := range doc.ways("introspection") {
		server := b.caller(t, w, registry.ClientInput{Introspects: []string{documents}})
		if r := server(t, address("introspection_endpoint"), "token", token); !strings.Contains(r.body, `"active":true`) {
			t.Errorf("introspection by %v: got %d %s", w, r.status, r.body)
		}
	}
	for _, w := range doc.ways("revocation") {
		client := b.caller(t, w, may)
		token := granted(t, client(t, address("token_endpoint"), "grant_type", "client_credentials")).AccessToken
		if r := client(t, address("revocation_endpoint"), "token", token); r.status != http.StatusOK {
			t.Errorf("revocation by %v: got %d %s", w, r.status, r.body)
		}
		b.inactive(t, b.server, token, registry.CauseTokenRevoked)
	}
	var set jose.JSONWebKeySet
	must(t, json.Unmarshal([]byte(b.send(t, "GET", address("jwks_uri"), nil).body), &set))
	if b.format == registry.FormatJWT && !slices.ContainsFunc(set.Keys, func(k jose.JSONWebKey) bool {
		return jwtVerifies(token, k)
	}) {
		t.Errorf("none of the %d keys of jwks_uri verifies a token", len(set.Keys))
	}
}

func jwtVerifies(token string, key jose.JSONWebKey) bool {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(key.Algorithm)})
	return err == nil && parsed.Claims(key.Key, &map[string]any{}) == nil
}

// othersRefused tries what others advertise and the metadata at path does not.
func (b *bed) othersRefused(t *testing.T, path string) {
	t.Helper()
	doc := metadata(b.metadata(t, path))
	for _, grantType := range []string{
		"authorization_code", "implicit", "password", "refresh_token", "client_credentials",
		"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer",
		"urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:openid:params:grant-type:ciba", "urn:ietf:params:oauth:grant-type:uma-ticket",
	} {
		if !slices.Contains(doc.list("grant_types_supported"), grantType) {
			form := values("grant_type", grantType, "code", "x", "code_verifier", "x", "username", "x", "password", "x",
				"refresh_token", "x", "assertion", "x", "device_code", "x", "subject_token", "x")
			b.refused(t, b.post(t, pathToken, form, as(b.reader)), 400, "unsupported_grant_type")
		}
	}
	b.otherMethodsRefused(t, doc)
	for _, path := range []string{
		"/authorize", "/oauth2/authorize", "/oauth2/auth", "/oauth/authorize", "/oauth2/device_authorization", "/oauth2/device/auth",
		"/oauth2/par", "/par", "/register", "/oauth2/register", "/connect/register", "/userinfo", "/oauth2/userinfo",
		"/oauth2/logout", "/logout", "/oauth2/bc-authorize", "/oauth2/sessions/logout", "/token", "/introspect", "/revoke",
		"/.well-known/openid-configuration", "/.well-known/webfinger", "/.well-known/oauth-protected-resource",
	} {
		b.refused(t, b.send(t, "GET", path, nil), 404, "invalid_request")
		b.refused(t, b.post(t, path, grant(), as(b.reader)), 404, "invalid_request")
	}
	// What is no error is passed over, and changes nothing.
	got := granted(t, b.post(t, pathToken, grant("response_type", "code", "code_challenge", "x", "code_challenge_method", "S256",
		"request", "x", "nonce", "x"), as(b.reader), with("DPoP", "x")))
	if got.TokenType != "Bearer" {
		t.Errorf("token_type: got %s", got.TokenType)
	}
	plain := b.post(t, pathIntrospect, values("token", got.AccessToken), as(b.server), with("Accept", "application/token-introspection+jwt"))
	b.header(t, plain, "Content-Type", "application/json")
}

// otherMethodsRefused authenticates as the metadata does not say, at every endpoint.
func (b *bed) otherMethodsRefused(t *testing.T, doc metadata) {
	t.Helper()
	const certificate = "MIIBszCCAVmgAwIBAgIUAA=="
	onlyID := grant("token", "x", "client_id", b.reader.ID)
	keyed := b.keyed(t, "RS256", registry.ClientInput{})
	for _, endpoint := range endpoints {
		address, _ := doc[endpoint+"_endpoint"].(string)
		for method, ask := range map[string]func() reply{
			"none":            func() reply { return b.post(t, address, onlyID) },
			"tls_client_auth": func() reply { return b.post(t, address, onlyID, with("X-SSL-Client-Cert", certificate)) },
			"self_signed_tls_client_auth": func() reply {
				return b.post(t, address, onlyID, with("Client-Cert", ":"+certificate+":"))
			},
			"client_secret_jwt": func() reply {
				return b.post(t, address, b.assertedBy(t, b.reader.ID, "HS256", []byte(b.reader.secret)))
			},
		} {
			if slices.Contains(doc.list(endpoint+"_endpoint_auth_methods_supported"), method) {
				t.Errorf("%s is advertised at %s", method, endpoint)
			}
			b.refused(t, ask(), 401, "invalid_client")
		}
		// The key is registered for RS256, and good for these.
		for _, algorithm := range []string{"RS384", "RS512", "PS256", "PS384", "PS512"} {
			b.refused(t, b.post(t, address, b.assertedBy(t, keyed.ID, algorithm, keyed.key)), 401, "invalid_client")
		}
	}
}
