package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keywright/registry"
)

// TestGuessesUnderLoad is E11: guesses from several addresses at clients that
// exist and clients that do not, while good clients work, some of them for the
// first time. 2000 guesses a database, 10⁵ in a soak run.
func TestGuessesUnderLoad(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		in := install(t, environment(url, "KEYWRIGHT_TRUSTED_PROXIES=127.0.0.1/32"))
		g := &guessing{t: t, in: in, clients: in.newClients(t, 6), begun: make(chan struct{})}
		g.left.Store(2000)
		if soak {
			g.left.Store(100_000)
		}
		known := in.caller()
		g.work(known, g.clients[0])
		g.work(known, g.clients[1])
		var guessers, workers sync.WaitGroup
		for range 8 {
			guessers.Go(g.guess)
		}
		for _, client := range g.clients { // those that are not known yet come into the midst of it
			workers.Go(func() {
				<-g.begun
				c := in.caller()
				for g.work(c, client); g.left.Load() > 0 && !t.Failed(); {
					g.work(c, client)
				}
			})
		}
		guessers.Wait()
		workers.Wait()
		t.Logf("%d guesses answered 401, %d 429; %d tokens issued meanwhile", g.refused.Load(), g.slowed.Load(), g.issued.Load())
		if g.refused.Load() == 0 || g.slowed.Load() == 0 {
			t.Error("the limits were not reached, or from the start")
		}
		g.awaitRefill()
	})
}

// guessing is a server under attack.
type guessing struct {
	t       *testing.T
	in      *installation
	clients []credential

	left                    atomic.Int64 // guesses
	refused, slowed, issued atomic.Int64

	begun chan struct{} // closed once guessing is slowed down, or over
	begin sync.Once
}

// guess tries wrong credentials until none is left: of clients that exist and
// of others, such as could be right and such as could not.
func (g *guessing) guess() {
	defer g.begin.Do(func() { close(g.begun) })
	c := g.in.caller()
	for n := g.left.Add(-1); n >= 0 && !g.t.Failed(); n = g.left.Add(-1) {
		wrong := credential{g.clients[n%3].ID, newSecret()}
		if n%2 == 0 {
			wrong.ID, _ = registry.NewID(rand.Reader, registry.PrefixClient)
		}
		if n%5 == 0 {
			wrong.Secret = wrong.Secret[1:]
		}
		from := fmt.Sprintf("192.0.2.%d", n%200)
		if n%4 == 1 { // a program in a loop: its limit is reached by the slowest machine
			wrong.ID, from = g.clients[0].ID, "192.0.2.251"
		}
		a, err := c.tokenFrom(from, wrong)
		if err != nil {
			g.t.Error(err)
			return
		}
		g.note(a)
	}
}

func (g *guessing) note(a answer) {
	switch {
	case a.status == http.StatusUnauthorized && a.object()["error"] == "invalid_client" && a.header.Get("WWW-Authenticate") != "":
		g.refused.Add(1)
	case a.slowedDown():
		g.slowed.Add(1)
		g.begin.Do(func() { close(g.begun) })
	default:
		g.t.Errorf("a guess: %s", a)
	}
}

// slowedDown tells whether the server said so, in the right form.
func (a answer) slowedDown() bool {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	return a.status == http.StatusTooManyRequests && err == nil && seconds > 0 && a.object()["error"] == "temporarily_unavailable"
}

// work gets a token, from an address of the guessers.
func (g *guessing) work(c caller, as credential) {
	a, err := c.tokenFrom("192.0.2.1", as)
	if err != nil || a.status != http.StatusOK {
		g.t.Errorf("a right secret: %s, %v", a, err)
		return
	}
	g.issued.Add(1)
}

// awaitRefill waits until a guess is answered 401 again.
func (g *guessing) awaitRefill() {
	c, wrong := g.in.caller(), credential{g.clients[0].ID, newSecret()}
	for deadline := time.Now().Add(patience); ; {
		a, err := c.tokenFrom("192.0.2.250", wrong)
		if err != nil {
			g.t.Fatal(err)
		}
		if a.status == http.StatusUnauthorized {
			return
		}
		if !a.slowedDown() || time.Now().After(deadline) {
			g.t.Fatalf("the limits do not recover: %s", a)
		}
	}
}

// tokenFrom asks for a token, as a caller at that address behind a proxy.
func (c caller) tokenFrom(address string, as credential) (answer, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	req, err := http.NewRequest("POST", c.base()+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Forwarded-For", address)
	req.SetBasicAuth(as.ID, as.Secret)
	return send(c.http, req)
}

// newSecret is a client secret of the right form that nobody has.
func newSecret() string {
	text, err := registry.NewSecretText(rand.Reader, registry.PrefixClientSecret)
	if err != nil {
		panic(err)
	}
	return text.Reveal()
}

// BenchmarkGuess is E12: it asks in turn as a client that does not exist, with
// a wrong secret and as a client that is revoked, with its right one, and
// reports the quantiles of the time that each takes. All are within the limits
// of guessing, or all beyond.
func BenchmarkGuess(b *testing.B) {
	for _, database := range []string{"postgres", "sqlite"} {
		b.Run(database, func(b *testing.B) {
			s := newBenchServer(b, database)
			c := caller{http: &http.Client{Transport: &http.Transport{}}, base: func() string { return "http://" + s.address }}
			unknown, err := registry.NewID(rand.Reader, registry.PrefixClient)
			if err != nil {
				b.Fatal(err)
			}
			names := []string{"unknown", "wrong", "revoked"}
			tried := []credential{{unknown, newSecret()}, {s.clients[registry.FormatJWT].ID, newSecret()}, s.revoked}
			took := make([][]time.Duration, len(tried))
			for n := 0; b.Loop(); n++ {
				i := n % len(tried)
				started := time.Now()
				if a, err := c.token(tried[i]); err != nil || a.status == http.StatusOK {
					b.Fatalf("%s: %s, %v", names[i], a, err)
				}
				took[i] = append(took[i], time.Since(started))
			}
			for i, all := range took {
				sort.Slice(all, func(x, y int) bool { return all[x] < all[y] })
				for _, percent := range []int{10, 50, 90} {
					if len(all) > 0 {
						at := all[len(all)*percent/100]
						b.ReportMetric(float64(at.Nanoseconds())/1000, fmt.Sprintf("%s-p%d-µs", names[i], percent))
					}
				}
			}
		})
	}
}
