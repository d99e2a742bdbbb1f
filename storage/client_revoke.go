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
	selected := s.bun.NewSelect().TableExpr("clients AS c").Column("c.id").
		ApplyQueryBuilder(clientsThat(filter)).Order("c.id") // one order of locks for all
	if s.db.dialect.locksRows {
		selected = selected.For("UPDATE")
	}
	var ids []string
	if err := s.get(ctx, "client", selected, &ids); err != nil {
		return nil, err
	}
	for some := range slices.Chunk(ids, idsPerStatement) {
		_, err := s.exec(ctx, "client", s.bun.NewUpdate().Table("clients").
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
