package storage

import (
	"github.com/uptrace/bun"

	"keywright/registry"
)

// newestFirst orders and cuts a list by its created_at and, where times are
// equal, its id; so a page stays where it is while rows are added.
func newestFirst(query *bun.SelectQuery, page registry.Page) *bun.SelectQuery {
	query = query.OrderExpr("?TableAlias.created_at DESC, ?TableAlias.id DESC").Limit(int64(page.Limit))
	if page.AfterID != "" {
		query = query.Where("(?TableAlias.created_at, ?TableAlias.id) < (?, ?)", moment{page.AfterAt}, page.AfterID)
	}
	return query
}

// searched leaves the rows that have what is searched for in one of those columns.
func (s *session) searched(query *bun.SelectQuery, page registry.Page, columns ...string) *bun.SelectQuery {
	if page.Search == "" {
		return query
	}
	pattern := "%" + literal.Replace(page.Search) + "%"
	return query.WhereGroup(" AND ", func(query *bun.SelectQuery) *bun.SelectQuery {
		for _, column := range columns {
			query = query.WhereOr("?TableAlias."+column+" ? ? ESCAPE '!'", s.db.dialect.like, pattern)
		}
		return query
	})
}

// inOrder is newestFirst for a list of credentials, in the order that the page
// asks for. Each has an index of the table, but for the time of last use,
// which stands in another one.
func (s *session) inOrder(query *bun.SelectQuery, page registry.Page, expiry bun.Safe) *bun.SelectQuery {
	dialect := s.db.dialect
	var column string
	var after any
	switch page.Sort.By {
	case registry.SortName:
		column, after = "?TableAlias.name COLLATE "+string(dialect.byteOrder), page.AfterName
	case registry.SortExpiresAt:
		column, after = string(expiry), momentOr(page, dialect.lastTime)
	case registry.SortLastUsedAt:
		column, after = "coalesce(u.last_used_at, '"+dialect.firstTime+"')", momentOr(page, dialect.firstTime)
	default:
		column, after = "?TableAlias.created_at", moment{page.AfterAt}
	}
	direction, behind := " DESC", " < "
	if page.Sort.Ascending {
		direction, behind = " ASC", " > "
	}
	query = query.OrderExpr(column + direction + ", ?TableAlias.id" + direction).Limit(int64(page.Limit))
	if page.AfterID != "" {
		query = query.Where("("+column+", ?TableAlias.id)"+behind+"(?, ?)", after, page.AfterID)
	}
	return query
}

// momentOr is the time of the row that a page comes after, or where it has
// none what stands for that.
func momentOr(page registry.Page, none string) any {
	if page.AfterAt.IsZero() {
		return none
	}
	return moment{page.AfterAt}
}
