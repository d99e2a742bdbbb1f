package oauth_test

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keywright/internal/vault"
	"keywright/internal/web"
	"keywright/oauth"
	"keywright/oauth/signing"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// sibling is a further server over a bed's database, with a clock that differs
// and keys that it reads when it is told to.
type sibling struct {
	*bed
	name    string
	now     func() time.Time
	keys    *vault.Vault
	ring    *signing.Ring
	service *registry.Service
	root    string
}

func (b *bed) sibling(t *testing.T, name string, skew time.Duration) *sibling {
	t.Helper()
	r := &sibling{bed: b, name: name, now: func() time.Time { return b.clock.Now().Add(skew) }}
	r.keys = openVault(t, b.db, vault.Config{Now: r.now})
	must(t, r.keys.Rotate(t.Context()))
	read, err := r.keys.AccessKeys(t.Context())
	must(t, err)
	r.ring, err = signing.NewRing(b.issuer, r.now, read)
	must(t, err)
	discard := slog.New(slog.DiscardHandler)
	r.service = registry.NewService(registry.ServiceConfig{
		Store: b.copy.Store(b.db), AuditKeys: r.keys.AuditKeys(), SigningSchedule: r.keys.SigningSchedule(), Now: r.now, Rand: rand.Reader, Logger: discard,
	})
	edge, err := oauth.New(oauth.Config{
		Issuer: b.issuer, Revoker: r.service, Keys: r.ring, Now: r.now, Random: rand.Reader,
		Authenticator: registry.NewAuthenticator(registry.AuthenticatorConfig{
			HotPath: b.copy, Assertions: b.db, Peppers: r.keys.Peppers(), Uses: b.uses, Now: r.now,
		}),
	})
	must(t, err)
	listener, root := listen(t)
	b.serve(t, listener, edge, web.Config{Now: r.now, Logger: discard})
	r.root = root
	return r
}

// poll does what a server does every few seconds.
func (r *sibling) poll(t *testing.T) {
	t.Helper()
	must(t, r.keys.Rotate(t.Context()))
	read, err := r.keys.AccessKeys(t.Context())
	must(t, err)
	must(t, r.ring.Replace(read))
}

// rotate rotates on demand, as the owner of the first organization.
func (r *sibling) rotate(t *testing.T) registry.KeyLife {
	t.Helper()
	took, err := r.service.RotateSigningKey(t.Context(), r.operator)
	must(t, err)
	return took
}

func (r *sibling) issue(t *testing.T, p party) string {
	t.Helper()
	return granted(t, r.post(t, r.root+pathToken, grant(), as(p))).AccessToken
}

// knows introspects a token that is good.
func (r *sibling) knows(t *testing.T, token string) {
	t.Helper()
	if got := r.post(t, r.root+pathIntrospect, values("token", token), as(r.server)); !strings.Contains(got.body, `"active":true`) {
		t.Errorf("replica %s at %s: got %d %s (%s), want an active token", r.name, r.now(), got.status, got.body,
			r.cause(t, got.header.Get("X-Error-Id")).Cause)
	}
}

// verifier is a resource server that keeps the key set for as long as it is
// allowed to, and never asks before that, not even for a key it does not know.
type verifier struct {
	from  *sibling
	keys  jose.JSONWebKeySet
	until time.Time
}

func (v *verifier) verify(t *testing.T, raw string) {
	t.Helper()
	if now := v.from.clock.Now(); !now.Before(v.until) {
		r := v.from.send(t, "GET", v.from.root+pathJWKS, nil)
		v.keys = jose.JSONWebKeySet{}
		must(t, json.Unmarshal([]byte(r.body), &v.keys))
		_, seconds, _ := strings.Cut(r.header.Get("Cache-Control"), "max-age=")
		age, err := strconv.Atoi(seconds)
		must(t, err)
		v.until = now.Add(time.Duration(age) * time.Second)
	}
	token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	must(t, err)
	if _, err := token.Verify(v.keys); err != nil {
		t.Errorf("a verifier of replica %s at %s does not know the key: %v", v.from.name, v.from.clock.Now(), err)
	}
}

// TestRotationJ11 rotates five times, each as soon as it may be, while two
// replicas issue tokens. Everybody must recognise every token all the time: the
// other replica, and verifiers with cached keys.
func TestRotationJ11(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		r := newRotation(t, dialect)
		for round := range 5 {
			takesOver := r.behind.rotate(t)
			if lead := takesOver.ActiveFrom.Sub(takesOver.CreatedAt); lead < registry.KeyLead {
				t.Errorf("round %d: used %s after it was published", round, lead)
			}
			for until := takesOver.ActiveFrom.Add(2 * registry.KeyCopyMaxAge); r.clock.Now().Before(until) || !r.behindPolls(); {
				r.step(t)
			}
		}
		if len(r.kids) != 6 {
			t.Errorf("the tokens are of %d keys, want 6", len(r.kids))
		}
		r.untilTheyAreGone(t)
	})
}

// rotation is as bad as it may be: the clocks of the replicas are a minute
// apart, the one that is behind makes the keys and reads them as late as it
// may, and at every moment some verifier has just fetched them there.
type rotation struct {
	*bed
	ahead, behind *sibling
	client        party
	verifiers     []*verifier
	steps         int
	kids          []string          // in the order of their use
	last          map[string]string // the last token of each
}

const rotationStep = 20 * time.Second

func newRotation(t *testing.T, dialect string) *rotation {
	t.Helper()
	b := newBed(t, dialect, registry.FormatJWT, "")
	r := &rotation{
		bed: b, last: map[string]string{},
		ahead: b.sibling(t, "ahead", registry.KeyClockMargin/2), behind: b.sibling(t, "behind", -registry.KeyClockMargin/2),
		client: b.client(t, registry.ClientInput{Scopes: []string{"documents:read"}, TokenTTL: registry.MaxTokenTTL}),
	}
	for range registry.KeySetMaxAge / rotationStep {
		r.verifiers = append(r.verifiers, &verifier{from: r.ahead}, &verifier{from: r.behind})
	}
	return r
}

// behindPolls tells whether the replica that is behind reads the keys in this step.
func (r *rotation) behindPolls() bool { return r.steps%int(registry.KeyCopyMaxAge/rotationStep) == 0 }

func (r *rotation) step(t *testing.T) {
	t.Helper()
	r.clock.move(rotationStep)
	r.steps++
	r.ahead.poll(t)
	if r.behindPolls() {
		r.behind.poll(t)
	}
	byAhead, byBehind := r.ahead.issue(t, r.client), r.behind.issue(t, r.client)
	r.ahead.knows(t, byBehind)
	r.behind.knows(t, byAhead)
	for _, v := range r.verifiers[:min(len(r.verifiers), 2*r.steps)] {
		v.verify(t, byAhead)
		v.verify(t, byBehind)
	}
	for _, raw := range r.last {
		r.verifiers[0].verify(t, raw)
	}
	for _, raw := range []string{byAhead, byBehind} {
		token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
		must(t, err)
		kid := token.Signatures[0].Protected.KeyID
		if r.last[kid] == "" {
			r.kids = append(r.kids, kid)
		}
		r.last[kid] = raw
	}
}

// untilTheyAreGone follows the last token of every key but the one in use to
// its end, and then the keys.
func (r *rotation) untilTheyAreGone(t *testing.T) {
	t.Helper()
	replicas := []*sibling{r.ahead, r.behind}
	for _, kid := range r.kids[:len(r.kids)-1] {
		parsed, err := r.ahead.ring.ParseAccessToken(r.last[kid])
		must(t, err)
		r.clock.move(parsed.ExpiresAt.Add(-time.Second).Sub(r.ahead.now()))
		for _, x := range replicas {
			x.poll(t)
			x.knows(t, r.last[kid])
		}
	}
	r.clock.move(time.Hour)
	for _, x := range replicas {
		x.poll(t)
		for _, kid := range r.kids[:len(r.kids)-1] {
			got := x.post(t, x.root+pathIntrospect, values("token", r.last[kid]), as(r.server))
			if cause := r.cause(t, got.header.Get("X-Error-Id")).Cause; got.body != `{"active":false}` || cause != registry.CauseBadSignature {
				t.Errorf("a token of a key that is gone: got %s %s", got.body, cause)
			}
		}
	}
}

// TestTokenKeysRotateDaily follows opaque tokens through three days.
func TestTokenKeysRotateDaily(t *testing.T) {
	t.Parallel()
	b := newBed(t, storagetest.SQLite, registry.FormatOpaque, "")
	one, two := b.sibling(t, "one", 0), b.sibling(t, "two", time.Second)
	c := b.client(t, registry.ClientInput{Scopes: []string{"documents:read"}, TokenTTL: registry.MaxTokenTTL})
	first := one.issue(t, c)
	prefixes := map[string]bool{}
	for range 72 {
		token := one.issue(t, c)
		prefixes[token[:12]] = true // kwa_, and six of the eight bytes that name the key
		two.knows(t, token)
		one.knows(t, two.issue(t, c))
		b.clock.move(time.Hour)
		one.poll(t)
		two.poll(t)
	}
	if len(prefixes) != 3 {
		t.Errorf("%d keys sealed the tokens of three days, want 3", len(prefixes))
	}
	if _, err := one.ring.ParseAccessToken(first); registry.KindOf(err) != registry.KindUnauthenticated {
		t.Errorf("a token under a key that is gone: got %v", err)
	}
	keys, err := b.db.Keys(t.Context())
	must(t, err)
	if len(keys) > 15 {
		t.Errorf("%d keys are stored: those long gone are not deleted", len(keys))
	}
}

// TestKeysThatCannotBeRead lets a replica lose the keys table alone. It must
// not take a key that it does not know for a forgery.
func TestKeysThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := newBed(t, storagetest.SQLite, registry.FormatJWT, "")
	late, other := b.sibling(t, "late", 0), b.sibling(t, "other", 0)
	old := late.issue(t, b.reader)
	etag := b.send(t, "GET", late.root+pathJWKS, nil).header.Get("ETag")
	b.clock.move(other.rotate(t).ActiveFrom.Sub(b.clock.Now())) // to a key that both know
	b.clock.move(time.Second)
	if takesOver := other.rotate(t); takesOver.StateAt(b.clock.Now()) != registry.KeyActive {
		t.Fatalf("the next key takes over at %s", takesOver.ActiveFrom)
	}
	b.clock.move(time.Second)
	other.poll(t)
	token := other.issue(t, b.reader)

	b.breakTable(t, "keys")
	if _, err := late.keys.AccessKeys(t.Context()); err == nil {
		t.Fatal("the keys can be read")
	}
	late.knows(t, old)
	for name, r := range map[string]reply{
		"introspection": b.post(t, late.root+pathIntrospect, values("token", token), as(b.server)),
		"token":         b.post(t, late.root+pathToken, grant(), as(b.reader)),
		"revocation":    b.post(t, late.root+pathRevoke, values("token", token), as(b.reader)),
	} {
		t.Run(name, func(t *testing.T) { b.refused(t, r, 503, "temporarily_unavailable") })
	}
	set := b.send(t, "GET", late.root+pathJWKS, nil)
	if set.status != http.StatusOK || set.header.Get("Cache-Control") != "no-cache" || set.header.Get("ETag") != etag {
		t.Errorf("the old key set: got %d, Cache-Control %q, ETag %q", set.status, set.header.Get("Cache-Control"), set.header.Get("ETag"))
	}

	_, err := storagetest.SQL(t, b.databaseURL).ExecContext(t.Context(), "ALTER TABLE broken_keys RENAME TO keys")
	must(t, err)
	late.poll(t)
	late.knows(t, token)
	if set := b.send(t, "GET", late.root+pathJWKS, nil, with("If-None-Match", etag)); set.status != http.StatusOK {
		t.Errorf("the new key set: got %d, want another one", set.status)
	}
}

// TestOtherAlgorithms runs the cases of JWTs with RS256 and EdDSA.
func TestOtherAlgorithms(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{vault.RS256, vault.EdDSA} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			databaseURL := storagetest.URL(t, storagetest.SQLite)
			db, err := storage.Open(t.Context(), storage.Config{URL: databaseURL, Logger: slog.New(slog.DiscardHandler)})
			must(t, err)
			openVault(t, db, vault.Config{Now: newClock().Now, SigningAlgorithm: algorithm})
			must(t, db.Close())
			b := newBedOn(t, databaseURL, registry.FormatJWT, "")
			if b.signingKey.Algorithm != algorithm {
				t.Fatalf("signs with %s", b.signingKey.Algorithm)
			}
			for _, cases := range [][]blackBoxCase{jwtFormatCases, jwtCases} {
				for _, c := range cases {
					if !strings.HasPrefix(c.name, "J06") { // it takes a bed of its own
						t.Run(c.name, func(t *testing.T) { c.run(t, b) })
					}
				}
			}
			b.active(t, b.server, b.issue(t, b.reader).AccessToken)
		})
	}
}
