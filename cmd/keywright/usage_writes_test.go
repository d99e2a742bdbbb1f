package main

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keywright/metrics"
	"keywright/registry"
)

// TestUseIsCountedWithoutWriting issues and introspects tokens and listens at
// the driver of the database: what is written meanwhile is written by the
// ledger, once in an interval, however many requests there are.
func TestUseIsCountedWithoutWriting(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		const rounds = 200
		var listening atomic.Bool
		var heard writes
		s := newServerInside(t, url, func(statement string) {
			if listening.Load() {
				heard.add(statement)
			}
		})
		c := caller{http: &http.Client{Transport: &http.Transport{}, Timeout: patience}, base: func() string { return "http://" + s.address }}
		round := func() {
			for _, format := range []string{registry.FormatOpaque, registry.FormatJWT} {
				issued, err := c.token(s.clients[format])
				if err != nil || issued.status != http.StatusOK {
					t.Fatalf("token: %s, %v", issued, err)
				}
				a, err := c.introspect(s.resourceServer, issued.object()["access_token"].(string))
				if err != nil || a.object()["active"] != true {
					t.Fatalf("introspect: %s, %v", a, err)
				}
			}
		}
		round()
		started := time.Now()
		listening.Store(true)
		for range rounds {
			round()
		}
		listening.Store(false)

		heard.mu.Lock()
		defer heard.mu.Unlock()
		intervals := int(time.Since(started)/metrics.FlushInterval) + 2
		t.Logf("%d requests: %d reads, %d batches of usage in %d intervals", 4*rounds, heard.reads, heard.batches, intervals)
		if heard.batches > intervals {
			t.Errorf("%d batches of usage were written in %d intervals", heard.batches, intervals)
		}
		// Now and then a background job has something to write.
		if len(heard.others) >= rounds/4 {
			t.Errorf("%d times something was written beside the usage, first %.200s", len(heard.others), heard.others[0])
		}
		if heard.reads < 4*rounds {
			t.Errorf("%d reads were heard of %d requests: nothing was shown", heard.reads, 4*rounds)
		}
	})
}

// writes are the statements that were heard.
type writes struct {
	mu             sync.Mutex
	reads, batches int
	others         []string
}

func (w *writes) add(statement string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch text := strings.TrimSpace(statement); {
	case text == "BEGIN", text == "COMMIT", text == "ROLLBACK": // on SQLite those of the batches, too
	case strings.HasPrefix(text, "SELECT "):
		w.reads++
	case strings.Contains(text, "INSERT INTO usage_batches"):
		w.batches++
	case strings.Contains(text, " usage_"): // the rest of a batch on SQLite, and ageing
	default:
		w.others = append(w.others, text)
	}
}
