package historytest

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"keywright/internal/testpg"
	"keywright/internal/testserver"
)

const api = "https://api.example.com/documents"

// fleet is an organization on one Postgres with an API, the client of its
// resource server, and the replicas that serve it.
type fleet struct {
	t              *testing.T
	program        string
	database       string // its URL, past the proxies
	adminToken     string
	resourceServer basic

	mu       sync.Mutex
	replicas []*replica
}

// basic is how a client authenticates.
type basic struct{ id, secret string }

// newFleet makes an organization and starts that many replicas.
func newFleet(t *testing.T, replicas int) *fleet {
	t.Helper()
	program, err := testserver.Program()
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, program: program, database: testpg.New(t)}
	var made struct{ AdminToken string }
	out := testserver.Command(t, f.program, testserver.Environment(f.database),
		"bootstrap", "--organization", "Acme", "--email", "owner@example.com", "--json")
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	f.adminToken = made.AdminToken
	for range replicas {
		f.join()
	}
	c := newCaller(f, patience)
	c.mustChange(t, f.at(0), "POST", "/v1/apis", map[string]any{
		"identifier": api, "name": "Documents", "scopes": []string{"documents:read", "documents:write"},
	})
	server := c.mustChange(t, f.at(0), "POST", "/v1/clients", map[string]any{"name": "Resource server", "introspects": []string{api}})
	f.resourceServer = basic{server.ClientID, server.ClientSecret}
	return f
}

// join adds a replica, with those settings beside the usual ones.
func (f *fleet) join(settings ...string) {
	f.t.Helper()
	r := &replica{program: f.program, proxy: testpg.NewProxy(f.t, f.database), settings: settings}
	r.start(f.t)
	f.mu.Lock()
	defer f.mu.Unlock()
	r.name = fmt.Sprint("replica ", len(f.replicas))
	f.replicas = append(f.replicas, r)
}

func (f *fleet) all() []*replica {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.replicas[:len(f.replicas):len(f.replicas)]
}

func (f *fleet) at(i int) *replica { return f.all()[i] }

// replica is one server, behind a network of its own to Postgres.
type replica struct {
	name     string
	program  string
	proxy    *testpg.Proxy
	settings []string

	// changing is held for reading by who changes something through it.
	changing sync.RWMutex

	mu      sync.Mutex
	process *testserver.Process
}

// start starts the replica, for the first time or again.
func (r *replica) start(t *testing.T) {
	t.Helper()
	p := testserver.Start(t, r.program, testserver.Environment(r.proxy.URL(), append([]string{
		"KEYWRIGHT_DATABASE_POOL=8",
		"KEYWRIGHT_TRUSTED_PROXIES=127.0.0.1",
	}, r.settings...)...))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.process = p
}

func (r *replica) running() *testserver.Process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.process
}
