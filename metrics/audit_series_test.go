package metrics_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"keywright/metrics"
	"keywright/registry"
)

func TestAuditChainSeriesAreBounded(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Build{})
	heads := []registry.AuditHead{{OrganizationID: "org_a", Sequence: 7, MAC: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 9}}}
	m.WatchAudit(func() []registry.AuditHead { return heads })
	want := []string{
		`keywright_audit_chain_fingerprint{organization="org_a"} 2.81474976710655e+14`,
		`keywright_audit_chain_sequence{organization="org_a"} 7`,
		`keywright_audit_chain_series_dropped 0`,
	}
	if diff := cmp.Diff(want, lines(scrape(t, m), "keywright_audit_chain")); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
	if problems, err := testutil.GatherAndLint(metrics.Gatherer(m)); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}

	for i := range 300 {
		heads = append(heads, registry.AuditHead{OrganizationID: fmt.Sprintf("org_%d", i), Sequence: 1})
	}
	text := scrape(t, m)
	if got := len(lines(text, "keywright_audit_chain_sequence")); got != 200 {
		t.Errorf("got %d series, want 200", got)
	}
	if got := lines(text, "keywright_audit_chain_series_dropped"); got[0] != "keywright_audit_chain_series_dropped 101" {
		t.Errorf("got %s", got)
	}
}
