package metrics_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/metrics"
	"keywright/registry"
)

func TestCredentialWatch(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Build{})
	w := m.WatchCredentials(noon.Add(-time.Hour))
	start := []string{`keywright_credentials_counted_timestamp_seconds 1.893582e+09`}
	if diff := cmp.Diff(start, lines(scrape(t, m), "keywright_credentials")); diff != "" {
		t.Errorf("before anything was counted (-want +got):\n%s", diff)
	}
	w.Counted(registry.CredentialCounts{
		Credentials: []registry.CredentialCount{
			{Kind: registry.CredentialClient, Status: registry.StatusActive, Count: 7},
			{Kind: registry.CredentialAPIToken, Status: registry.StatusRevoked, Count: 2},
		},
		Due: []registry.DueCount{
			{Kind: registry.CredentialClient, Warning: "7d", Count: 3},
			{Kind: registry.CredentialSecret, Warning: "30d", Count: 1},
			{Kind: registry.CredentialSecret, Warning: registry.WarningRotationDue, Count: 4},
			{Kind: registry.CredentialKey, Warning: registry.WarningRotationDue, Count: 5},
		},
	})
	if got := lines(scrape(t, m), "keywright_credentials_counted"); !slices.Equal(got, start) {
		t.Errorf("got %q after a count, before a whole look", got)
	}
	w.Looked(noon)
	w.Marked([]registry.UsageMark{{Mark: registry.MarkSpike}, {Mark: registry.MarkSpike}})
	text := scrape(t, m)
	got := append(lines(text, "keywright_credentials"), lines(text, "keywright_secrets_overdue")...)
	want := []string{
		`keywright_credentials_counted_timestamp_seconds 1.8935856e+09`,
		`keywright_credentials_expiring{type="api_token",within="1d"} 0`,
		`keywright_credentials_expiring{type="api_token",within="30d"} 0`,
		`keywright_credentials_expiring{type="api_token",within="7d"} 0`,
		`keywright_credentials_expiring{type="client",within="1d"} 0`,
		`keywright_credentials_expiring{type="client",within="30d"} 3`,
		`keywright_credentials_expiring{type="client",within="7d"} 3`,
		`keywright_credentials_expiring{type="secret",within="1d"} 0`,
		`keywright_credentials_expiring{type="secret",within="30d"} 1`,
		`keywright_credentials_expiring{type="secret",within="7d"} 0`,
		`keywright_credentials{status="active",type="api_token"} 0`,
		`keywright_credentials{status="active",type="client"} 7`,
		`keywright_credentials{status="disabled",type="api_token"} 0`,
		`keywright_credentials{status="disabled",type="client"} 0`,
		`keywright_credentials{status="expired",type="api_token"} 0`,
		`keywright_credentials{status="expired",type="client"} 0`,
		`keywright_credentials{status="pending",type="client"} 0`,
		`keywright_credentials{status="revoked",type="api_token"} 2`,
		`keywright_credentials{status="revoked",type="client"} 0`,
		`keywright_secrets_overdue_rotation 9`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("series differ (-want +got):\n%s", diff)
	}
	wantMarks := []string{
		`keywright_usage_marks_total{mark="new_network"} 0`,
		`keywright_usage_marks_total{mark="silence"} 0`,
		`keywright_usage_marks_total{mark="spike"} 2`,
	}
	if diff := cmp.Diff(wantMarks, lines(text, "keywright_usage_marks_total")); diff != "" {
		t.Errorf("marks differ (-want +got):\n%s", diff)
	}
}
