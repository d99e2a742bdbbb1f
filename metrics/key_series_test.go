package metrics_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"keywright/metrics"
)

func TestSigningKeyAge(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Build{})
	m.WatchSigningKey(func() time.Duration { return 90 * time.Second })
	if diff := cmp.Diff([]string{"keywright_signing_key_age_seconds 90"}, lines(scrape(t, m), "keywright_signing_key")); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
	if problems, err := testutil.GatherAndLint(metrics.Gatherer(m)); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}
