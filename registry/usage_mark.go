package registry

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

var (
	opClientUsageMarked   = operation{"client.usage_marked", FeedClient, byServer}
	opAPITokenUsageMarked = operation{"api_token.usage_marked", FeedAPIToken, byServer}
)

// The marks: what is odd about the use of a client or API token, against its
// own past. Failed attempts are nobody's use and make none.
const (
	// MarkSpike: within an hour it was used more often than UsageRules allow.
	MarkSpike = "spike"
	// MarkSilence: it was used again after a long time without.
	MarkSilence = "silence"
	// MarkNewNetwork: it was used from a network from which it never was.
	MarkNewNetwork = "new_network"
)

// Marks are all of them.
var Marks = [...]string{MarkSpike, MarkSilence, MarkNewNetwork}

// UsageRules are the thresholds of the marks. A zero SpikeFactor, Silence or
// NewNetworkAfter switches that mark off.
type UsageRules struct {
	// A spike is an hour with at least SpikeMinimum uses, and more than
	// SpikeFactor times those of the busiest hour of the spikePast before it,
	// in which it was in use on spikePastDays days.
	SpikeFactor  int64
	SpikeMinimum int64
	// Silence is for how long it was not used, to the hour, or to the day
	// where hours are not kept that long.
	Silence time.Duration
	// NewNetworkAfter is how long it must have been in use for a new network
	// to be odd.
	NewNetworkAfter time.Duration
}

// DefaultUsageRules are the rules where nothing else is configured.
var DefaultUsageRules = UsageRules{
	SpikeFactor: 5, SpikeMinimum: 100, Silence: 30 * 24 * time.Hour, NewNetworkAfter: 7 * 24 * time.Hour,
}

const (
	spikePast     = 14 * 24 * time.Hour
	spikePastDays = 3

	// roamingNetworks is how many networks make a credential one that moves
	// about, for which no further one is odd.
	roamingNetworks = 16

	// marksAtOnce bounds how long it takes to mark what one rule finds at once.
	// The others follow the next time.
	marksAtOnce = 200
	// markBacklog is how far back usage is looked at that was not looked at in
	// time, and markOverlap how late the counts of an hour may come in.
	markBacklog = 24 * time.Hour
	markOverlap = 5 * time.Minute
)

// UsageMark says that a use of a credential was odd, and why.
type UsageMark struct {
	OrganizationID string
	Kind           string // CredentialClient or CredentialAPIToken
	ID             string
	Mark           string
	At             time.Time // the start of the hour, or when the network was first seen

	Uses       int64        // of a spike: within that hour, when it was found
	Most       int64        // of a spike: within the busiest hour before
	LastUsedAt time.Time    // of a silence: start of the hour or day of the last use before
	Network    netip.Prefix // of a new network
}

// Subject tells apart what the same rule finds about one credential.
func (m UsageMark) Subject() string {
	if m.Mark == MarkNewNetwork {
		return m.Network.String()
	}
	return m.At.UTC().Format(time.RFC3339)
}

// MarkFilter selects marks. Empty fields do not filter.
type MarkFilter struct {
	OrganizationID string
	ProjectID      string
	Kind, ID       string
	From, To       time.Time // from From on, and before To
}

// MarkReader reads marks and what may become one.
type MarkReader interface {
	// UsageMarks returns marks, newest first, at most limit.
	UsageMarks(ctx context.Context, f MarkFilter, limit int) ([]UsageMark, error)

	// The candidates are of all organizations, not marked yet, at most limit.

	// SpikeCandidates returns marks for the clients and API tokens that were
	// used in that hour at least SpikeMinimum times and more than SpikeFactor
	// times as often as in each hour since then.
	SpikeCandidates(ctx context.Context, hour, since time.Time, rules UsageRules, limit int) ([]UsageMark, error)
	// SilenceCandidates returns marks for those that were used in that hour
	// and before, but not within that span before it.
	SilenceCandidates(ctx context.Context, hour time.Time, silence time.Duration, limit int) ([]UsageMark, error)
	// NetworkCandidates returns marks for the networks that were first seen
	// from then on, of those that were used before inUse, when they were known
	// from at least one and less than roaming others.
	NetworkCandidates(ctx context.Context, from, inUse time.Time, roaming, limit int) ([]UsageMark, error)
}

// MarkUsage marks what is odd about the use of credentials since a time, for
// the server itself, and returns the marks that no other replica made before.
// Each is an audit event. One that cannot be made keeps none of the others back.
func (s *Service) MarkUsage(ctx context.Context, actor Actor, since time.Time) ([]UsageMark, error) {
	var odd []UsageMark
	errs := s.readAll(ctx, actor, func(r Reader) (err error) {
		odd, err = s.oddUsage(ctx, r, since)
		return err
	})
	var made []UsageMark
	for _, m := range odd {
		fresh, err := s.mark(ctx, actor, m)
		errs = errors.Join(errs, err)
		if fresh {
			made = append(made, m)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return made, errs
}

// oddUsage applies the rules to the hours from that of since, or a little
// before, to the present one.
func (s *Service) oddUsage(ctx context.Context, r Reader, since time.Time) ([]UsageMark, error) {
	now := s.now()
	first := later(since, now.Add(-markBacklog)).Add(-markOverlap).Truncate(time.Hour)
	var odd []UsageMark
	for hour := first; !hour.After(now); hour = hour.Add(time.Hour) {
		spikes, err := s.spikes(ctx, r, hour)
		if err != nil {
			return nil, err
		}
		odd = append(odd, spikes...)
		if s.UsageRules.Silence == 0 {
			continue
		}
		returned, err := r.SilenceCandidates(ctx, hour, s.UsageRules.Silence, marksAtOnce)
		if err != nil {
			return nil, err
		}
		odd = append(odd, returned...)
	}
	if s.UsageRules.NewNetworkAfter == 0 {
		return odd, nil
	}
	networks, err := r.NetworkCandidates(ctx, first, first.Add(-s.UsageRules.NewNetworkAfter), roamingNetworks, marksAtOnce)
	return append(odd, networks...), err
}

func (s *Service) spikes(ctx context.Context, r Reader, hour time.Time) ([]UsageMark, error) {
	if s.UsageRules.SpikeFactor == 0 {
		return nil, nil
	}
	past := UsageRange{From: hour.Add(-spikePast), To: hour, Grain: GrainDay}
	candidates, err := r.SpikeCandidates(ctx, hour, past.From, s.UsageRules, marksAtOnce)
	if err != nil {
		return nil, err
	}
	var spikes []UsageMark
	for _, m := range candidates {
		days, err := r.UsageBuckets(ctx, m.Kind, m.ID, past)
		if err != nil {
			return nil, err
		}
		if daysInUse(days) >= spikePastDays {
			spikes = append(spikes, m)
		}
	}
	return spikes, nil
}

func daysInUse(days []UsageBucket) int {
	n := 0
	for _, b := range days {
		if b.Cause == CauseNone {
			n++
		}
	}
	return n
}

// mark stores one mark, unless another replica was first.
func (s *Service) mark(ctx context.Context, actor Actor, m UsageMark) (fresh bool, err error) {
	actor.OrganizationID = m.OrganizationID
	op := opClientUsageMarked
	if m.Kind == CredentialAPIToken {
		op = opAPITokenUsageMarked
	}
	err = s.change(ctx, actor, op, m.ID, func(c *change) error {
		if _, err := c.watched(ctx, m.Kind, m.ID); err != nil || c.nothing {
			return err
		}
		if fresh, err = c.InsertUsageMark(ctx, m); err != nil {
			return err
		}
		c.nothing, c.feedKind = !fresh, FeedNothing
		c.after = m.audited()
		return nil
	})
	return fresh && err == nil, err
}

func (m UsageMark) audited() map[string]any {
	v := map[string]any{"mark": m.Mark, "at": m.At}
	switch m.Mark {
	case MarkSpike:
		v["uses"], v["mostBefore"] = m.Uses, m.Most
	case MarkSilence:
		v["lastUsedAt"] = m.LastUsedAt
	case MarkNewNetwork:
		v["network"] = m.Network.String()
	}
	return v
}
