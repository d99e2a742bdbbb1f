package historytest

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// awaitCopies waits until every replica may answer from memory.
func (f *fleet) awaitCopies() {
	f.t.Helper()
	for _, r := range f.all() {
		await(f.t, r.name+" may answer from memory", func() bool { return r.metric(f.t, "keywright_cache_usable") == 1 })
	}
}

// hits is how many reads of the replica were answered from memory.
func (r *replica) hits(t *testing.T) float64 {
	t.Helper()
	return r.metric(t, `keywright_cache_lookups_total{kind="client",result="hit"}`) +
		r.metric(t, `keywright_cache_lookups_total{kind="api_token",result="hit"}`)
}

// metric is the value of one series of a replica.
func (r *replica) metric(t *testing.T, series string) float64 {
	t.Helper()
	res, err := http.Get(r.running().Metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), series+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("%s has no %s", r.name, series)
	return 0
}
