package console

import (
	"fmt"
	"strings"
	"time"

	"keywright/registry"
)

func overviewPages(r router) { r.get(root, overview) }

const (
	recentEvents = 10
	unusedFor    = 90 * 24 * time.Hour
)

// overviewData is what stands out in an organization.
type overviewData struct {
	Day, Month registry.UsageSums
	Expiring   tally // within 30 days
	Unused     tally // for 90 days
	Due        tally // for rotation
	Top        []used
	Marks      []mark
	Empty      bool // there is no client yet
	Issuer     string
	Events     []event
}

// tally is how many clients and API tokens something is true of.
type tally struct{ Clients, Tokens int64 }

// All is the sum.
func (t tally) All() int64 { return t.Clients + t.Tokens }

// used is a credential that is used a lot.
type used struct{ registry.TopCredential }

// Path is its page.
func (u used) Path() string { return recordPath(u.Kind, u.ID) }

// mark is something odd about the use of a credential.
type mark struct {
	registry.UsageMark
	Name string
}

// Path is the page of the credential.
func (m mark) Path() string { return recordPath(m.Kind, m.ID) }

// What is what the mark says.
func (m mark) What() string { return markNames[m.Mark] }

func overview(v *visit) error {
	day, err := v.Service.OrganizationUsage(v.ctx(), v.Actor, registry.OrganizationUsageQuery{})
	if err != nil {
		return err
	}
	month, err := v.Service.OrganizationUsage(v.ctx(), v.Actor, registry.OrganizationUsageQuery{
		UnusedFor: unusedFor, UsageQuery: registry.UsageQuery{Grain: registry.GrainDay},
	})
	if err != nil {
		return err
	}
	audited, err := v.Service.AuditEvents(v.ctx(), v.Actor, registry.AuditQuery{Limit: recentEvents})
	if err != nil {
		return err
	}
	data := overviewData{Day: day.Total, Month: month.Total, Issuer: strings.TrimSuffix(v.Issuer, "/")}
	data.count(month.Counts)
	for _, top := range month.Top {
		data.Top = append(data.Top, used{top})
	}
	var ids []string
	for _, m := range month.Marks {
		ids = append(ids, m.ID)
	}
	names, err := v.Service.Names(v.ctx(), v.Actor, ids...)
	if err != nil {
		return err
	}
	for _, m := range month.Marks {
		if names[m.ID] != "" { // it is not gone
			data.Marks = append(data.Marks, mark{m, names[m.ID]})
		}
	}
	if data.Events, err = v.events(audited.Items); err != nil {
		return err
	}
	return v.show(view{Page: "overview", Title: "Overview", Data: data})
}

// count takes from the counts what the overview shows.
func (d *overviewData) count(counts registry.CredentialCounts) {
	within := registry.ExpiryWindows[len(registry.ExpiryWindows)-1]
	d.Expiring = tally{counts.Expiring(registry.CredentialClient, within), counts.Expiring(registry.CredentialAPIToken, within)}
	d.Empty = true
	for _, c := range counts.Credentials {
		usable := c.Status == registry.StatusActive || c.Status == registry.StatusDisabled
		switch {
		case c.Kind == registry.CredentialClient:
			d.Empty = false
			if usable {
				d.Unused.Clients += c.Unused
			}
		case usable:
			d.Unused.Tokens += c.Unused
		}
	}
	for _, due := range counts.Due {
		switch {
		case due.Warning != registry.WarningRotationDue:
		case due.Kind == registry.CredentialAPIToken:
			d.Due.Tokens += due.Count
		default: // secrets and public keys
			d.Due.Clients += due.Count
		}
	}
}

// FailureRate is the share of failures in 24 hours.
func (d overviewData) FailureRate() string {
	all := d.Day.Uses + d.Day.Failures
	if all == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(d.Day.Failures)/float64(all))
}
