package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// usedIn selects, as b, the buckets of an hour in which clients and API tokens
// were used, but for those that have that mark for it.
func (s *session) usedIn(hour time.Time, mark string) *bun.SelectQuery {
	return s.bun.NewSelect().TableExpr("usage_buckets AS b").
		ColumnExpr("b.kind, b.id, b.organization_id, b.starts_at AS at, ? AS mark", mark).
		Where("b.grain = ? AND b.starts_at = ? AND b.cause = 0", registry.GrainHour, moment{hour}).
		Where("b.kind IN (?)", bun.List(credentialKinds)).
		Where("NOT EXISTS (SELECT 1 FROM usage_marks AS m WHERE m.kind = b.kind AND m.id = b.id AND m.mark = ? AND m.subject = ?)",
			mark, registry.UsageMark{Mark: mark, At: hour}.Subject())
}

// ofItsPast selects from the other buckets in which what b is about was used.
const ofItsPast = " FROM usage_buckets AS p WHERE p.kind = b.kind AND p.id = b.id AND p.cause = 0 AND p.grain"

// SpikeCandidates implements registry.MarkReader.
func (s *session) SpikeCandidates(
	ctx context.Context, hour, since time.Time, rules registry.UsageRules, limit int,
) ([]registry.UsageMark, error) {
	var rows []usageMarkRow
	busy := s.usedIn(hour, registry.MarkSpike).Where("b.count >= ?", rules.SpikeMinimum).ColumnExpr("b.count AS uses").
		ColumnExpr("coalesce((SELECT max(p.count)"+ofItsPast+" = ? AND p.starts_at >= ? AND p.starts_at < ?), 0) AS most",
			registry.GrainHour, moment{since}, moment{hour})
	err := s.get(ctx, "usage", s.bun.NewSelect().TableExpr("(?) AS c", busy).
		Where("c.uses > ? * c.most", rules.SpikeFactor).OrderExpr("c.kind, c.id").Limit(int64(limit)), &rows)
	return convert(rows, usageMarkRow.domain), err
}

// SilenceCandidates implements registry.MarkReader. The last use before lies
// at the end of its hour or day, as far as is known.
func (s *session) SilenceCandidates(ctx context.Context, hour time.Time, silence time.Duration, limit int) ([]registry.UsageMark, error) {
	var rows []usageMarkRow
	query := s.usedIn(hour, registry.MarkSilence)
	for grain, length := range map[registry.Grain]time.Duration{registry.GrainHour: time.Hour, registry.GrainDay: day} {
		query = query.Where("NOT EXISTS (SELECT 1"+ofItsPast+" = ? AND p.starts_at > ? AND p.starts_at < ?)",
			grain, moment{hour.Add(-silence - length)}, moment{hour})
	}
	query = query.ColumnExpr("(SELECT max(p.starts_at)"+ofItsPast+" IN (?) AND p.starts_at < ?) AS last_used_at",
		bun.List([]registry.Grain{registry.GrainHour, registry.GrainDay}), moment{hour})
	err := s.get(ctx, "usage", s.bun.NewSelect().TableExpr("(?) AS c", query).
		Where("c.last_used_at IS NOT NULL").OrderExpr("c.kind, c.id").Limit(int64(limit)), &rows)
	return convert(rows, usageMarkRow.domain), err
}

// NetworkCandidates implements registry.MarkReader.
func (s *session) NetworkCandidates(ctx context.Context, from, inUse time.Time, roaming, limit int) ([]registry.UsageMark, error) {
	var rows []usageMarkRow
	query := s.bun.NewSelect().TableExpr("usage_networks AS b").
		ColumnExpr("b.kind, b.id, b.network, b.first_seen AS at, ? AS mark", registry.MarkNewNetwork).
		ColumnExpr("(SELECT min(p.organization_id)"+ofItsPast+" IN (?) AND p.starts_at < ?) AS organization_id",
			bun.List([]registry.Grain{registry.GrainHour, registry.GrainDay}), moment{inUse}).
		Where("b.first_seen >= ?", moment{from}).
		Where("(SELECT count(*) FROM usage_networks AS o WHERE o.kind = b.kind AND o.id = b.id AND o.first_seen < b.first_seen)"+
			" BETWEEN 1 AND ?", roaming-1).
		Where("NOT EXISTS (SELECT 1 FROM usage_marks AS m WHERE m.kind = b.kind AND m.id = b.id AND m.mark = ? AND m.subject = b.network)",
			registry.MarkNewNetwork)
	err := s.get(ctx, "usage", s.bun.NewSelect().TableExpr("(?) AS c", query).
		Where("c.organization_id IS NOT NULL").OrderExpr("c.at, c.kind, c.id, c.network").Limit(int64(limit)), &rows)
	return convert(rows, usageMarkRow.domain), err
}
