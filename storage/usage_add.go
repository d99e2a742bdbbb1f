package storage

import (
	"context"
	"strings"
	"time"

	"keywright/registry"
)

const (
	// batchMemory is how long the id of a batch is known, and so how late it
	// may be repeated.
	batchMemory = 24 * time.Hour
	// usagePerStatement keeps statements below SQLite's longest.
	usagePerStatement = 500
)

// AddUsage implements registry.UsageStore. The times of last use and of last
// failure only move forward.
func (db *DB) AddUsage(ctx context.Context, batchID string, at time.Time, deltas []registry.UsageDelta) error {
	sums := sumUsage(deltas)
	forget := moment{at.Add(-batchMemory)}
	if !db.dialect.locksRows {
		return db.change(ctx, db.timeout, func(s *session) error {
			return s.addUsage(ctx, batchID, moment{at}, sums, forget)
		})
	}
	rows, err := sums.json()
	if err != nil {
		return registry.Unavailable(err)
	}
	return db.repeat(ctx, db.timeout, func(ctx context.Context) error {
		s := db.single(db.write)
		_, err := s.exec(ctx, "usage", s.bun.NewRaw(addUsageAtOnce(db.dialect), batchID, moment{at}, rows[0], rows[1], rows[2], forget))
		return err
	})
}

// addUsage adds a batch as several statements, for a database where that costs
// no round trips.
func (s *session) addUsage(ctx context.Context, batchID string, at moment, sums usageSums, forget moment) error {
	n, err := s.exec(ctx, "usage", s.bun.NewRaw(addUsageBatch, batchID, at))
	if err != nil || n == 0 {
		return err
	}
	for part := range sums.parts(usagePerStatement) {
		rows, err := part.json()
		if err != nil {
			return registry.Unavailable(err)
		}
		for i, query := range addUsageQueries {
			if _, err := s.exec(ctx, "usage", s.bun.NewRaw(query.in(s.db.dialect), rows[i])); err != nil {
				return err
			}
		}
	}
	_, err = s.exec(ctx, "usage", s.bun.NewRaw(forgetUsageBatches, forget))
	return err
}

const (
	addUsageBatch      = "INSERT INTO usage_batches (id, added_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING"
	forgetUsageBatches = "DELETE FROM usage_batches WHERE added_at < ?"
)

// usageQuery adds rows that come as a JSON array of objects. Rows are locked in
// one order, so that replicas that add at the same time wait for each other
// and never in a circle.
type usageQuery struct {
	columns string // of the rows, with their types
	text    string
}

// addUsageQueries add to totals, buckets and networks, in this order.
var addUsageQueries = [...]usageQuery{
	{
		"kind text, id text, uses bigint, failures bigint, used_at timestamptz, used_ip text, failed_at timestamptz, failed_ip text, failed_cause bigint",
		`INSERT INTO usage_totals AS u
  (kind, id, uses, failures, last_used_at, last_used_ip, last_failed_at, last_failed_ip, last_failed_cause)
SELECT v.kind, v.id, v.uses, v.failures, v.used_at, v.used_ip, v.failed_at, v.failed_ip, v.failed_cause
FROM {rows} WHERE {there} ORDER BY v.kind COLLATE {bytes}, v.id COLLATE {bytes}
ON CONFLICT (kind, id) DO UPDATE SET
  uses = u.uses + excluded.uses,
  failures = u.failures + excluded.failures,
  last_used_ip = CASE WHEN excluded.last_used_at >= coalesce(u.last_used_at, excluded.last_used_at)
                      THEN excluded.last_used_ip ELSE u.last_used_ip END,
  last_used_at = CASE WHEN excluded.last_used_at >= coalesce(u.last_used_at, excluded.last_used_at)
                      THEN excluded.last_used_at ELSE u.last_used_at END,
  last_failed_ip = CASE WHEN excluded.last_failed_at >= coalesce(u.last_failed_at, excluded.last_failed_at)
                        THEN excluded.last_failed_ip ELSE u.last_failed_ip END,
  last_failed_cause = CASE WHEN excluded.last_failed_at >= coalesce(u.last_failed_at, excluded.last_failed_at)
                           THEN excluded.last_failed_cause ELSE u.last_failed_cause END,
  last_failed_at = CASE WHEN excluded.last_failed_at >= coalesce(u.last_failed_at, excluded.last_failed_at)
                        THEN excluded.last_failed_at ELSE u.last_failed_at END`,
	}, {
		"kind text, id text, organization_id text, grain text, starts_at timestamptz, cause bigint, count bigint",
		`INSERT INTO usage_buckets AS b (kind, id, organization_id, grain, starts_at, cause, count)
SELECT v.kind, v.id, v.organization_id, v.grain, v.starts_at, v.cause, v.count
FROM {rows} WHERE {there} ORDER BY v.kind COLLATE {bytes}, v.id COLLATE {bytes}, v.grain, v.starts_at, v.cause
ON CONFLICT (kind, id, grain, starts_at, cause) DO UPDATE SET count = b.count + excluded.count`,
	}, {
		"kind text, id text, network text, first_seen timestamptz, last_seen timestamptz",
		`INSERT INTO usage_networks AS n (kind, id, network, first_seen, last_seen)
SELECT v.kind, v.id, v.network, v.first_seen, v.last_seen
FROM {rows} WHERE {there} ORDER BY v.kind COLLATE {bytes}, v.id COLLATE {bytes}, v.network COLLATE {bytes}
ON CONFLICT (kind, id, network) DO UPDATE SET
  first_seen = CASE WHEN excluded.first_seen < n.first_seen THEN excluded.first_seen ELSE n.first_seen END,
  last_seen = CASE WHEN excluded.last_seen > n.last_seen THEN excluded.last_seen ELSE n.last_seen END`,
	},
}

// accountThere is the condition that what a row is about is not deleted.
const accountThere = `(v.kind = 'client' AND EXISTS (SELECT 1 FROM clients AS x WHERE x.id = v.id)
  OR v.kind = 'secret' AND EXISTS (SELECT 1 FROM secrets AS x WHERE x.id = v.id)
  OR v.kind = 'key' AND EXISTS (SELECT 1 FROM client_keys AS x WHERE x.id = v.id)
  OR v.kind = 'api_token' AND EXISTS (SELECT 1 FROM api_tokens AS x WHERE x.id = v.id)
  OR v.kind = 'organization' AND EXISTS (SELECT 1 FROM organizations AS x WHERE x.id = v.id))`

// in writes the query for a database.
func (q usageQuery) in(d sqlDialect) string {
	rows := "json_to_recordset(?) AS v(" + q.columns + ")"
	if d.name == "sqlite" {
		var columns []string
		for column := range strings.SplitSeq(q.columns, ", ") {
			name, _, _ := strings.Cut(column, " ")
			columns = append(columns, "value ->> '"+name+"' AS "+name)
		}
		rows = "(SELECT " + strings.Join(columns, ", ") + " FROM json_each(?)) AS v"
	}
	return strings.NewReplacer("{rows}", rows, "{there}", accountThere, "{bytes}", string(d.byteOrder)).Replace(q.text)
}

// addUsageAtOnce is all of it in one statement, which does nothing if the
// batch is known. The parts run one after the other, in the same order every
// time.
func addUsageAtOnce(d sqlDialect) string {
	part := func(q usageQuery) string {
		return strings.Replace(q.in(d), accountThere, accountThere+" AND EXISTS (SELECT 1 FROM batch)", 1)
	}
	return "WITH batch AS (" + addUsageBatch + " RETURNING id), " +
		"totals AS (" + part(addUsageQueries[0]) + "), " +
		"buckets AS (" + part(addUsageQueries[1]) + "), " +
		"networks AS (" + part(addUsageQueries[2]) + ") " +
		forgetUsageBatches
}
