package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"keywright/internal/testpg"
)

// TestInteropPrometheusAddsUp lets a Prometheus scrape two servers on one
// Postgres. What they counted, added up, is what the admin API counted, and so
// is the increase while there was load: the difference of the sum from that
// before it, as increase() itself extrapolates to the ends of its window.
func TestInteropPrometheusAddsUp(t *testing.T) {
	t.Parallel()
	binary := peer(t, "KEYWRIGHT_PROMETHEUS")
	in, fleet := installFleet(t, testpg.New(t))
	clients := in.newClients(t, 1)
	var targets []string
	for _, p := range fleet {
		targets = append(targets, strings.TrimPrefix(p.metrics, "http://"))
	}
	p := startPrometheus(t, binary, "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"+
		"scrape_configs:\n- job_name: keywright\n  static_configs:\n  - targets: ["+strings.Join(targets, ", ")+"]\n")
	series := fmt.Sprintf("keywright_credential_usage_total{credential_id=%q}", clients[0].ID)

	const before, load = 10, 401
	useUntil(t, in, fleet, clients, before, nil)
	in.awaitUses(t, clients[0], before)
	p.awaitValue(t, "count("+series+")", len(fleet)) // each has used it
	began := p.awaitValue(t, "sum("+series+")", before)

	useUntil(t, in, fleet, clients, load, nil)
	in.awaitUses(t, clients[0], before+load)
	p.awaitValue(t, "sum("+series+")", before+load)
	p.awaitValue(t, fmt.Sprintf("sum(%s) - sum(%s @ %.3f)", series, series, began), load)
}

// awaitUses waits until the admin API has counted that many uses of a client.
func (in *installation) awaitUses(t *testing.T, of credential, want int) {
	t.Helper()
	var got any
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if got = in.admin(t, "GET", "/v1/clients/"+of.ID, nil, http.StatusOK)["usageCount"]; got == float64(want) {
			return
		}
	}
	t.Fatalf("usageCount is %v, want %d", got, want)
}

// awaitValue waits until Prometheus answers a query with one number, and
// returns when it was so, in seconds since 1970.
func (p prometheus) awaitValue(t *testing.T, query string, want int) (at float64) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		res, err := http.Get(p.url + "/api/v1/query?query=" + url.QueryEscape(query))
		if err != nil {
			continue // it is still starting
		}
		var answer struct {
			Data struct{ Result []struct{ Value [2]any } }
		}
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err != nil || len(answer.Data.Result) != 1 {
			continue
		}
		if got, _ = answer.Data.Result[0].Value[1].(string); got == fmt.Sprint(want) {
			return answer.Data.Result[0].Value[0].(float64)
		}
	}
	t.Fatalf("%s is %s, want %d", query, got, want)
	return 0
}
