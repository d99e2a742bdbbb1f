package storage

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// RevokeClients implements registry.Tx.
func (s *session) RevokeClients(ctx context.Context, filter registry.ClientFilter, at time.Time) ([]string, error) {
	filter.OnlyUnrevoked = true
	selected := s.bun.NewSelect().TableExpr("clients AS c").Column("c.id").ApplyQueryBuilder(clientsThat(filter))
	return s.revokeSelected(ctx, "client", "clients", selected.Order("c.id"), at)
}

// revokeSelected revokes the credentials whose ids a query selects, in one
// order of locks for all, and returns the ids.
func (s *session) revokeSelected(ctx context.Context, what, table string, selected *bun.SelectQuery, at time.Time) ([]string, error) {
	if s.db.dialect.locksRows {
		selected = selected.For("UPDATE")
	}
	var ids []string
	if err := s.get(ctx, what, selected, &ids); err != nil {
		return nil, err
	}
	for some := range slices.Chunk(ids, idsPerStatement) {
		_, err := s.exec(ctx, what, s.bun.NewUpdate().Table(table).
			Set("revoked_at = ?", moment{at}).
			Set("updated_at = ?", moment{at}).
			Set("revision = revision + 1").
			Where("id IN (?)", bun.List(some)))
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	return ids, nil
}
