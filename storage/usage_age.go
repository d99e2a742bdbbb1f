package storage

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"keywright/registry"
)

// AgeUsage implements registry.UsageStore. Deleting an hourly bucket and adding
// it to its day are one transaction, and a bucket is deleted with the count
// that it has at that moment. An hour that comes late is a new bucket, which
// ages in its turn.
func (db *DB) AgeUsage(ctx context.Context, until registry.UsageAge, limit int) (int64, error) {
	var all int64
	for _, age := range []func(*session) (int64, error){
		func(s *session) (int64, error) { return s.ageHours(ctx, until.Hours, limit) },
		func(s *session) (int64, error) { return s.deleteDays(ctx, until.Days, limit) },
		func(s *session) (int64, error) { return s.deleteNetworks(ctx, until.Networks, limit) },
	} {
		var n int64
		err := db.change(ctx, db.timeout, func(s *session) (err error) {
			n, err = age(s)
			return err
		})
		if err != nil {
			return all, err
		}
		all += n
	}
	return all, nil
}

const (
	day = 24 * time.Hour

	deleteOldBuckets = `DELETE FROM usage_buckets WHERE (kind, id, grain, starts_at, cause) IN (
  SELECT kind, id, grain, starts_at, cause FROM usage_buckets WHERE grain = ? AND starts_at < ?
  ORDER BY starts_at LIMIT ?)`

	deleteSurplusNetworks = `DELETE FROM usage_networks WHERE (kind, id, network) IN (
  SELECT kind, id, network FROM (
    SELECT kind, id, network, row_number() OVER (PARTITION BY kind, id ORDER BY last_seen DESC, network) AS place
    FROM usage_networks WHERE (kind, id) IN (SELECT kind, id FROM usage_networks WHERE first_seen >= ?)
  ) AS placed WHERE place > ? LIMIT ?)`
)

// ageHours makes days of hourly buckets of days that were over by then.
func (s *session) ageHours(ctx context.Context, before time.Time, limit int) (int64, error) {
	var hours []usageBucketRow
	query := s.bun.NewRaw(deleteOldBuckets+" RETURNING kind, id, organization_id, starts_at, cause, count",
		registry.GrainHour, moment{before.UTC().Truncate(day)}, limit)
	if err := s.get(ctx, "usage", query, &hours); err != nil {
		return 0, err
	}
	add := addUsageQueries[1].in(s.db.dialect)
	for some := range slices.Chunk(daysOf(hours), usagePerStatement) {
		rows, err := json.Marshal(some)
		if err != nil {
			return 0, registry.Unavailable(err)
		}
		if _, err := s.exec(ctx, "usage", s.bun.NewRaw(add, string(rows))); err != nil {
			return 0, err
		}
	}
	return int64(len(hours)), nil
}

// daysOf sums hourly buckets by day, in the order of the table's key.
func daysOf(hours []usageBucketRow) []usageBucket {
	sums := map[usageBucket]int64{}
	for _, h := range hours {
		start := moment{h.StartsAt.Truncate(day)}
		sums[usageBucket{h.Kind, h.ID, h.OrganizationID, string(registry.GrainDay), start, h.Cause, 0}] += h.Count
	}
	days := make([]usageBucket, 0, len(sums))
	for b, count := range sums {
		b.Count = count
		days = append(days, b)
	}
	slices.SortFunc(days, func(a, b usageBucket) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), a.StartsAt.Compare(b.StartsAt.Time), cmp.Compare(a.Cause, b.Cause))
	})
	return days
}

func (s *session) deleteDays(ctx context.Context, before time.Time, limit int) (int64, error) {
	return s.exec(ctx, "usage", s.bun.NewRaw(deleteOldBuckets, registry.GrainDay, moment{before}, limit))
}

func (s *session) deleteNetworks(ctx context.Context, since time.Time, limit int) (int64, error) {
	return s.exec(ctx, "usage", s.bun.NewRaw(deleteSurplusNetworks, moment{since}, registry.MaxUsageNetworks, limit))
}
