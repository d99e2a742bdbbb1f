package oauth_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keywright/registry"
	"keywright/storage/storagetest"
)

var assertionCases = []blackBoxCase{
	{"A01 every algorithm at every endpoint", func(t *testing.T, b *bed) {
		for _, algorithm := range []string{"ES256", "RS256", "PS256", "EdDSA"} {
			k := b.keyed(t, algorithm, registry.ClientInput{Introspects: []string{"*"}})
			token := granted(t, k.try(t, nil)).AccessToken
			if r := b.present(t, pathIntrospect, k.assertion(t, nil, nil), "token", token); !strings.Contains(r.body, `"active":true`) {
				t.Errorf("%s: introspection: got %d %s", algorithm, r.status, r.body)
			}
			if r := b.present(t, pathRevoke, k.assertion(t, nil, nil), "token", token, "client_id", k.ID); r.status != 200 {
				t.Errorf("%s: revocation: got %d %s", algorithm, r.status, r.body)
			}
			b.inactive(t, b.all, token, registry.CauseTokenRevoked)
			for _, use := range b.uses.of(k.ID) {
				if use.KeyID != k.Keys[0].ID || use.SecretID != "" || use.Cause != registry.CauseNone {
					t.Errorf("%s: the use notes key %q, secret %q, cause %v", algorithm, use.KeyID, use.SecretID, use.Cause)
				}
			}
		}
	}},
	{"A01 Ed25519 is EdDSA", func(t *testing.T, b *bed) {
		k := b.keyed(t, "EdDSA", registry.ClientInput{})
		granted(t, b.present(t, pathToken, k.assertion(t, nil, set{"alg": "Ed25519"})))
		forged := k.assertion(t, nil, set{"alg": "Ed25519"})
		b.fails(t, b.present(t, pathToken, forged[:len(forged)-8]+"AAAAAAAA"), registry.CauseWrongKey)
	}},
	{"A02 iss or sub is not the client", func(t *testing.T, b *bed) {
		k, other := b.keyed(t, "ES256", registry.ClientInput{}), b.keyed(t, "ES256", registry.ClientInput{})
		b.fails(t, k.try(t, set{"iss": "somebody"}), registry.CauseAssertionClaims)
		b.fails(t, k.try(t, set{"iss": other.ID}), registry.CauseAssertionClaims)
		b.fails(t, k.try(t, set{"sub": other.ID}), registry.CauseAssertionClaims)
		b.fails(t, k.try(t, set{"sub": "somebody"}), registry.CauseUnknownClient)
		b.fails(t, k.try(t, set{"iss": b.reader.ID, "sub": b.reader.ID}), registry.CauseWrongMethod)
		b.fails(t, b.present(t, pathToken, k.assertion(t, nil, nil), "client_id", other.ID), registry.CauseAssertionClaims)
		granted(t, b.present(t, pathToken, k.assertion(t, nil, nil), "client_id", k.ID))
	}},
	{"A03 a claim is missing", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{})
		for claim, want := range map[string]registry.Cause{
			"iss": registry.CauseAssertionClaims, "sub": registry.CauseUnknownClient, "aud": registry.CauseAssertionAudience,
			"exp": registry.CauseAssertionClaims, "jti": registry.CauseAssertionClaims,
		} {
			b.fails(t, k.try(t, set{claim: nil}), want)
			for _, odd := range []any{"", 0, []string{}, set{}} {
				r := k.try(t, set{claim: odd})
				b.refused(t, r, 401, "invalid_client")
			}
		}
		b.fails(t, k.try(t, set{"jti": strings.Repeat("x", 600)}), registry.CauseAssertionClaims)
		granted(t, k.try(t, set{"iat": nil, "nbf": nil}))
		granted(t, b.present(t, pathToken, k.assertion(t, nil, set{"typ": nil})))
	}},
	{"A04 aud is the issuer, or at the token endpoint its address", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{Introspects: []string{"*"}})
		for _, aud := range []any{b.issuer, []string{b.issuer}, b.issuer + pathToken} {
			granted(t, k.try(t, set{"aud": aud}))
		}
		for _, path := range []string{pathIntrospect, pathRevoke} {
			if r := b.present(t, path, k.assertion(t, nil, nil), "token", "x"); r.status != 200 {
				t.Errorf("%s: got %d %s", path, r.status, r.body)
			}
			for _, aud := range []string{b.issuer + pathToken, b.issuer + path} {
				b.fails(t, b.present(t, path, k.assertion(t, set{"aud": aud}, nil), "token", "x"), registry.CauseAssertionAudience)
			}
		}
	}},
	{"A04 an issuer with a path", func(t *testing.T, b *bed) {
		b = newBed(t, b.dialect, b.format, "/tenants/one")
		k := b.keyed(t, "ES256", registry.ClientInput{})
		for _, base := range []string{b.root, b.issuer} {
			granted(t, b.present(t, base+pathToken, k.assertion(t, nil, nil)))
			granted(t, b.present(t, base+pathToken, k.assertion(t, set{"aud": b.issuer + pathToken}, nil)))
		}
		b.fails(t, k.try(t, set{"aud": b.root}), registry.CauseAssertionAudience)
	}},
	{"A05 a foreign member in aud", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{})
		for _, aud := range []any{
			"https://other.example", b.issuer + "/", strings.ToUpper(b.issuer), []string{b.issuer, "https://other.example"},
			[]string{b.issuer, b.issuer + pathToken}, []string{b.issuer, b.issuer}, []string{},
		} {
			b.fails(t, k.try(t, set{"aud": aud}), registry.CauseAssertionAudience)
		}
	}},
	{"A06 expired", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{})
		b.fails(t, k.try(t, set{"exp": b.clock.Now().Unix() - 300}), registry.CauseAssertionExpired)
	}},
	{"A07 exp too far ahead", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{})
		now := b.clock.Now().Unix()
		granted(t, k.try(t, set{"exp": now + 600}))
		for _, exp := range []any{now + 660, now + 86400, 1e18, 1e300, "never"} {
			r := k.try(t, set{"exp": exp})
			b.refused(t, r, 401, "invalid_client")
		}
	}},
	{"A08 clocks that disagree", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{})
		now := b.clock.Now().Unix()
		granted(t, k.try(t, set{"exp": now - 10}))
		granted(t, k.try(t, set{"exp": float64(now) + 30.5}))
		granted(t, k.try(t, set{"iat": now + 10, "nbf": now + 10}))
		b.fails(t, k.try(t, set{"exp": now - 60}), registry.CauseAssertionExpired)
		b.fails(t, k.try(t, set{"iat": now + 60}), registry.CauseAssertionClaims)
		b.fails(t, k.try(t, set{"nbf": now + 60}), registry.CauseAssertionClaims)
	}},
	{"A09 an assertion works once", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{Introspects: []string{"*"}})
		once := k.assertion(t, nil, nil)
		granted(t, b.present(t, pathToken, once))
		for _, path := range []string{pathToken, pathIntrospect, pathRevoke} {
			b.fails(t, b.present(t, path, once, "token", "x"), registry.CauseAssertionReplayed)
		}
		again := k.try(t, set{"jti": "again"})
		granted(t, again)
		b.fails(t, k.try(t, set{"jti": "again", "iat": nil}), registry.CauseAssertionReplayed)
	}},
	{"A09 fifty at once over two replicas", fiftyAtOnce},
	{"A10 the same jti from two clients", func(t *testing.T, b *bed) {
		for range 2 {
			granted(t, b.keyed(t, "ES256", registry.ClientInput{}).try(t, set{"jti": "the same"}))
		}
	}},
	{"A11 a failed assertion is not used up", func(t *testing.T, b *bed) {
		b = b.own(t)
		k := b.keyed(t, "ES256", registry.ClientInput{})
		stranger := k
		stranger.key = clientKeys()["RS256"]
		stranger.algorithm = "RS256"
		good := k.assertion(t, set{"jti": "j"}, nil)
		b.fails(t, b.present(t, pathToken, stranger.assertion(t, set{"jti": "j"}, nil)), registry.CauseWrongKey)
		b.fails(t, b.present(t, pathToken, good[:len(good)-8]+"AAAAAAAA"), registry.CauseWrongKey)
		b.fails(t, k.try(t, set{"jti": "j", "aud": "https://other.example"}), registry.CauseAssertionAudience)
		b.fails(t, k.try(t, set{"jti": "j", "exp": 1}), registry.CauseAssertionExpired)
		no, yes := false, true
		patch(t, b, k.party, registry.ClientPatch{IsActive: &no})
		b.fails(t, b.present(t, pathToken, good), registry.CauseDisabled)
		patch(t, b, k.party, registry.ClientPatch{IsActive: &yes, IPWhitelist: &[]string{"192.0.2.0/24"}})
		b.fails(t, b.present(t, pathToken, good), registry.CauseAddressOffList)
		patch(t, b, k.party, registry.ClientPatch{IPWhitelist: &[]string{}})
		granted(t, b.present(t, pathToken, good))
		b.fails(t, b.present(t, pathToken, good), registry.CauseAssertionReplayed)
	}},
	{"A12 another algorithm", otherAlgorithmsAreRefused},
	{"A14 two methods", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{})
		good := k.assertion(t, nil, nil)
		form := grant("client_assertion", good, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		b.refused(t, b.post(t, pathToken, form, as(b.reader)), 400, "invalid_request")
		b.refused(t, b.present(t, pathToken, good, "client_secret", b.reader.secret), 400, "invalid_request")
		granted(t, b.present(t, pathToken, good)) // it was not used up by that
	}},
	{"A14 another type of assertion", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{})
		good := k.assertion(t, nil, nil)
		for _, form := range [][]string{
			{"client_assertion", good},
			{"client_assertion", good, "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
			{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_id", k.ID},
		} {
			b.fails(t, b.post(t, pathToken, grant(form...)), registry.CauseMalformedCredential)
		}
	}},
	{"A17 another method than registered", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{})
		b.fails(t, k.try(t, set{"iss": b.reader.ID, "sub": b.reader.ID}), registry.CauseWrongMethod)
		b.fails(t, b.post(t, pathToken, grant(), as(party{k.ClientDetails, b.reader.secret})), registry.CauseWrongMethod)
	}},
	{"A18 a hundred thousand dots", dotsCostNothing},
	{"a kid chooses among several keys", func(t *testing.T, b *bed) {
		k := b.keyed(t, "RS256", registry.ClientInput{})
		second, third := k, k
		second.algorithm, second.key, second.kid = "ES256", clientKeys()["ES256"], "two"
		third.algorithm, third.key, third.kid = "EdDSA", clientKeys()["EdDSA"], ""
		keys := jwksOf(t, k, second, third)
		patch(t, b, k.party, registry.ClientPatch{JWKS: &keys})
		for _, one := range []keyed{k, second} {
			granted(t, one.try(t, nil))
			granted(t, b.present(t, pathToken, one.assertion(t, nil, set{"kid": nil})))
			b.fails(t, b.present(t, pathToken, one.assertion(t, nil, set{"kid": "three"})), registry.CauseWrongKey)
		}
		b.fails(t, b.present(t, pathToken, second.assertion(t, nil, set{"kid": "one"})), registry.CauseWrongKey)
		granted(t, b.present(t, pathToken, third.assertion(t, nil, set{"kid": nil})))
		state, err := b.db.ClientState(t.Context(), k.ID)
		must(t, err)
		for _, stored := range state.Keys {
			if stored.Algorithm == "EdDSA" { // a key without kid goes by its thumbprint
				granted(t, b.present(t, pathToken, third.assertion(t, nil, set{"kid": stored.Thumbprint})))
			}
		}
	}},
	{"every refusal looks the same", func(t *testing.T, b *bed) {
		k := b.keyed(t, "ES256", registry.ClientInput{})
		want := b.post(t, pathToken, grant(), as(party{b.reader.ClientDetails, b.wide.secret})).faceless()
		for _, r := range []reply{
			k.try(t, set{"exp": 1}), k.try(t, set{"aud": "x"}), k.try(t, set{"sub": "x"}), k.try(t, set{"jti": nil}),
			b.present(t, pathToken, "x"), b.present(t, pathToken, k.assertion(t, nil, set{"alg": "none"})),
		} {
			if got := r.faceless(); got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		}
	}},
	{"one statement for each", func(t *testing.T, b *bed) {
		b = b.own(t)
		k := b.keyed(t, "ES256", registry.ClientInput{})
		b.settled(t)
		granted(t, k.try(t, nil)) // reads the client, too
		before := b.statements.Load()
		granted(t, k.try(t, nil))
		if n := b.statements.Load() - before; n != 1 {
			t.Errorf("an assertion takes %d statements, want 1", n)
		}
	}},
	{"the database cannot note the use", func(t *testing.T, b *bed) {
		b = b.own(t)
		k := b.keyed(t, "ES256", registry.ClientInput{})
		b.breakTable(t, "used_assertions")
		b.refused(t, k.try(t, nil), 503, "temporarily_unavailable")
		b.fails(t, k.try(t, set{"exp": 1}), registry.CauseAssertionExpired)
	}},
}

// fiftyAtOnce presents one assertion fifty times; on Postgres every other time
// to another server, which has the database in common with the first.
func fiftyAtOnce(t *testing.T, b *bed) {
	b = b.own(t)
	roots := []string{b.root}
	if b.dialect == storagetest.Postgres {
		roots = append(roots, b.anotherServer(t))
	}
	k := b.keyed(t, "ES256", registry.ClientInput{})
	once := k.assertion(t, nil, nil)
	var mu sync.Mutex
	count := map[int]int{}
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			r := b.present(t, roots[i%len(roots)]+pathToken, once)
			mu.Lock()
			defer mu.Unlock()
			count[r.status]++
		})
	}
	all.Wait()
	if count[http.StatusOK] != 1 || count[http.StatusUnauthorized] != 49 {
		t.Errorf("got %v, want one 200 and 49 times 401", count)
	}
}

func otherAlgorithmsAreRefused(t *testing.T, b *bed) {
	k := b.keyed(t, "RS256", registry.ClientInput{})
	public, err := x509.MarshalPKIXPublicKey(k.key.Public())
	must(t, err)
	none := k.assertion(t, nil, set{"alg": "none"})
	mac := k.assertion(t, nil, set{"alg": "HS256"})
	signed := mac[:strings.LastIndexByte(mac, '.')]
	hash := hmac.New(sha256.New, public)
	hash.Write([]byte(signed))
	mac = signed + "." + base64.RawURLEncoding.EncodeToString(hash.Sum(nil))
	for name, text := range map[string]string{"none": none, "none, unsigned": none[:strings.LastIndexByte(none, '.')+1], "HS256": mac} {
		t.Log(name)
		b.fails(t, b.present(t, pathToken, text), registry.CauseMalformedCredential)
	}
	other := k
	other.algorithm = "PS256"
	b.fails(t, other.try(t, nil), registry.CauseWrongKey)
	b.fails(t, b.present(t, pathToken, k.assertion(t, nil, set{"alg": "ES256"})), registry.CauseWrongKey)

	attacker := k
	attacker.algorithm, attacker.key = "ES256", clientKeys()["ES256"]
	key := jose.JSONWebKey{Key: attacker.key.Public(), KeyID: "one", Algorithm: "ES256"}
	for _, header := range []set{
		{"jwk": key}, {"jku": "http://127.0.0.1:1/jwks"}, {"x5u": "http://127.0.0.1:1/cert"}, {"jwk": key, "kid": nil},
	} {
		b.fails(t, b.present(t, pathToken, attacker.assertion(t, nil, header)), registry.CauseWrongKey)
		granted(t, b.present(t, pathToken, k.assertion(t, nil, set{"jku": "http://127.0.0.1:1/jwks"})))
	}
	modern := b.keyed(t, "EdDSA", registry.ClientInput{Scopes: []string{"documents:read"}})
	for _, critical := range []set{{"crit": []string{"x"}, "x": 1}, {"crit": []string{"b64"}, "b64": true}, {"crit": []string{"b64"}, "b64": false}} {
		b.refused(t, b.present(t, pathToken, k.assertion(t, nil, critical)), 401, "invalid_client")
		critical["alg"] = "Ed25519"
		b.refused(t, b.present(t, pathToken, modern.assertion(t, nil, critical)), 401, "invalid_client")
	}
}

// dotsCostNothing sends dots instead of an assertion. A hundred thousand are
// more than a body may have, whatever is in it.
func dotsCostNothing(t *testing.T, b *bed) {
	b.refused(t, b.present(t, pathToken, strings.Repeat(".", 100_000)), 413, "invalid_request")
	dots := strings.Repeat(".", 60_000)
	b.fails(t, b.present(t, pathToken, dots), registry.CauseMalformedCredential)
	fastest, least := time.Hour, uint64(1<<62)
	for range 5 { // the machine is shared
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		started := time.Now()
		b.present(t, pathToken, dots)
		fastest = min(fastest, time.Since(started))
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	if fastest > 50*time.Millisecond || least > 64<<20 {
		t.Errorf("it took %v and %d bytes", fastest, least)
	}
}

// TestKeysDieWithTheirPlaceInTheSet takes a key away while its client has
// another one, and brings it back.
func TestKeysDieWithTheirPlaceInTheSet(t *testing.T) {
	t.Parallel()
	eachBed(t, func(t *testing.T, b *bed) {
		first := b.keyed(t, "ES256", registry.ClientInput{})
		second := first
		second.algorithm, second.key, second.kid = "EdDSA", clientKeys()["EdDSA"], "two"
		both, one := jwksOf(t, first, second), jwksOf(t, second)

		patch(t, b, first.party, registry.ClientPatch{JWKS: &both})
		dying, staying := granted(t, first.try(t, nil)).AccessToken, granted(t, second.try(t, nil)).AccessToken
		b.active(t, b.all, dying)
		patch(t, b, first.party, registry.ClientPatch{JWKS: &one})
		b.fails(t, first.try(t, nil), registry.CauseWrongKey)
		b.inactive(t, b.all, dying, registry.CauseKeyRemoved)
		b.active(t, b.all, staying)

		patch(t, b, first.party, registry.ClientPatch{JWKS: &both})
		b.active(t, b.all, granted(t, first.try(t, nil)).AccessToken)
		b.inactive(t, b.all, dying, registry.CauseKeyRemoved)
		b.active(t, b.all, staying)
	})
}

// faceless is an answer without what tells one from the other.
func (r reply) faceless() string {
	id := r.header.Get("X-Error-Id")
	header := r.header.Clone()
	header.Del("Date")
	header.Set("X-Error-Id", strings.Repeat("x", len(id)))
	var text strings.Builder
	_ = header.Write(&text) // a Builder takes everything
	return http.StatusText(r.status) + "\n" + text.String() + "\n" + strings.Replace(r.body, id, "", 1)
}
