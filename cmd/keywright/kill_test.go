package main

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// handedOut are tokens that a caller has in hand, and what it knows of them.
type handedOut struct {
	mu      sync.Mutex
	good    []string
	revoked []string // the revocation was answered
}

func (h *handedOut) add(list *[]string, token string) (total int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*list = append(*list, token)
	return len(h.good) + len(h.revoked)
}

// TestKill kills the server while clients fetch and revoke tokens. After a
// restart every token that was handed out is active, unless its revocation was
// answered: then it is not.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 3
	if soak {
		rounds = 50
	}
	onEachDatabase(t, func(t *testing.T, url string) {
		in := install(t, environment(url))
		clients := in.newClients(t, 8)
		var all handedOut
		fastest := patience
		for round := range rounds {
			fetchUntilKilled(t, in, clients, &all, 120)
			restarted := time.Now()
			in.restart(t)
			ready := in.awaitReady(t)
			fastest = min(fastest, ready.Sub(restarted))
			if t.Failed() {
				t.Fatalf("in round %d", round)
			}
		}
		if limit := 2 * time.Second; fastest > limit {
			t.Errorf("ready again after %s at best, want less than %s", fastest, limit)
		}
		c := in.caller()
		for _, token := range all.good {
			if !in.active(t, c, token) {
				t.Error("a token that was handed out is not active")
			}
		}
		for _, token := range all.revoked {
			if in.active(t, c, token) {
				t.Error("a token whose revocation was answered is active")
			}
		}
		if len(all.good) == 0 || len(all.revoked) == 0 {
			t.Errorf("%d tokens good and %d revoked: nothing was shown", len(all.good), len(all.revoked))
		}
	})
}

// fetchUntilKilled lets each client fetch tokens, and revoke every fourth,
// until that many more were handed out, and then kills the server under them.
func fetchUntilKilled(t *testing.T, in *installation, clients []credential, all *handedOut, more int) {
	t.Helper()
	all.mu.Lock()
	enough := len(all.good) + len(all.revoked) + more
	all.mu.Unlock()
	reached := make(chan struct{})
	var once sync.Once
	var working sync.WaitGroup
	for _, client := range clients {
		working.Go(func() {
			c := in.caller()
			for i := 0; ; i++ {
				a, err := c.token(client)
				if err != nil {
					return // killed
				}
				token, _ := a.object()["access_token"].(string)
				if a.status != http.StatusOK || token == "" {
					t.Errorf("token: %s", a)
					once.Do(func() { close(reached) })
					return
				}
				list := &all.good
				if i%4 == 3 {
					a, err := c.revoke(client, token)
					if err != nil {
						return // killed before the answer: it may be either
					}
					if a.status != http.StatusOK {
						t.Errorf("revoke: %s", a)
					}
					list = &all.revoked
				}
				if all.add(list, token) >= enough {
					once.Do(func() { close(reached) })
				}
			}
		})
	}
	select {
	case <-reached:
	case <-time.After(patience):
		t.Errorf("%d tokens were not handed out within %s", more, patience)
	}
	in.Kill()
	working.Wait()
}

// awaitReady waits until /readyz says yes.
func (in *installation) awaitReady(t *testing.T) time.Time {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		res, err := http.Get(in.metrics + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return time.Now()
		}
	}
	t.Fatalf("not ready after %s", patience)
	return time.Time{}
}
