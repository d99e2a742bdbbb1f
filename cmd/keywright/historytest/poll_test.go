package historytest

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// TestRevokedElsewhere revokes at one replica what others ask for at another
// as fast as they can, each on a connection of its own. None that begins to ask
// after the revocation has returned is told yes.
func TestRevokedElsewhere(t *testing.T) {
	t.Parallel()
	rounds := 5
	if soak {
		rounds = 200
	}
	f := newFleet(t, 2)
	f.awaitCopies()
	for name, revoke := range revocations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range rounds {
				pollWhile(t, revoke(t, f), f.at(0), f.at(1))
			}
		})
	}
	t.Cleanup(func() {
		if f.at(1).hits(t) == 0 {
			t.Error("nothing was answered from memory: nothing was shown")
		}
	})
}

// TestBesideOneThatRemembersNothing revokes at a replica that remembers nothing
// what others ask for at one that does, and the other way round.
func TestBesideOneThatRemembersNothing(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1)
	f.awaitCopies()
	f.join("KEYWRIGHT_CACHE_SIZE=0")
	remembering, forgetting := f.at(0), f.at(1)
	for name, revoke := range revocations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pollWhile(t, revoke(t, f), forgetting, remembering)
			pollWhile(t, revoke(t, f), remembering, forgetting)
		})
	}
	t.Cleanup(func() {
		if remembering.hits(t) == 0 || forgetting.hits(t) != 0 {
			t.Errorf("the one that remembers answered %g times from memory, the other %g times", remembering.hits(t), forgetting.hits(t))
		}
	})
}

// revocation is something that is good, at any replica, until it ends at one.
type revocation struct {
	fleet *fleet
	ask   func(*caller, *replica) (good bool)
	end   func(*replica)
}

// revocations make something of each kind.
var revocations = map[string]func(t *testing.T, f *fleet) revocation{
	"client": clientRevocation, "access token": accessTokenRevocation, "API token": apiTokenRevocation,
}

// pollers ask at once, and each asks so often once the end has returned.
const (
	pollers   = 4
	afterward = 10
)

// pollWhile revokes at one replica while others ask at another.
func pollWhile(t *testing.T, r revocation, at, elsewhere *replica) {
	t.Helper()
	var ended atomic.Bool
	var asking, told sync.WaitGroup
	told.Add(pollers)
	for i := range pollers {
		c := newCaller(r.fleet, patience)
		if i%2 == 1 {
			c = forgetful(r.fleet, patience)
		}
		asking.Go(func() {
			defer c.http.CloseIdleConnections()
			if !r.ask(c, elsewhere) {
				t.Error("no before the end")
			}
			told.Done()
			for after := 0; after < afterward; {
				was := ended.Load()
				good := r.ask(c, elsewhere)
				if was && good {
					t.Error("yes after the end has returned")
					return
				}
				if was {
					after++
				}
			}
		})
	}
	told.Wait()
	r.end(at)
	ended.Store(true)
	asking.Wait()
}

func clientRevocation(t *testing.T, f *fleet) revocation {
	t.Helper()
	client, token := newClient(t, f)
	return revocation{f, func(c *caller, at *replica) bool {
		_, active, _ := c.introspect(at, token, false)
		a, _ := c.verify(at, token, false)
		b, _, _ := c.issue(at, client, false)
		return active || a.status == http.StatusOK || b.status == http.StatusOK
	}, func(at *replica) {
		newCaller(f, patience).mustChange(t, at, "POST", "/v1/clients/"+client.id+"/revoke", nil)
	}}
}

func accessTokenRevocation(t *testing.T, f *fleet) revocation {
	t.Helper()
	client, token := newClient(t, f)
	return revocation{f, func(c *caller, at *replica) bool {
		_, active, _ := c.introspect(at, token, false)
		a, _ := c.verify(at, token, false)
		return active || a.status == http.StatusOK
	}, func(at *replica) {
		if a := newCaller(f, patience).revoke(at, client, token); a.status != http.StatusOK {
			t.Errorf("revoke: %d %s", a.status, a.body)
		}
	}}
}

func apiTokenRevocation(t *testing.T, f *fleet) revocation {
	t.Helper()
	made := newCaller(f, patience).mustChange(t, f.at(0), "POST", "/v1/tokens", map[string]any{
		"name": "Polled", "scopes": scopeRead.names(), "permissions": []string{"read"},
	})
	return revocation{f, func(c *caller, at *replica) bool {
		_, active, _ := c.introspect(at, made.Token, false)
		a, _ := c.verify(at, made.Token, false)
		return active || a.status == http.StatusOK
	}, func(at *replica) {
		newCaller(f, patience).mustChange(t, at, "POST", "/v1/tokens/"+made.ID+"/revoke", nil)
	}}
}

// newClient makes a client and has a token issued to it.
func newClient(t *testing.T, f *fleet) (basic, string) {
	t.Helper()
	c := newCaller(f, patience)
	made := c.mustChange(t, f.at(0), "POST", "/v1/clients", map[string]any{"name": "Polled", "scopes": scopeRead.names()})
	client := basic{made.ClientID, made.ClientSecret}
	a, token, _ := c.issue(f.at(0), client, false)
	if token == "" {
		t.Fatalf("no token: %d %s", a.status, a.body)
	}
	return client, token
}
