package storage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// usageColumns are the totals beside a credential, where a read joins them.
type usageColumns struct {
	Uses       int64    `bun:",scanonly"`
	Failures   int64    `bun:",scanonly"`
	LastUsedAt moment   `bun:",scanonly"`
	LastUsedIP optional `bun:",scanonly"`
}

func (u usageColumns) domain() registry.Usage {
	return registry.Usage{
		Count:      u.Uses,
		Failures:   u.Failures,
		LastUsedAt: u.LastUsedAt.Time,
		LastUsedIP: parseAddress(u.LastUsedIP),
	}
}

// withUsage adds the usageColumns of credentials of that kind to a query.
func withUsage(query *bun.SelectQuery, kind string) *bun.SelectQuery {
	return query.ColumnExpr("u.uses, u.failures, u.last_used_at, u.last_used_ip").
		Join("LEFT JOIN usage_totals AS u ON u.kind = ? AND u.id = ?TableAlias.id", kind)
}

type usageBatchRow struct {
	bun.BaseModel `bun:"table:usage_batches"`

	ID      string `bun:",pk"`
	AddedAt moment
}

const (
	deltasPerStatement = 500
	// batchMemory is how long the id of a batch is known, and so how late it
	// may be repeated.
	batchMemory = 24 * time.Hour
)

// AddUsage implements registry.UsageStore. What was used and is deleted by now
// is left out. The time of last use only moves forward.
func (db *DB) AddUsage(ctx context.Context, batchID string, at time.Time, deltas []registry.UsageDelta) error {
	rows := usageValuesOf(deltas)
	return db.transact(ctx, db.write, nil, func(s *session) error {
		n, err := s.exec(ctx, "usage batch", s.bun.NewInsert().
			Model(&usageBatchRow{ID: batchID, AddedAt: moment{at}}).On("CONFLICT (id) DO NOTHING"))
		if err != nil || n == 0 {
			return err
		}
		for some := range slices.Chunk(rows, deltasPerStatement) {
			if err := s.addUsage(ctx, some); err != nil {
				return err
			}
		}
		_, err = s.exec(ctx, "usage batch", s.bun.NewDelete().Table("usage_batches").
			Where("added_at < ?", moment{at.Add(-batchMemory)}))
		return err
	})
}

// usageValue is what one statement adds to one credential.
type usageValue struct {
	Kind, ID       string
	Uses, Failures int64
	LastUsedAt     moment
	LastUsedIP     optional
}

// usageValuesOf orders the deltas by kind and id, so that replicas that add at
// the same time wait for each other and never in a circle, and makes one of
// several for the same credential.
func usageValuesOf(deltas []registry.UsageDelta) []usageValue {
	sorted := slices.SortedFunc(slices.Values(deltas), func(a, b registry.UsageDelta) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), a.LastUsedAt.Compare(b.LastUsedAt))
	})
	var values []usageValue
	for _, d := range sorted {
		if n := len(values); n == 0 || values[n-1].Kind != d.Kind || values[n-1].ID != d.ID {
			values = append(values, usageValue{Kind: d.Kind, ID: d.ID})
		}
		v := &values[len(values)-1]
		v.Uses += d.Uses
		v.Failures += d.Failures
		if !d.LastUsedAt.IsZero() {
			v.LastUsedAt, v.LastUsedIP = moment{d.LastUsedAt}, addressText(d.LastUsedIP)
		}
	}
	return values
}

const addUsageQuery = `
INSERT INTO usage_totals AS u (kind, id, uses, failures, last_used_at, last_used_ip)
SELECT v.column1, v.column2, v.column3, v.column4, CAST(v.column5 AS ?), CAST(v.column6 AS text)
FROM (VALUES ?) AS v
WHERE v.column1 = 'client' AND EXISTS (SELECT 1 FROM clients AS c WHERE c.id = v.column2)
   OR v.column1 = 'secret' AND EXISTS (SELECT 1 FROM secrets AS s WHERE s.id = v.column2)
   OR v.column1 = 'api_token' AND EXISTS (SELECT 1 FROM api_tokens AS t WHERE t.id = v.column2)
ORDER BY v.column1 COLLATE ?, v.column2 COLLATE ?
ON CONFLICT (kind, id) DO UPDATE SET
  uses = u.uses + excluded.uses,
  failures = u.failures + excluded.failures,
  last_used_ip = CASE WHEN excluded.last_used_at >= coalesce(u.last_used_at, excluded.last_used_at)
                      THEN excluded.last_used_ip ELSE u.last_used_ip END,
  last_used_at = CASE WHEN excluded.last_used_at >= coalesce(u.last_used_at, excluded.last_used_at)
                      THEN excluded.last_used_at ELSE u.last_used_at END`

func (s *session) addUsage(ctx context.Context, values []usageValue) error {
	tuples := convert(values, func(v usageValue) bun.TupleValues {
		return bun.Tuple([]any{v.Kind, v.ID, v.Uses, v.Failures, v.LastUsedAt, v.LastUsedIP})
	})
	dialect := s.db.dialect
	_, err := s.exec(ctx, "usage",
		s.bun.NewRaw(addUsageQuery, dialect.timeType, bun.List(tuples), dialect.byteOrder, dialect.byteOrder))
	return err
}
