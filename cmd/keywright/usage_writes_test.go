package main

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keywright/metrics"
	"keywright/registry"
	"keywright/storage/storagetest"
)

// TestUseIsCountedWithoutWriting issues and introspects tokens and listens at
// the driver of the database: what is written meanwhile is written by the
// ledger, once in an interval, however many requests there are.
func TestUseIsCountedWithoutWriting(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		const rounds = 200
		var listening atomic.Bool
		heard := writes{written: make(chan struct{})}
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
		<-heard.written // else nothing was shown
		listening.Store(false)

		heard.mu.Lock()
		defer heard.mu.Unlock()
		intervals := int(time.Since(started)/metrics.FlushInterval) + 2
		t.Logf("%d requests: %d batches of usage in %d intervals with %d statements beside, %d of pruning, other writes %.300q",
			4*rounds, heard.batches, intervals, len(heard.usage), len(heard.pruning), heard.others)
		if heard.batches > intervals {
			t.Errorf("%d batches of usage were written in %d intervals", heard.batches, intervals)
		}
		// A batch is one statement on Postgres. On SQLite it is a few, and those
		// of one that was under way at first may be heard.
		most := 0
		if strings.HasPrefix(url, "sqlite") {
			most = perBatchOnSQLite * (heard.batches + 1)
		}
		wantAtMost(t, most, "statements about usage in no batch", heard.usage)
		wantAtMost(t, mostOfBackground, "statements of pruning", heard.pruning)
		wantAtMost(t, mostOfBackground, "writes beside the usage", heard.others)
	})
}

// perBatchOnSQLite is how many statements follow the first one of a batch that
// fits one part: totals, buckets, networks, and the batches to forget.
const perBatchOnSQLite = 4

// mostOfBackground is what jobs in the background may have to say meanwhile,
// however many requests there are: each its piece, once or twice. One statement
// per request would be hundreds.
const mostOfBackground = 20

func wantAtMost(t *testing.T, most int, what string, statements []string) {
	t.Helper()
	if n := len(statements); n > most {
		t.Errorf("%d %s, want at most %d; the last was %.300s", n, what, most, statements[n-1])
	}
}

// writes are the statements that were heard.
type writes struct {
	mu                     sync.Mutex
	batches                int
	written                chan struct{} // closed with the first batch
	usage, pruning, others []string
}

// pruned are the tables with usage that old rows are deleted from, but for a
// batch's own.
var pruned = regexp.MustCompile(`^DELETE FROM "?(usage_buckets|usage_networks|usage_marks)\b`)

func (w *writes) add(statement string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch text := strings.TrimSpace(statement); {
	case text == "BEGIN", text == "COMMIT", text == "ROLLBACK": // on SQLite those of the batches, too
	case strings.HasPrefix(text, "SET LOCAL "): // of a transaction; it writes nothing
	case strings.HasPrefix(text, "SELECT ") && !strings.Contains(text, " FOR "), storagetest.OfReplicas(text):
	case strings.Contains(text, "INSERT INTO usage_batches"):
		if w.batches++; w.batches == 1 {
			close(w.written)
		}
	case pruned.MatchString(text):
		w.pruning = append(w.pruning, text)
	case strings.Contains(text, "usage_"):
		w.usage = append(w.usage, text)
	default:
		w.others = append(w.others, text)
	}
}
