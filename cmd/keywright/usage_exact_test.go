package main

import (
	"bufio"
	"database/sql"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"keywright/metrics"
	"keywright/storage/storagetest"
)

// TestSoakUsageIsExact uses credentials through two processes on one Postgres,
// and through one on SQLite. After a graceful stop totals, hourly buckets and
// the sums of the organization are exact.
func TestSoakUsageIsExact(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		in, fleet := installFleet(t, url)
		uses := 10_000
		if len(fleet) == 1 {
			uses = 2000
		}
		if soak {
			uses *= 10
		}
		clients := in.newClients(t, 8)
		answered := useUntil(t, in, fleet, clients, uses/len(clients), nil)
		for _, p := range fleet {
			if code, err := p.Stop(); err != nil || code != exitDone {
				t.Fatalf("ended with %d, %v:\n%s", code, err, p.Log)
			}
		}
		db := storagetest.SQL(t, url)
		want := int64(len(answered))
		if want != int64(uses) {
			t.Fatalf("%d uses were answered, want %d", want, uses)
		}
		const (
			totals  = "SELECT coalesce(sum(uses), 0) FROM usage_totals WHERE kind = "
			buckets = "SELECT coalesce(sum(count), 0) FROM usage_buckets WHERE cause = 0 AND grain = 'hour' AND kind = "
		)
		asAdmin := number(t, db, totals+"'api_token'") // the API token of the test itself
		for query, want := range map[string]int64{
			totals + "'client'": want, totals + "'secret'": want, totals + "'organization'": want + asAdmin,
			buckets + "'client'": want, buckets + "'secret'": want, buckets + "'organization'": want + asAdmin,
		} {
			if got := number(t, db, query); got != want {
				t.Errorf("%s: got %d, want %d", query, got, want)
			}
		}
		in.restart(t)
		for _, client := range clients {
			got := in.admin(t, "GET", "/v1/clients/"+client.ID, nil, http.StatusOK)["usageCount"]
			if got != float64(uses/len(clients)) {
				t.Errorf("usageCount is %v, want %d", got, uses/len(clients))
			}
		}
	})
}

// slackOfFlush is how much longer than an interval a flush may take on a
// machine with much else to do.
const slackOfFlush = 3 * time.Second

// TestKillForgetsOneInterval kills a process under load with SIGKILL. What it
// forgets is at most what it was told since the oldest use that it said, just
// before, not to have written yet; and that use is no older than an interval.
func TestKillForgetsOneInterval(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		in, fleet := installFleet(t, url)
		victim, others := fleet[len(fleet)-1], fleet[:len(fleet)-1]
		clients := in.newClients(t, 8)
		var written time.Time // of the victim's uses, those from before
		var lag time.Duration
		answered := useUntil(t, in, fleet, clients, 500, func() {
			awaitFlush(t, victim)
			asked := time.Now()
			lag = flushLag(t, victim)
			written = asked.Add(-lag)
			victim.Kill()
		})
		for _, p := range others {
			if code, err := p.Stop(); err != nil || code != exitDone {
				t.Fatalf("ended with %d, %v:\n%s", code, err, p.Log)
			}
		}
		if lag > metrics.FlushInterval+slackOfFlush {
			t.Errorf("what waited longest had waited %s, want about %s at most", lag, metrics.FlushInterval)
		}
		db := storagetest.SQL(t, url)
		for _, client := range clients {
			var all, mayBeLost int64
			for _, use := range answered {
				if use.client != client.ID {
					continue
				}
				all++
				if use.by == victim && use.at.After(written) {
					mayBeLost++
				}
			}
			counted := number(t, db, "SELECT coalesce(sum(uses), 0) FROM usage_totals WHERE kind = 'client' AND id = '"+client.ID+"'")
			t.Logf("SIGKILL lost %d of %d uses; %d were answered within its last interval of %s", all-counted, all, mayBeLost, lag)
			// One use may be written whose answer never came.
			if counted < all-mayBeLost || counted > all+1 {
				t.Errorf("%d of %d uses are written, want all but the %d of one interval", counted, all, mayBeLost)
			}
		}
	})
}

// installFleet starts two servers on Postgres, and the one that SQLite allows.
func installFleet(t *testing.T, url string) (*installation, []*process) {
	in := install(t, environment(url))
	fleet := []*process{in.process}
	if strings.HasPrefix(url, "postgres") {
		fleet = append(fleet, start(t, in.environ))
	}
	return in, fleet
}

// use is a token that was handed out.
type use struct {
	client string
	by     *process
	at     time.Time
}

// useUntil lets each client fetch that many tokens, through the servers in
// turn, and returns those it got. Halfway it calls then, if there is one: the
// clients go on until the last server is gone.
func useUntil(t *testing.T, in *installation, fleet []*process, clients []credential, each int, then func()) []use {
	t.Helper()
	var mu sync.Mutex
	var answered []use
	reached := make(chan struct{})
	var working sync.WaitGroup
	for i, client := range clients {
		working.Go(func() {
			callers := make([]caller, len(fleet))
			for i, p := range fleet {
				callers[i] = in.caller()
				callers[i].base = func() string { return p.public }
			}
			for n := 0; n < each || then != nil; n++ {
				server := (i + n) % len(fleet)
				a, err := callers[server].token(client)
				if err != nil && then != nil {
					return // killed
				}
				if err == nil && a.unavailable() { // on a machine with much else to do; nothing was handed out
					n--
					continue
				}
				if err != nil || a.status != http.StatusOK {
					t.Errorf("token: %s, %v", a, err)
					return
				}
				mu.Lock()
				answered = append(answered, use{client.ID, fleet[server], time.Now()})
				if len(answered) == each*len(clients)/2 {
					close(reached)
				}
				mu.Unlock()
			}
		})
	}
	if then != nil {
		select {
		case <-reached:
		case <-time.After(4 * patience):
			t.Errorf("no load within %s", 4*patience)
		}
		then()
	}
	working.Wait()
	return answered
}

func number(t *testing.T, db *sql.DB, query string) (n int64) {
	t.Helper()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitFlush waits until a server under load has written what it was told, so
// that something could be lost that must not be, and was told more since.
func awaitFlush(t *testing.T, p *process) {
	t.Helper()
	flushed, last := false, flushLag(t, p)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		lag := flushLag(t, p)
		flushed = flushed || lag < last
		if flushed && lag > metrics.FlushInterval/2 {
			return
		}
		last = lag
	}
	t.Errorf("%s writes nothing", p.metrics)
}

// flushLag scrapes how old the oldest use is that a server has not written yet.
func flushLag(t *testing.T, p *process) time.Duration {
	t.Helper()
	res, err := http.Get(p.metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "keywright_usage_flush_lag_seconds "); ok {
			seconds, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return time.Duration(seconds * float64(time.Second))
		}
	}
	t.Fatal(fmt.Errorf("%s has no flush lag", p.metrics))
	return 0
}
