package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// count counts what a query selects.
func (s *session) count(ctx context.Context, what string, selected *bun.SelectQuery) (n int, err error) {
	if err := s.preferIndexes(ctx); err != nil {
		return 0, err
	}
	err = s.get(ctx, what, selected.ColumnExpr("count(*)"), &n)
	return n, err
}

// CredentialCounts implements registry.WatchReader.
func (s *session) CredentialCounts(ctx context.Context, q registry.CountQuery) (registry.CredentialCounts, error) {
	var counts registry.CredentialCounts
	for _, of := range []struct{ kind, table string }{
		{registry.CredentialClient, "clients"}, {registry.CredentialAPIToken, "api_tokens"},
	} {
		var rows []registry.CredentialCount
		if err := s.get(ctx, of.kind, s.countOf(of.kind, of.table, q), &rows); err != nil {
			return counts, err
		}
		counts.Credentials = append(counts.Credentials, rows...)
	}
	due, args := s.due(q.At)
	query := s.bun.NewSelect().TableExpr("("+due+") AS w", args...).
		ColumnExpr("w.kind, w.warning, count(*) AS count").GroupExpr("w.kind, w.warning").OrderExpr("1, 2")
	err := s.get(ctx, "warning", ofTenant(query, "w", q), &counts.Due)
	return counts, err
}

// countOf counts the credentials of one kind by their status.
func (s *session) countOf(kind, table string, q registry.CountQuery) *bun.SelectQuery {
	status, args := statusOf("c", q.At, kind)
	query := s.bun.NewSelect().TableExpr(table+" AS c").ColumnExpr("? AS kind", kind).ColumnExpr(status+" AS status", args...).
		ColumnExpr("count(*) AS count").
		ColumnExpr("count(*) - count(u.last_used_at) AS never_used").
		ColumnExpr("count(CASE WHEN coalesce(u.last_used_at, c.created_at) <= ? THEN 1 END) AS unused", moment{q.UnusedSince}).
		Join("LEFT JOIN usage_totals AS u ON u.kind = ? AND u.id = c.id", kind).
		GroupExpr("2").OrderExpr("2")
	if kind == registry.CredentialClient {
		query = query.Where("(c.confirm_by IS NULL OR c.revoked_at IS NOT NULL OR c.confirm_by > ?)", moment{q.At})
	}
	return ofTenant(query, "c", q)
}

// ofTenant leaves what belongs to the organization and project of q.
func ofTenant(query *bun.SelectQuery, alias string, q registry.CountQuery) *bun.SelectQuery {
	if q.OrganizationID != "" {
		query = query.Where(alias+".organization_id = ?", q.OrganizationID)
	}
	if q.ProjectID != "" {
		query = query.Where(alias+".project_id = ?", q.ProjectID)
	}
	return query
}
