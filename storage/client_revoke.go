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
	return s.lockSelected(ctx, "client", selected.Order("c.id"))
}

// RevokeClients implements registry.Tx.
func (s *session) RevokeClients(ctx context.Context, ids []string, at time.Time, cutOff registry.Position) error {
	return s.revoke(ctx, "client", ids, at, func() *bun.UpdateQuery {
		return s.bun.NewUpdate().Table("clients").Set("cut_off = ?", int64(cutOff))
	})
}

// lockSelected locks the credentials whose ids a query selects, in one order
// for all, and returns the ids.
func (s *session) lockSelected(ctx context.Context, what string, selected *bun.SelectQuery) ([]string, error) {
	if err := s.preferIndexes(ctx); err != nil {
		return nil, err
	}
	if s.db.dialect.locksRows {
		selected = selected.For("UPDATE")
	}
	var ids []string
	if err := s.get(ctx, what, selected, &ids); err != nil {
		return nil, err
	}
	slices.Sort(ids)
	return ids, nil
}

// revoke revokes credentials by an update of their table, begun anew for each statement.
func (s *session) revoke(ctx context.Context, what string, ids []string, at time.Time, update func() *bun.UpdateQuery) error {
	for some := range slices.Chunk(ids, idsPerStatement) {
		_, err := s.exec(ctx, what, update().
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
