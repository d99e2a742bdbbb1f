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
	for name, revocation := range map[string]func(t *testing.T, f *fleet) (ask func(*caller, *replica) bool, end func()){
		"client": clientRevocation, "access token": accessTokenRevocation, "API token": apiTokenRevocation,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range rounds {
				ask, end := revocation(t, f)
				pollWhile(t, f, ask, end)
			}
		})
	}
	t.Cleanup(func() {
		if f.at(1).hits(t) == 0 {
			t.Error("nothing was answered from memory: nothing was shown")
		}
	})
}

// pollers ask at once, and each asks so often once the end has returned.
const (
	pollers   = 4
	afterward = 10
)

// pollWhile calls end while others ask.
func pollWhile(t *testing.T, f *fleet, ask func(*caller, *replica) bool, end func()) {
	t.Helper()
	var ended atomic.Bool
	var asking, told sync.WaitGroup
	told.Add(pollers)
	for i := range pollers {
		c := newCaller(f, patience)
		if i%2 == 1 {
			c = forgetful(f, patience)
		}
		asking.Go(func() {
			defer c.http.CloseIdleConnections()
			if !ask(c, f.at(1)) {
				t.Error("no before the end")
			}
			told.Done()
			for after := 0; after < afterward; {
				was := ended.Load()
				good := ask(c, f.at(1))
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
	end()
	ended.Store(true)
	asking.Wait()
}

func clientRevocation(t *testing.T, f *fleet) (ask func(*caller, *replica) bool, end func()) {
	t.Helper()
	client, token := newClient(t, f)
	return func(c *caller, at *replica) bool {
			_, active, _ := c.introspect(at, token, false)
			a, _ := c.verify(at, token, false)
			b, _, _ := c.issue(at, client, false)
			return active || a.status == http.StatusOK || b.status == http.StatusOK
		}, func() {
			newCaller(f, patience).mustChange(t, f.at(0), "POST", "/v1/clients/"+client.id+"/revoke", nil)
		}
}

func accessTokenRevocation(t *testing.T, f *fleet) (ask func(*caller, *replica) bool, end func()) {
	t.Helper()
	client, token := newClient(t, f)
	return func(c *caller, at *replica) bool {
			_, active, _ := c.introspect(at, token, false)
			a, _ := c.verify(at, token, false)
			return active || a.status == http.StatusOK
		}, func() {
			if a := newCaller(f, patience).revoke(f.at(0), client, token); a.status != http.StatusOK {
				t.Errorf("revoke: %d %s", a.status, a.body)
			}
		}
}

func apiTokenRevocation(t *testing.T, f *fleet) (ask func(*caller, *replica) bool, end func()) {
	t.Helper()
	made := newCaller(f, patience).mustChange(t, f.at(0), "POST", "/v1/tokens", map[string]any{
		"name": "Polled", "scopes": scopeRead.names(), "permissions": []string{"read"},
	})
	return func(c *caller, at *replica) bool {
			_, active, _ := c.introspect(at, made.Token, false)
			a, _ := c.verify(at, made.Token, false)
			return active || a.status == http.StatusOK
		}, func() {
			newCaller(f, patience).mustChange(t, f.at(0), "POST", "/v1/tokens/"+made.ID+"/revoke", nil)
		}
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
