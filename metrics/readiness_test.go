package metrics_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"keywright/metrics"
)

func TestReadiness(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Build{})
	ready := true
	m.WatchReadiness(func() bool { return ready })
	for _, want := range []string{"keywright_ready 1", "keywright_ready 0"} {
		if diff := cmp.Diff([]string{want}, lines(scrape(t, m), "keywright_ready")); diff != "" {
			t.Errorf("differs (-want +got):\n%s", diff)
		}
		ready = false
	}
	if problems, err := testutil.GatherAndLint(metrics.Gatherer(m)); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}
