package storage

import (
	"context"
	"net/netip"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type usageBucketRow struct {
	bun.BaseModel `bun:"table:usage_buckets,alias:b"`

	Kind           string
	ID             string
	OrganizationID string
	StartsAt       moment
	Cause          int64
	Count          int64
}

func (r usageBucketRow) domain() registry.UsageBucket {
	return registry.UsageBucket{
		Kind:           r.Kind,
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		StartsAt:       r.StartsAt.Time,
		Cause:          registry.Cause(r.Cause),
		Count:          r.Count,
	}
}

// UsageBuckets implements registry.UsageReader.
func (s *session) UsageBuckets(ctx context.Context, kind, id string, r registry.UsageRange) ([]registry.UsageBucket, error) {
	var rows []usageBucketRow
	start := s.startOf(r.Grain)
	query := s.bun.NewSelect().Model(&rows).
		ColumnExpr("b.kind, b.id, b.organization_id, ? AS starts_at, b.cause, CAST(sum(b.count) AS bigint) AS count", start).
		Where("b.kind = ? AND b.id = ?", kind, id).ApplyQueryBuilder(within(r)).
		GroupExpr("b.kind, b.id, b.organization_id, ?, b.cause", start).OrderExpr("4, 5")
	err := s.get(ctx, "usage", query)
	return convert(rows, usageBucketRow.domain), err
}

// ProjectUsage implements registry.UsageReader.
func (s *session) ProjectUsage(ctx context.Context, organizationID, projectID string, r registry.UsageRange) ([]registry.UsageBucket, error) {
	var rows []usageBucketRow
	start := s.startOf(r.Grain)
	query := s.bun.NewSelect().Model(&rows).
		ColumnExpr("? AS starts_at, b.cause, CAST(sum(b.count) AS bigint) AS count", start).
		ApplyQueryBuilder(ofCredentials(organizationID, projectID)).ApplyQueryBuilder(within(r)).
		GroupExpr("?, b.cause", start).OrderExpr("1, 2")
	err := s.get(ctx, "usage", query)
	return convert(rows, usageBucketRow.domain), err
}

// TopUsage implements registry.UsageReader.
func (s *session) TopUsage(ctx context.Context, organizationID, projectID string, r registry.UsageRange, limit int) ([]registry.CredentialUsage, error) {
	var rows []registry.CredentialUsage
	query := s.bun.NewSelect().Model((*usageBucketRow)(nil)).
		ColumnExpr("b.kind, b.id").
		ColumnExpr("CAST(sum(CASE WHEN b.cause = 0 THEN b.count ELSE 0 END) AS bigint) AS uses").
		ColumnExpr("CAST(sum(CASE WHEN b.cause = 0 THEN 0 ELSE b.count END) AS bigint) AS failures").
		ApplyQueryBuilder(ofCredentials(organizationID, projectID)).ApplyQueryBuilder(within(r)).
		GroupExpr("b.kind, b.id").OrderExpr("3 DESC, 4 DESC, 1, 2").Limit(int64(limit))
	err := s.get(ctx, "usage", query, &rows)
	return rows, err
}

// credentialKinds are the kinds whose uses add up to those of an organization.
var credentialKinds = []string{registry.CredentialClient, registry.CredentialAPIToken}

// startOf is the start of the bucket of that grain in which b lies.
func (s *session) startOf(g registry.Grain) bun.Safe {
	if g == registry.GrainDay {
		return s.db.dialect.startOfDay
	}
	return "b.starts_at"
}

// within leaves the buckets of the range. A day is what its hours add to what
// is aged already.
func within(r registry.UsageRange) func(bun.QueryBuilder) bun.QueryBuilder {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		grains := []registry.Grain{registry.GrainHour}
		if r.Grain == registry.GrainDay {
			grains = append(grains, registry.GrainDay)
			r.From = r.From.UTC().Truncate(day)
		}
		return q.Where("b.grain IN (?)", bun.List(grains)).
			Where("b.starts_at >= ? AND b.starts_at < ?", moment{r.From}, moment{r.To})
	}
}

// ofCredentials leaves the buckets of the credentials of an organization, and
// of one project if it is named.
func ofCredentials(organizationID, projectID string) func(bun.QueryBuilder) bun.QueryBuilder {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		q = q.Where("b.organization_id = ? AND b.kind IN (?)", organizationID, bun.List(credentialKinds))
		if projectID != "" {
			q = q.Where("(b.kind = ? AND EXISTS (SELECT 1 FROM clients AS c WHERE c.id = b.id AND c.project_id = ?)"+
				" OR b.kind = ? AND EXISTS (SELECT 1 FROM api_tokens AS t WHERE t.id = b.id AND t.project_id = ?))",
				registry.CredentialClient, projectID, registry.CredentialAPIToken, projectID)
		}
		return q
	}
}

type usageNetworkRow struct {
	bun.BaseModel `bun:"table:usage_networks,alias:n"`

	Kind      string
	ID        string
	Network   string
	FirstSeen moment
	LastSeen  moment
}

func (r usageNetworkRow) domain() registry.UsageNetwork {
	network, err := netip.ParsePrefix(r.Network)
	if err != nil {
		network = netip.Prefix{} // it was not written here
	}
	return registry.UsageNetwork{Kind: r.Kind, ID: r.ID, Network: network, FirstSeen: r.FirstSeen.Time, LastSeen: r.LastSeen.Time}
}

// UsageNetworks implements registry.UsageReader.
func (s *session) UsageNetworks(ctx context.Context, kind, id string) ([]registry.UsageNetwork, error) {
	var rows []usageNetworkRow
	query := s.bun.NewSelect().Model(&rows).Where("n.kind = ? AND n.id = ?", kind, id).
		OrderExpr("n.first_seen, n.network COLLATE ?", s.db.dialect.byteOrder)
	err := s.get(ctx, "usage", query)
	return convert(rows, usageNetworkRow.domain), err
}
