package storage

import (
	"github.com/uptrace/bun"

	"keywright/registry"
)

// newestFirst orders and cuts a list by its created_at and, where times are
// equal, its id; so a page stays where it is while rows are added.
func newestFirst(query *bun.SelectQuery, page registry.Page) *bun.SelectQuery {
	query = query.OrderExpr("?TableAlias.created_at DESC, ?TableAlias.id DESC").Limit(int64(page.Limit))
	if !page.AfterAt.IsZero() {
		query = query.Where("(?TableAlias.created_at, ?TableAlias.id) < (?, ?)", moment{page.AfterAt}, page.AfterID)
	}
	return query
}
