package admin

import (
	"time"

	"keywright/registry"
)

// usageSeries is usage over a range of time on the wire.
type usageSeries struct {
	Bucket  string        `json:"bucket" enum:"hour,day"`
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to" doc:"The end of the last bucket."`
	Buckets []usageBucket `json:"buckets" nullable:"false" doc:"All of the range, in order, those without a use too."`
	usageSums
}

// usageBucket is what was counted within an hour or a day.
type usageBucket struct {
	StartsAt time.Time `json:"startsAt"`
	usageSums
}

type usageSums struct {
	Uses            int64            `json:"uses" doc:"Tokens issued to a client, validations of an API token."`
	Failures        int64            `json:"failures"`
	FailuresByCause map[string]int64 `json:"failuresByCause" doc:"By the causes of refusals; those that did not occur are left out."`
}

func usageSumsOf(u registry.UsageSums) usageSums {
	out := usageSums{u.Uses, u.Failures, make(map[string]int64, len(u.ByCause))}
	for cause, n := range u.ByCause {
		out.FailuresByCause[cause.String()] = n
	}
	return out
}

func usageSeriesOf(s registry.UsageSeries) usageSeries {
	out := usageSeries{
		Bucket: string(s.Grain), From: s.From, To: s.To, Buckets: make([]usageBucket, len(s.Periods)),
		usageSums: usageSumsOf(s.Total),
	}
	for i, p := range s.Periods {
		out.Buckets[i] = usageBucket{p.StartsAt, usageSumsOf(p.UsageSums)}
	}
	return out
}

// credentialUsage is the usage of a client or API token on the wire.
type credentialUsage struct {
	usageSeries
	UsageCount   int64          `json:"usageCount" doc:"Since it was made."`
	FailureCount int64          `json:"failureCount" doc:"Since it was made."`
	LastUsedAt   *time.Time     `json:"lastUsedAt"`
	LastUsedIP   *string        `json:"lastUsedIp"`
	LastFailure  *usageFailure  `json:"lastFailure"`
	Values       []usageValue   `json:"values" nullable:"false" doc:"The secrets and keys of a client, oldest first."`
	Networks     []usageNetwork `json:"networks" nullable:"false" doc:"It was used from lately, whatever the range: at most about 64."`
	Marks        []usageMark    `json:"marks" nullable:"false" doc:"What was odd in the range, newest first: at most 100."`
}

// usageFailure is the last failure to authenticate on the wire.
type usageFailure struct {
	At    time.Time `json:"at"`
	IP    *string   `json:"ip"`
	Cause string    `json:"cause" example:"wrong_secret"`
}

// usageValue is the usage of a secret or key on the wire.
type usageValue struct {
	Type       string     `json:"type" enum:"secret,key"`
	ID         string     `json:"id"`
	Uses       int64      `json:"uses" doc:"In the range."`
	UsageCount int64      `json:"usageCount" doc:"Since it was made."`
	LastUsedAt *time.Time `json:"lastUsedAt"`
}

// usageNetwork is a network on the wire.
type usageNetwork struct {
	Network   string    `json:"network" example:"192.0.2.0/24" doc:"/24 of IPv4, /48 of IPv6."`
	FirstSeen time.Time `json:"firstSeen"`
	LastSeen  time.Time `json:"lastSeen"`
}

// usageMark is what was odd on the wire.
type usageMark struct {
	Type       string     `json:"type" enum:"client,api_token"`
	ID         string     `json:"id" doc:"Of the client or API token."`
	Mark       string     `json:"mark" enum:"spike,silence,new_network"`
	At         time.Time  `json:"at" doc:"The start of the hour, or when the network was first seen."`
	Uses       *int64     `json:"uses" doc:"Of a spike: within the hour, when it was found."`
	MostBefore *int64     `json:"mostBefore" doc:"Of a spike: within the busiest hour before."`
	LastUsedAt *time.Time `json:"lastUsedAt" doc:"Of a silence: the start of the hour or day of the last use before it."`
	Network    *string    `json:"network" doc:"Of a new network."`
}

func usageMarksOf(marks []registry.UsageMark) []usageMark {
	out := make([]usageMark, len(marks))
	for i, m := range marks {
		out[i] = usageMark{Type: m.Kind, ID: m.ID, Mark: m.Mark, At: m.At.UTC()}
		switch m.Mark {
		case registry.MarkSpike:
			out[i].Uses, out[i].MostBefore = &m.Uses, &m.Most
		case registry.MarkSilence:
			out[i].LastUsedAt = timeOrNull(m.LastUsedAt)
		case registry.MarkNewNetwork:
			out[i].Network = orNull(m.Network.String())
		}
	}
	return out
}

func credentialUsageOf(r registry.CredentialReport) credentialUsage {
	u := credentialUsage{
		usageSeries: usageSeriesOf(r.UsageSeries), UsageCount: r.Usage.Count, FailureCount: r.Usage.Failures,
		LastUsedAt: timeOrNull(r.Usage.LastUsedAt), LastUsedIP: addressOrNull(r.Usage.LastUsedIP),
		Values: make([]usageValue, len(r.Values)), Networks: make([]usageNetwork, len(r.Networks)), Marks: usageMarksOf(r.Marks),
	}
	if !r.Usage.LastFailedAt.IsZero() {
		u.LastFailure = &usageFailure{r.Usage.LastFailedAt.UTC(), addressOrNull(r.Usage.LastFailedIP), r.Usage.LastFailedCause.String()}
	}
	for i, v := range r.Values {
		u.Values[i] = usageValue{v.Kind, v.ID, v.Uses, v.Usage.Count, timeOrNull(v.Usage.LastUsedAt)}
	}
	for i, n := range r.Networks {
		u.Networks[i] = usageNetwork{n.Network.String(), n.FirstSeen.UTC(), n.LastSeen.UTC()}
	}
	return u
}

// organizationUsage is the usage of an organization or project on the wire.
type organizationUsage struct {
	usageSeries
	Top              []topCredential   `json:"top" nullable:"false" doc:"The ten that were most used in the range."`
	Credentials      []credentialCount `json:"credentials" nullable:"false" doc:"How many there are now; what is not listed is none."`
	NeverUsed        int64             `json:"neverUsed" doc:"Clients and API tokens, active or disabled, that never were."`
	Unused           int64             `json:"unused" doc:"Clients and API tokens, active or disabled, without use for unusedForSeconds; never used ones are as old as they are."`
	UnusedForSeconds int64             `json:"unusedForSeconds"`
	Expiring         []expiringCount   `json:"expiring" nullable:"false" doc:"How many expire soon, shorter times included."`
	RotationDue      int64             `json:"rotationDue" doc:"Secrets, keys and API tokens."`
	Marks            []usageMark       `json:"marks" nullable:"false" doc:"What was odd in the range, newest first: at most 20."`
}

// topCredential is a credential that is used a lot on the wire.
type topCredential struct {
	Type     string `json:"type" enum:"client,api_token"`
	ID       string `json:"id"`
	Name     string `json:"name"`
	Uses     int64  `json:"uses"`
	Failures int64  `json:"failures"`
}

// credentialCount is a number of credentials on the wire.
type credentialCount struct {
	Type   string `json:"type" enum:"client,api_token"`
	Status string `json:"status" enum:"revoked,expired,disabled,pending,active"`
	Count  int64  `json:"count"`
}

// expiringCount is a number of what expires on the wire.
type expiringCount struct {
	Type   string `json:"type" enum:"client,secret,api_token"`
	Within string `json:"within" enum:"1d,7d,30d"`
	Count  int64  `json:"count"`
}

func organizationUsageOf(r registry.OrganizationReport) organizationUsage {
	u := organizationUsage{
		usageSeries: usageSeriesOf(r.UsageSeries), Top: make([]topCredential, len(r.Top)),
		Credentials: make([]credentialCount, len(r.Counts.Credentials)), Expiring: []expiringCount{},
		NeverUsed: r.Counts.NeverUsed(), Unused: r.Counts.Unused(), UnusedForSeconds: int64(r.UnusedFor / time.Second),
		RotationDue: r.Counts.RotationDue(), Marks: usageMarksOf(r.Marks),
	}
	for i, c := range r.Top {
		u.Top[i] = topCredential{c.Kind, c.ID, c.Name, c.Uses, c.Failures}
	}
	for i, c := range r.Counts.Credentials {
		u.Credentials[i] = credentialCount{c.Kind, string(c.Status), c.Count}
	}
	for _, kind := range []string{registry.CredentialClient, registry.CredentialSecret, registry.CredentialAPIToken} {
		for _, w := range registry.ExpiryWindows {
			u.Expiring = append(u.Expiring, expiringCount{kind, w.Name, r.Counts.Expiring(kind, w)})
		}
	}
	return u
}
