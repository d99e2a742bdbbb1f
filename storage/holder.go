package storage

import (
	"context"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"keywright/registry"
)

// ClientHolding implements registry.Reader.
func (s *session) ClientHolding(ctx context.Context, filter registry.ClientFilter, prefix string) (string, error) {
	return s.newestHolder(ctx, "client", s.bun.NewSelect().TableExpr("clients AS c").ApplyQueryBuilder(clientsThat(filter)).
		Where("(? OR c.id IN (SELECT cr.client_id FROM client_roles AS cr JOIN roles AS r ON r.id = cr.role_id WHERE r.organization_id = ? AND ?))",
			s.hasPrefixed("c.scopes", prefix), filter.OrganizationID, s.hasPrefixed("r.scopes", prefix)).
		Column("c.id").OrderExpr("c.created_at DESC, c.id DESC"))
}

// APITokenHolding implements registry.Reader.
func (s *session) APITokenHolding(ctx context.Context, filter registry.APITokenFilter, prefix string) (string, error) {
	return s.newestHolder(ctx, "API token", s.bun.NewSelect().TableExpr("api_tokens AS t").ApplyQueryBuilder(apiTokensThat(filter)).
		Where("?", s.hasPrefixed("t.scopes", prefix)).
		Column("t.id").OrderExpr("t.created_at DESC, t.id DESC"))
}

// newestHolder is the first id that a query selects, or empty.
func (s *session) newestHolder(ctx context.Context, what string, selected *bun.SelectQuery) (string, error) {
	if err := s.preferIndexes(ctx); err != nil {
		return "", err
	}
	var ids []string
	if err := s.get(ctx, what, selected.Limit(1), &ids); err != nil || len(ids) == 0 {
		return "", err
	}
	return ids[0], nil
}

// hasPrefixed is the condition that a JSON list holds a string with a prefix,
// in that very case, whatever LIKE would take for the same.
func (s *session) hasPrefixed(column, prefix string) schema.QueryWithArgs {
	entries := forEach("{entries:"+column+"}", "{entries:", s.db.dialect.entries)
	return bun.SafeQuery("EXISTS (SELECT 1 FROM "+entries+" WHERE substr(entry.value, 1, length(?0)) = ?0)", prefix)
}
