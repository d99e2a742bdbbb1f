package main

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestSIGTERM stops the server under load. Every request that reached it is
// answered in full, and every token is in the usage count afterwards.
func TestSIGTERM(t *testing.T) {
	t.Parallel()
	rounds := 2
	if soak {
		rounds = 30
	}
	onEachDatabase(t, func(t *testing.T, url string) {
		in := install(t, environment(url, "KEYWRIGHT_STOP_DELAY=300ms"))
		client := in.newClient(t, map[string]any{"name": "Busy", "tokenFormat": "opaque"})
		var issued atomic.Int64
		for range rounds {
			loadUntilGone(t, in, client, &issued)
			in.restart(t)
			got := in.admin(t, "GET", "/v1/clients/"+client.ID, nil, http.StatusOK)["usageCount"]
			if want := float64(issued.Load()); got != want {
				t.Errorf("usageCount is %v, want %v", got, want)
			}
			if t.Failed() {
				return
			}
		}
	})
}

// loadUntilGone stops the server while callers fetch tokens, until no new
// connection can be had.
func loadUntilGone(t *testing.T, in *installation, client credential, issued *atomic.Int64) {
	t.Helper()
	var working sync.WaitGroup
	enough := make(chan struct{})
	var once sync.Once
	for i := range 8 {
		working.Go(func() {
			c := in.caller()
			// Some keep their connections, some open a new one each time.
			c.http.Transport.(*http.Transport).DisableKeepAlives = i%4 == 3
			for n := 0; ; n++ {
				a, err := c.token(client)
				switch {
				case errors.Is(err, syscall.ECONNREFUSED):
					return
				case err != nil:
					t.Errorf("a request was dropped: %v", err)
					return
				case a.status != http.StatusOK:
					t.Errorf("token: %s", a)
					return
				}
				issued.Add(1)
				if n == 20 {
					once.Do(func() { close(enough) })
				}
			}
		})
	}
	select {
	case <-enough:
	case <-time.After(patience):
		t.Errorf("no load within %s", patience)
	}
	code, err := in.Stop()
	if err != nil || code != exitDone {
		t.Errorf("ended with %d, %v:\n%s", code, err, in.Log)
	}
	working.Wait()
}
