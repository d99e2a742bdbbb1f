package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keywright/internal/testpg"
	"keywright/storage/storagetest"
)

// TestKeyRotation rotates the keys of access tokens of two servers under load.
// Each server recognises what the other issues, and so does a resource server
// that keeps the published keys. That the keys are published long before their
// use is where the test helps out: it dates them back, once both publish them
// and the resource server's copy has run out.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	rounds := 3
	if soak {
		rounds = 20
	}
	databaseURL := testpg.New(t)
	environ := environment(databaseURL)
	s := tenant(t, environ, "bootstrap", "--organization", "Acme", "--email", "owner@acme.example", "--json")
	servers := []*process{start(t, environ), start(t, environ)}
	s.process, s.t, s.caller = servers[0], t, s.installation.caller()
	s.owner, s.who = s.signIn(s.email, s.password), bearer(s.adminToken)
	s.resourceServer = s.newClient(t, map[string]any{"name": "Observer", "introspects": []string{"*"}})

	l := &rotationLoad{t: t, s: s, servers: servers, clients: s.newClients(t, 2)}
	l.fetchKeys()
	var working sync.WaitGroup
	defer working.Wait()
	defer l.over.Store(true)
	for i := range servers {
		working.Go(func() {
			for !l.over.Load() && !t.Failed() {
				l.round(i)
			}
		})
	}
	database := storagetest.SQL(t, databaseURL)
	later := func(statement string) {
		t.Helper()
		if _, err := database.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	later("UPDATE keys SET active_from = now() WHERE purpose = 'token' AND active_from > now()") // a day later
	for round := range rounds {
		next := l.keyID("next")
		l.await("both servers publish "+next, func() bool {
			return slices.IndexFunc(servers, func(p *process) bool { return !strings.Contains(l.published(p), next) }) < 0
		})
		l.fetchKeys()
		later("UPDATE keys SET created_at = created_at - interval '1 hour' WHERE purpose = 'signing'")
		s.process = servers[round%2]
		if took := s.as(s.owner).do("POST", "/v1/signing-keys/rotate", nil); took.text("id") != next || took.text("state") != "active" {
			t.Fatalf("round %d: got %v, want %s active", round, took, next)
		}
		l.await("both servers sign with "+next, func() bool { return l.seen(0) == next && l.seen(1) == next })
		l.await("a new key stands next", func() bool { return l.keyID("next") != "" })
	}
}

// rotationLoad issues tokens at two servers and shows each to the other.
type rotationLoad struct {
	t       *testing.T
	s       *scene
	servers []*process
	clients []credential // the first gets JWTs, the second opaque tokens
	over    atomic.Bool

	mu   sync.Mutex
	keys jose.JSONWebKeySet // the resource server's copy
	kids [2]string          // of the last JWT of each server
}

func (l *rotationLoad) caller(i int) caller {
	return caller{http: &http.Client{Transport: &http.Transport{}, Timeout: patience}, base: func() string { return l.servers[i].public }}
}

// round issues a token of each format at a server.
func (l *rotationLoad) round(i int) {
	here, there := l.caller(i), l.caller(1-i)
	defer here.http.CloseIdleConnections()
	defer there.http.CloseIdleConnections()
	for range 20 {
		for _, c := range l.clients {
			a, err := here.token(c)
			raw, _ := a.object()["access_token"].(string)
			if err != nil || raw == "" {
				l.t.Errorf("token: %s, %v", a, err)
				return
			}
			if a, err := there.introspect(l.s.resourceServer, raw); err != nil || a.object()["active"] != true {
				l.t.Errorf("the other server: %s, %v", a, err)
				return
			}
			if !strings.HasPrefix(raw, "kwa_") {
				l.verify(i, raw)
			}
		}
	}
}

func (l *rotationLoad) verify(i int, raw string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err == nil {
		l.kids[i] = token.Signatures[0].Protected.KeyID
		_, err = token.Verify(l.keys)
	}
	if err != nil {
		l.t.Errorf("the resource server's copy of the keys: %v", err)
	}
}

func (l *rotationLoad) seen(i int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kids[i]
}

// fetchKeys renews the resource server's copy of the keys.
func (l *rotationLoad) fetchKeys() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys = jose.JSONWebKeySet{}
	if err := json.Unmarshal([]byte(l.published(l.servers[0])), &l.keys); err != nil {
		l.t.Fatal(err)
	}
}

func (l *rotationLoad) published(p *process) string {
	l.t.Helper()
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, p.public+"/.well-known/jwks.json", nil)
	if err != nil {
		l.t.Fatal(err)
	}
	a, err := send(http.DefaultClient, req)
	if err != nil || a.status != http.StatusOK {
		l.t.Fatalf("the published keys: %s, %v", a, err)
	}
	return a.body
}

// keyID is the id of the key in that state, or empty.
func (l *rotationLoad) keyID(state string) string {
	l.t.Helper()
	var found struct{ Items []struct{ ID, State string } }
	if err := json.Unmarshal([]byte(l.s.ask("GET", "/v1/signing-keys", nil).body), &found); err != nil {
		l.t.Fatal(err)
	}
	for _, k := range found.Items {
		if k.State == state {
			return k.ID
		}
	}
	return ""
}

func (l *rotationLoad) await(what string, happened func() bool) {
	l.t.Helper()
	deadline := time.Now().Add(patience)
	for !happened() {
		if l.t.Failed() || time.Now().After(deadline) {
			l.t.Fatalf("waiting until %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
