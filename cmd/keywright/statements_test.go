package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"keywright/registry"
	"keywright/storage/storagetest"
)

// TestNoStatementPerRequest sends each kind of request again and again and
// listens at the driver of the database: once warm, none says anything to it,
// but for the one row by which a client assertion cannot be used twice. What the
// server says beside the requests is no more than time accounts for.
func TestNoStatementPerRequest(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		const rounds = 200
		var heard statements
		s := newKeyedServer(t, url, heard.add)
		s.settle(t)
		for _, r := range s.requests(t) {
			heard.wantNone(t, r, rounds)
		}
		heard.wantBackground(t)
	})
}

// wantNone sends a request until so many of them in a row said nothing to the
// database. On a busy machine a replica may lose its lease for a moment and
// read; what a request causes by itself is heard each time.
func (h *statements) wantNone(t *testing.T, r repeated, rounds int) {
	t.Helper()
	const attempts = 5
	for attempt := 1; ; attempt++ {
		r.mustSend(t) // what is asked for again is in memory from here on
		h.begin()
		for range rounds {
			r.mustSend(t)
		}
		got := h.end()
		if got.inserts == r.inserts*rounds && len(got.others) == 0 && got.background <= got.byTime() {
			return
		}
		if attempt < attempts {
			continue
		}
		t.Errorf("%s: %d used assertions were inserted in %d requests, want %d for each", r.name, got.inserts, rounds, r.inserts)
		t.Errorf("%s: %d statements came beside %d requests in %s, want %d at most", r.name, got.background, rounds, got.took, got.byTime())
		for statement, times := range got.others {
			t.Errorf("%s: %d times in %d requests: %.500s", r.name, times, rounds, statement)
		}
		return
	}
}

// statements are those that were heard while listening.
type statements struct {
	mu        sync.Mutex
	listening bool
	began     time.Time
	heard     heard
}

// heard is what was heard in a while.
type heard struct {
	took       time.Duration
	others     map[string]int // how often each that is not known
	inserts    int            // of used assertions
	background int
}

// byTime is how many statements may come by themselves in that time. A replica
// alone says some 20 a second; now and then much else is due at once.
func (h heard) byTime() int { return 50 + int(25*h.took.Seconds()) }

// inBackground are the statements that come by time and by no request: the keys
// are read, usage is written and looked over, credentials are counted, and
// what is old is pruned.
var inBackground = regexp.MustCompile(`^(BEGIN|COMMIT|ROLLBACK|SET LOCAL .*)$|` +
	`^SELECT .* FROM "keys" |` +
	`^SELECT w\.[^(]* FROM \(SELECT d\.\*, CASE WHEN d\.rotation |` + // what is due
	`^SELECT w\.kind, w\.warning, count\(\*\) |` +
	`\busage_(batches|totals|buckets|networks|marks|sums)\b|` +
	`^DELETE FROM "?(denied_tokens|feed|keyed_requests|used_assertions)\b`)

func (h *statements) add(statement string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := strings.TrimSpace(statement)
	switch {
	case !h.listening:
	case storagetest.OfReplicas(text) || inBackground.MatchString(text):
		h.heard.background++
	case strings.HasPrefix(text, `INSERT INTO "used_assertions"`):
		h.heard.inserts++
	default:
		h.heard.others[text]++
	}
}

func (h *statements) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listening, h.began, h.heard = true, time.Now(), heard{others: map[string]int{}}
}

// end tells what was heard, and listens no longer.
func (h *statements) end() heard {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.listening, h.heard.took = false, time.Since(h.began)
	return h.heard
}

// wantBackground waits until something is heard: the replica follows the feed.
func (h *statements) wantBackground(t *testing.T) {
	t.Helper()
	h.begin()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		h.mu.Lock()
		background := h.heard.background
		h.mu.Unlock()
		if background > 0 {
			return
		}
	}
	t.Error("no statement was heard at all: nothing was shown")
}

// keyedServer is a server with one more client, which has a key.
type keyedServer struct {
	*benchServer
	key   jose.Signer
	keyed string
}

func newKeyedServer(t *testing.T, databaseURL string, heard func(statement string)) *keyedServer {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := jose.JSONWebKey{Key: private, KeyID: "one", Algorithm: string(jose.ES256)}
	public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}})
	if err != nil {
		t.Fatal(err)
	}
	s := &keyedServer{benchServer: &benchServer{databaseURL: databaseURL, clients: map[string]credential{}}}
	s.start(t, heard, func(ctx context.Context, service *registry.Service) error {
		if err := s.fill(ctx, service); err != nil {
			return err
		}
		made, err := service.CreateOrganization(ctx, operator(""), registry.OrganizationInput{Name: "Keyed", Email: "keyed@example.com"})
		if err != nil {
			return err
		}
		actor := operator(made.Organization.ID)
		if _, err := service.CreateAPI(ctx, actor, registry.APIInput{Identifier: "https://keyed.example.com", Name: "Keyed", Scopes: []string{"read"}}); err != nil {
			return err
		}
		client, _, err := service.CreateClient(ctx, actor, registry.ClientInput{
			Name: "Keyed", AuthMethod: registry.AuthPrivateKeyJWT, JWKS: public, Scopes: []string{"read"},
		})
		s.keyed = client.ID
		return err
	})
	if s.key, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// assert makes a client assertion (RFC 7523 §3), a new one each time.
func (s *keyedServer) assert(t *testing.T) string {
	t.Helper()
	assertion, err := jwt.Signed(s.key).Claims(jwt.Claims{
		Issuer: s.keyed, Subject: s.keyed, Audience: jwt.Audience{"http://127.0.0.1:8080"}, ID: rand.Text(),
		Expiry: jwt.NewNumericDate(time.Now().Add(time.Minute)),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return assertion
}

// repeated is a request that is sent again and again.
type repeated struct {
	name    string
	send    func() (answer, error)
	want    []int // statuses
	inserts int   // of used assertions, for each
}

func (r repeated) mustSend(t *testing.T) {
	t.Helper()
	if a, err := r.send(); err != nil || !slices.Contains(r.want, a.status) {
		t.Fatalf("%s: %s, %v", r.name, a, err)
	}
}

func (s *keyedServer) requests(t *testing.T) []repeated {
	t.Helper()
	c := caller{http: &http.Client{Transport: &http.Transport{}, Timeout: patience}, base: func() string { return "http://" + s.address }}
	ok, refused := []int{http.StatusOK}, []int{http.StatusUnauthorized, http.StatusTooManyRequests}
	token := func(as credential) func() (answer, error) { return func() (answer, error) { return c.token(as) } }
	opaque, signed := s.clients[registry.FormatOpaque], s.clients[registry.FormatJWT]
	id, err := registry.NewID(rand.Reader, registry.PrefixClient)
	if err != nil {
		t.Fatal(err)
	}
	all := []repeated{
		{"issue opaque", token(opaque), ok, 0},
		{"issue JWT", token(signed), ok, 0},
		{"issue to an unknown client", token(credential{id, opaque.Secret}), refused, 0},
		{"issue with a wrong secret", token(credential{opaque.ID, signed.Secret}), refused, 0},
		{"issue for an assertion", func() (answer, error) {
			return c.postPlain("/oauth2/token", url.Values{
				"grant_type": {"client_credentials"}, "client_assertion": {s.assert(t)},
				"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			})
		}, ok, 1},
	}
	unknown, err := registry.NewSecretText(rand.Reader, registry.PrefixAPITokenValue)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"opaque": s.issued(t, c, opaque), "JWT": s.issued(t, c, signed), "API token": s.apiToken, "unknown API token": unknown.Reveal(),
	} {
		verified := ok
		if name == "unknown API token" {
			verified = refused
		}
		all = append(all,
			repeated{"introspect " + name, func() (answer, error) { return c.introspect(s.resourceServer, value) }, ok, 0},
			repeated{"verify " + name, func() (answer, error) { return c.verify(value) }, verified, 0})
	}
	return all
}

func (s *keyedServer) issued(t *testing.T, c caller, as credential) string {
	t.Helper()
	a, err := c.token(as)
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("token: %s, %v", a, err)
	}
	return a.object()["access_token"].(string)
}

// postPlain sends a form without a header of authentication.
func (c caller) postPlain(path string, form url.Values) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, c.base()+path, strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return send(c.http, req)
}

// verify asks what a gateway asks.
func (c caller) verify(token string) (answer, error) {
	req, err := http.NewRequest(http.MethodGet, fmt.Sprintf("%s/verify?audience=%s", c.base(), url.QueryEscape(testAPI)), nil)
	if err != nil {
		return answer{}, err
	}
	bearer(token)(req)
	return send(c.http, req)
}
