package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// usageColumns are the totals beside a credential, where a read joins them.
type usageColumns struct {
	Uses       int64    `bun:",scanonly"`
	Failures   int64    `bun:",scanonly"`
	LastUsedAt moment   `bun:",scanonly"`
	LastUsedIP optional `bun:",scanonly"`

	LastFailedAt    moment   `bun:",scanonly"`
	LastFailedIP    optional `bun:",scanonly"`
	LastFailedCause int64    `bun:",scanonly"`
}

func (u usageColumns) domain() registry.Usage {
	return registry.Usage{
		Count:      u.Uses,
		Failures:   u.Failures,
		LastUsedAt: u.LastUsedAt.Time,
		LastUsedIP: parseAddress(u.LastUsedIP),

		LastFailedAt:    u.LastFailedAt.Time,
		LastFailedIP:    parseAddress(u.LastFailedIP),
		LastFailedCause: registry.Cause(u.LastFailedCause),
	}
}

// withUsage adds the usageColumns of credentials of that kind to a query.
func withUsage(query *bun.SelectQuery, kind string) *bun.SelectQuery {
	return query.ColumnExpr("u.uses, u.failures, u.last_used_at, u.last_used_ip, u.last_failed_at, u.last_failed_ip, u.last_failed_cause").
		Join("LEFT JOIN usage_totals AS u ON u.kind = ? AND u.id = ?TableAlias.id", kind)
}

// usageTables hold usage, and what the server said about it, by kind and id.
var usageTables = []string{"usage_totals", "usage_buckets", "usage_networks", "usage_marks", "credential_warnings"}

// account is whose usage a row is.
type account struct{ Kind, ID string }

// deleteUsage deletes the usage of a few accounts. That of their organization
// stays.
func (s *session) deleteUsage(ctx context.Context, accounts ...account) error {
	if len(accounts) == 0 {
		return nil
	}
	for _, table := range usageTables {
		_, err := s.exec(ctx, "usage", s.bun.NewDelete().Table(table).WhereGroup("", func(q *bun.DeleteQuery) *bun.DeleteQuery {
			for _, a := range accounts {
				q = q.WhereOr("kind = ? AND id = ?", a.Kind, a.ID)
			}
			return q
		}))
		if err != nil {
			return err
		}
	}
	return nil
}
