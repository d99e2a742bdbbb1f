package main

import (
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keywright/internal/testpg"
)

// TestDatabaseStopped takes Postgres away under load. Until it is back every
// endpoint answers 503 with Retry-After or the truth, and then everything
// works again without a restart.
func TestDatabaseStopped(t *testing.T) {
	t.Parallel()
	pg := testpg.Start(t)
	in := install(t, environment(pg.New(t)))
	clients := in.newClients(t, 2)
	rounds := 2
	if soak {
		rounds = 10
	}

	l := &outage{t: t, in: in, good: map[string]int{}, away: map[string]int{}}
	var working sync.WaitGroup
	defer working.Wait()
	defer l.over.Store(true)
	for i := range 6 {
		working.Go(func() {
			c, client := in.caller(), clients[i%len(clients)]
			for !l.over.Load() {
				l.round(c, client)
			}
		})
	}
	for round := range rounds {
		l.await("every endpoint works", func(good, _ int) bool { return good >= 5 })
		if round%2 == 0 {
			pg.Kill(t)
		} else {
			pg.Stop(t)
		}
		l.await("every endpoint says that it cannot", func(_, away int) bool { return away >= 5 })
		pg.Restart(t)
		back := time.Now()
		l.await("every endpoint works again", func(good, _ int) bool { return good >= 5 })
		if took, limit := time.Since(back), 5*time.Second; took > limit {
			t.Errorf("back after %s, want less than %s", took, limit)
		}
	}
}

// outage counts good and 503 answers by endpoint since the last await.
type outage struct {
	t  *testing.T
	in *installation

	mu         sync.Mutex
	good, away map[string]int
	over       atomic.Bool // the test is at its end, or has failed
}

func (o *outage) fail(format string, args ...any) {
	if !o.over.Swap(true) {
		o.t.Errorf(format, args...)
	}
}

// note counts an answer, and tells whether it is good: status and check hold.
// One that is neither good nor 503 in the right form fails the test.
func (o *outage) note(endpoint string, a answer, err error, right bool) bool {
	if err != nil {
		o.fail("%s: %v", endpoint, err)
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case a.unavailable():
		o.away[endpoint]++
		return false
	case right:
		o.good[endpoint]++
		return true
	}
	o.fail("%s: a false answer: %s", endpoint, a)
	return false
}

// round gets a token, asks about it, takes it back and asks again; and tries a
// wrong secret.
func (o *outage) round(c caller, client credential) {
	wrong, err := c.token(credential{client.ID, client.Secret[:len(client.Secret)-1] + "x"})
	if err == nil && !wrong.unavailable() && wrong.status != http.StatusUnauthorized && !wrong.slowedDown() {
		o.fail("a wrong secret: %s", wrong)
	}
	a, err := c.token(client)
	token, _ := a.object()["access_token"].(string)
	if !o.note("token", a, err, a.status == http.StatusOK && token != "") {
		return
	}
	a, err = c.introspect(o.in.resourceServer, token)
	o.note("introspect", a, err, a.status == http.StatusOK && a.object()["active"] == true)

	a, err = c.revoke(client, token)
	if !o.note("revoke", a, err, a.status == http.StatusOK && a.body == "") {
		return // whether it is revoked is not known
	}
	a, err = c.introspect(o.in.resourceServer, token)
	o.note("introspect", a, err, a.status == http.StatusOK && a.object()["active"] == false)
}

// await waits until enough holds for each endpoint, counted from now. While
// the database is away no token can be had, so that introspection and
// revocation are tried with an older one.
func (o *outage) await(what string, enough func(good, away int) bool) {
	o.t.Helper()
	o.mu.Lock()
	clear(o.good)
	clear(o.away)
	o.mu.Unlock()
	c := o.in.caller()
	for deadline := time.Now().Add(patience); ; {
		a, err := c.introspect(o.in.resourceServer, "kwa_nothing")
		o.note("introspect", a, err, a.status == http.StatusOK && a.object()["active"] == false)
		a, err = c.revoke(o.in.resourceServer, "kwa_nothing")
		o.note("revoke", a, err, a.status == http.StatusOK)

		o.mu.Lock()
		done := true
		for _, endpoint := range []string{"token", "introspect", "revoke"} {
			done = done && enough(o.good[endpoint], o.away[endpoint])
		}
		good, away := maps.Clone(o.good), maps.Clone(o.away)
		o.mu.Unlock()
		if done {
			return
		}
		if o.over.Load() || time.Now().After(deadline) {
			o.t.Fatalf("waiting until %s: good %v, unavailable %v", what, good, away)
		}
	}
}
