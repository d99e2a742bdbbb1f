package historytest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"keywright/storage/storagetest"
)

const (
	// leaseTime is for how long a replica may answer from memory without
	// hearing from the database.
	leaseTime = time.Second
	// longestWait is how long a change waits for others at most.
	longestWait = leaseTime * 105 / 100
	// ownWork is what a change takes besides, on a machine with much else to do.
	ownWork = 2 * time.Second
)

// waits are how long the changes of one kind of situation took.
type waits struct {
	situation string
	took      []time.Duration
}

func (w *waits) change(t *testing.T, f *fleet, at *replica, client basic) {
	t.Helper()
	began := time.Now()
	newCaller(f, patience).mustChange(t, at, "PATCH", "/v1/clients/"+client.id, map[string]any{"description": fmt.Sprint(began)})
	w.took = append(w.took, time.Since(began))
}

// at is the time within which that part of the changes was made.
func (w *waits) at(part float64) time.Duration {
	slices.Sort(w.took)
	return w.took[int(part*float64(len(w.took)-1))]
}

// String is a row of the table in docs/scale.md.
func (w *waits) String() string {
	ms := func(part float64) string { return fmt.Sprintf("%.1f ms", float64(w.at(part).Microseconds())/1000) }
	return fmt.Sprintf("| %s | %d | %s | %s | %s |", w.situation, len(w.took), ms(0.5), ms(0.99), ms(1))
}

// TestWaiting measures how long changes take, which wait until every replica
// knows of them or has lost its lease. It is not parallel: what it measures is
// time.
func TestWaiting(t *testing.T) {
	healthy, rounds := 100, 2
	if soak {
		healthy, rounds = 2000, 30
	}
	f := newFleet(t, 3)
	client, _ := newClient(t, f)
	f.awaitCopies()

	all := &waits{situation: "all replicas healthy"}
	for i := range healthy {
		all.change(t, f, f.at(i%3), client)
	}
	// A few may find a replica that other tests keep from running.
	if got := all.at(0.95); got >= leaseTime {
		t.Errorf("95 %% of the changes took up to %s, want less than the lease of %s", got, leaseTime)
	}

	stopped := &waits{situation: "one replica stopped"}
	for i := range rounds {
		victim := f.at(i % 3)
		victim.while(t, syscall.SIGSTOP, func() {
			for n := range 3 {
				stopped.change(t, f, f.at((i+1+n%2)%3), client)
			}
		})
		f.awaitCopies()
	}
	if got := stopped.at(1); got > longestWait+ownWork {
		t.Errorf("a change took %s, want %s and its own work at most", got, longestWait)
	}
	if got := stopped.at(0); got < leaseTime {
		t.Errorf("a change took %s, shorter than the lease of the replica that was stopped", got)
	}
	lost := &waits{situation: "one replica stopped, the database lost meanwhile"}
	for range rounds {
		f.loseDatabase(t, lost, client)
		f.awaitCopies()
	}
	if got := lost.at(1); got > longestWait+ownWork {
		t.Errorf("a change took %s, want %s and its own work at most", got, longestWait)
	}
	t.Log(strings.Join([]string{
		"", "| | changes | p50 | p99 | max |", "|---|---|---|---|---|", all.String(), stopped.String(), lost.String(),
	}, "\n"))
}

// while stops a replica until act has returned.
func (r *replica) while(t *testing.T, s syscall.Signal, act func()) {
	t.Helper()
	p := r.running()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Signal(syscall.SIGCONT); err != nil {
			t.Error(err)
		}
	}()
	act()
}

// loseDatabase takes the database away from a replica whose change is
// committed and waits for another. The answer is there in time, with its
// secret, which is the one that is good from then on.
func (f *fleet) loseDatabase(t *testing.T, w *waits, client basic) {
	t.Helper()
	changing, stopped, third := f.at(0), f.at(1), f.at(2)
	db := storagetest.SQL(t, f.database)
	position := func() (n int64) {
		if err := db.QueryRowContext(t.Context(), "SELECT position FROM feed_counter").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := position()
	type result struct {
		answer answer
		made   made
		took   time.Duration
	}
	done := make(chan result, 1)
	stopped.while(t, syscall.SIGSTOP, func() {
		go func() {
			began := time.Now()
			a, m := newCaller(f, patience).change(changing, "POST", "/v1/clients/"+client.id+"/regenerate", nil)
			done <- result{a, m, time.Since(began)}
		}()
		await(t, "the change is committed", func() bool { return position() > before })
		changing.proxy.Freeze()
		defer changing.proxy.Thaw()
		got := <-done
		w.took = append(w.took, got.took)
		if got.answer.status != http.StatusOK || got.made.ClientSecret == "" {
			t.Fatalf("the database was lost while a change waited: %d %s", got.answer.status, got.answer.body)
		}
		fresh := basic{client.id, got.made.ClientSecret}
		if a, _, _ := newCaller(f, patience).issue(third, fresh, false); a.status != http.StatusOK {
			t.Errorf("the new secret: %d %s", a.status, a.body)
		}
		if a, _, _ := newCaller(f, patience).issue(third, client, false); a.status != http.StatusUnauthorized {
			t.Errorf("the old secret: %d %s", a.status, a.body)
		}
	})
}
