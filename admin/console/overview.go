package console

import (
	"fmt"

	"keywright/registry"
)

func overviewPages(r router) { r.get(root, overview) }

const recentEvents = 10

// overviewData is what stands out in an organization.
type overviewData struct {
	Day, Month registry.UsageSums
	Expiring   int64 // credentials, within 30 days
	Unused     int64 // for 90 days
	Live       int64
	Due        int64 // for rotation
	Empty      bool  // there is no credential beside those for administration
	Issuer     string
	Events     []event
	Marks      []registry.UsageMark
	Names      map[string]string
}

func overview(v *visit) error {
	day, err := v.Service.OrganizationUsage(v.ctx(), v.Actor, registry.OrganizationUsageQuery{})
	if err != nil {
		return err
	}
	month, err := v.Service.OrganizationUsage(v.ctx(), v.Actor, registry.OrganizationUsageQuery{
		UsageQuery: registry.UsageQuery{Grain: registry.GrainDay},
	})
	if err != nil {
		return err
	}
	audited, err := v.Service.AuditEvents(v.ctx(), v.Actor, registry.AuditQuery{Limit: recentEvents})
	if err != nil {
		return err
	}
	within := registry.ExpiryWindows[len(registry.ExpiryWindows)-1]
	counts := month.Counts
	data := overviewData{
		Day: day.Total, Month: month.Total, Marks: month.Marks, Due: counts.RotationDue(), Unused: counts.Unused(), Issuer: v.Issuer,
		Expiring: counts.Expiring(registry.CredentialClient, within) + counts.Expiring(registry.CredentialAPIToken, within),
		Live:     counts.Of(registry.CredentialClient, registry.StatusActive) + counts.Of(registry.CredentialAPIToken, registry.StatusActive),
	}
	var clients int64
	for _, count := range counts.Credentials {
		if count.Kind == registry.CredentialClient {
			clients += count.Count
		}
	}
	data.Empty = clients == 0
	if data.Events, data.Names, err = v.events(audited.Items); err != nil {
		return err
	}
	return v.show(view{Page: "overview", Title: "Overview", Data: data})
}

// FailureRate is the share of failures in 24 hours.
func (d overviewData) FailureRate() string {
	all := d.Day.Uses + d.Day.Failures
	if all == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(d.Day.Failures)/float64(all))
}
