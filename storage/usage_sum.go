package storage

import (
	"encoding/json"
	"iter"
	"time"

	"keywright/registry"
)

// networksPerBatch is how many networks of a credential one batch brings.
const networksPerBatch = 8

// usageSums are what a batch adds, with one row for each key of its table. The
// keys of their JSON are the columns of addUsageQueries.
type usageSums struct {
	totals   []*usageTotal
	buckets  []*usageBucket
	networks []*usageNetwork
}

type usageTotal struct {
	Kind        string   `json:"kind"`
	ID          string   `json:"id"`
	Uses        int64    `json:"uses"`
	Failures    int64    `json:"failures"`
	UsedAt      moment   `json:"used_at"`
	UsedIP      optional `json:"used_ip,omitempty"`
	FailedAt    moment   `json:"failed_at"`
	FailedIP    optional `json:"failed_ip,omitempty"`
	FailedCause int64    `json:"failed_cause,omitempty"`
}

type usageBucket struct {
	Kind           string `json:"kind"`
	ID             string `json:"id"`
	OrganizationID string `json:"organization_id"`
	Grain          string `json:"grain"`
	StartsAt       moment `json:"starts_at"`
	Cause          int64  `json:"cause"`
	Count          int64  `json:"count"`
}

type usageNetwork struct {
	Kind      string `json:"kind"`
	ID        string `json:"id"`
	Network   string `json:"network"`
	FirstSeen moment `json:"first_seen"`
	LastSeen  moment `json:"last_seen"`
}

// sumUsage sums deltas by the keys of the tables: a statement can change a row
// only once. An id that is no text names nothing.
func sumUsage(deltas []registry.UsageDelta) usageSums {
	type bucketKey struct {
		account
		hour  int64
		cause registry.Cause
	}
	type networkKey struct {
		account
		network string
	}
	sums := usageSums{[]*usageTotal{}, []*usageBucket{}, []*usageNetwork{}} // in JSON, none is []
	totals, buckets := map[account]*usageTotal{}, map[bucketKey]*usageBucket{}
	networks, perAccount := map[networkKey]*usageNetwork{}, map[account]int{}
	for _, d := range deltas {
		if !isText(d.Kind) || !isText(d.ID) || !isText(d.OrganizationID) {
			continue
		}
		a, hour := account{d.Kind, d.ID}, d.LastAt.UTC().Truncate(time.Hour)
		t := totals[a]
		if t == nil {
			t = &usageTotal{Kind: d.Kind, ID: d.ID}
			totals[a], sums.totals = t, append(sums.totals, t)
		}
		t.add(d)
		key := bucketKey{a, hour.Unix(), d.Cause}
		b := buckets[key]
		if b == nil {
			b = &usageBucket{d.Kind, d.ID, d.OrganizationID, string(registry.GrainHour), moment{hour}, int64(d.Cause), 0}
			buckets[key], sums.buckets = b, append(sums.buckets, b)
		}
		b.Count += d.Count
		network := usedFrom(d)
		if network == "" {
			continue
		}
		n := networks[networkKey{a, network}]
		if n == nil {
			if perAccount[a]++; perAccount[a] > networksPerBatch {
				continue
			}
			n = &usageNetwork{d.Kind, d.ID, network, moment{d.LastAt}, moment{d.LastAt}}
			networks[networkKey{a, network}], sums.networks = n, append(sums.networks, n)
		}
		n.add(d.LastAt)
	}
	return sums
}

func (t *usageTotal) add(d registry.UsageDelta) {
	switch {
	case d.Cause != registry.CauseNone:
		t.Failures += d.Count
		if !d.LastAt.Before(t.FailedAt.Time) {
			t.FailedAt, t.FailedIP, t.FailedCause = moment{d.LastAt}, addressText(d.LastIP), int64(d.Cause)
		}
	default:
		t.Uses += d.Count
		if !d.LastAt.Before(t.UsedAt.Time) {
			t.UsedAt, t.UsedIP = moment{d.LastAt}, addressText(d.LastIP)
		}
	}
}

func (n *usageNetwork) add(at time.Time) {
	if at.Before(n.FirstSeen.Time) {
		n.FirstSeen = moment{at}
	}
	if at.After(n.LastSeen.Time) {
		n.LastSeen = moment{at}
	}
}

// usedFrom is the network that a credential was used from; only those of
// credentials are kept.
func usedFrom(d registry.UsageDelta) string {
	network := registry.NetworkOf(d.LastIP)
	if d.Cause != registry.CauseNone || !network.IsValid() ||
		d.Kind != registry.CredentialClient && d.Kind != registry.CredentialAPIToken {
		return ""
	}
	return network.String()
}

// json is the rows of the three tables.
func (s usageSums) json() (rows [len(addUsageQueries)]string, err error) {
	for i, list := range []any{s.totals, s.buckets, s.networks} {
		b, err := json.Marshal(list)
		if err != nil {
			return rows, err
		}
		rows[i] = string(b)
	}
	return rows, nil
}

// parts cuts the sums so that no table gets more than n rows at once.
func (s usageSums) parts(n int) iter.Seq[usageSums] {
	return func(yield func(usageSums) bool) {
		for len(s.totals)+len(s.buckets)+len(s.networks) > 0 {
			var part usageSums
			part.totals, s.totals = cut(s.totals, n)
			part.buckets, s.buckets = cut(s.buckets, n)
			part.networks, s.networks = cut(s.networks, n)
			if !yield(part) {
				return
			}
		}
	}
}

func cut[T any](rows []T, n int) (front, rest []T) {
	n = min(n, len(rows))
	return rows[:n], rows[n:]
}
