package storage

import (
	"context"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// LockClients implements registry.Tx.
func (s *session) LockClients(ctx context.Context, filter registry.ClientFilter) ([]string, error) {
	selected := s.bun.NewSelect().TableExpr("clients AS c").Column("c.id").ApplyQueryBuilder(clientsThat(filter))
	return s.lockSelected(ctx, "client", selected.Order("c.created_at DESC", "c.id DESC"))
}

// RevokeClients implements registry.Tx.
func (s *session) RevokeClients(ctx context.Context, ids []string, at time.Time) error {
	return s.revoke(ctx, "client", "clients", ids, at)
}

// lockSelected locks the credentials whose ids a query selects, in the one
// order that all take, and returns the ids in it.
func (s *session) lockSelected(ctx context.Context, what string, selected *bun.SelectQuery) ([]string, error) {
	if err := s.preferIndexes(ctx); err != nil {
		return nil, err
	}
	if s.db.dialect.locksRows {
		selected = selected.For("UPDATE")
	}
	var ids []string
	err := s.get(ctx, what, selected, &ids)
	return ids, err
}

// revoke revokes the credentials of a table. In the order in which they were
// created, either way, they lie beside each other in the table and in most of
// its indexes: for very many that takes half as long as any other order.
func (s *session) revoke(ctx context.Context, what, table string, ids []string, at time.Time) error {
	for some := range slices.Chunk(ids, idsPerStatement) {
		_, err := s.exec(ctx, what, s.bun.NewUpdate().Table(table).
			Set("revoked_at = ?", moment{at}).
			Set("updated_at = ?", moment{at}).
			Set("revision = revision + 1").
			Where("id IN (?)", bun.List(some)))
		if err != nil {
			return err
		}
	}
	return nil
}
