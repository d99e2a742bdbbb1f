package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type apiTokenRow struct {
	bun.BaseModel `bun:"table:api_tokens,alias:t"`

	ID             string `bun:",pk"`
	OrganizationID string
	ProjectID      optional
	Type           string
	Name           string
	Description    string
	IsActive       bool
	ExpiresAt      moment
	RevokedAt      moment
	Scopes         list
	Permissions    list
	IPWhitelist    list
	PepperID       string
	Digest         digest
	Hint           string
	CreatedByKind  string
	CreatedByID    string
	CreatedVia     string
	Revision       int64
	CreatedAt      moment
	UpdatedAt      moment
	RegeneratedAt  moment

	usageColumns
	rotationColumn
}

func apiTokenRowOf(t registry.APIToken) *apiTokenRow {
	return &apiTokenRow{
		ID:             t.ID,
		OrganizationID: t.OrganizationID,
		ProjectID:      optional(t.ProjectID),
		Type:           t.Type,
		Name:           t.Name,
		Description:    t.Description,
		IsActive:       t.IsActive,
		ExpiresAt:      moment{t.ExpiresAt},
		RevokedAt:      moment{t.RevokedAt},
		Scopes:         t.Scopes,
		Permissions:    t.Permissions,
		IPWhitelist:    prefixTexts(t.IPWhitelist),
		PepperID:       t.Digest.PepperID,
		Digest:         t.Digest.Sum[:],
		Hint:           t.Hint,
		CreatedByKind:  t.CreatedBy.Kind,
		CreatedByID:    t.CreatedBy.ID,
		CreatedVia:     string(t.CreatedVia),
		Revision:       t.Revision,
		CreatedAt:      moment{t.CreatedAt},
		UpdatedAt:      moment{t.UpdatedAt},
		RegeneratedAt:  moment{t.RegeneratedAt},
	}
}

func (r apiTokenRow) domain() (registry.APIToken, error) {
	whitelist, err := parsePrefixes(r.IPWhitelist)
	if err != nil {
		return registry.APIToken{}, err
	}
	return registry.APIToken{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		ProjectID:      string(r.ProjectID),
		Type:           r.Type,
		Name:           r.Name,
		Description:    r.Description,
		IsActive:       r.IsActive,
		ExpiresAt:      r.ExpiresAt.Time,
		RevokedAt:      r.RevokedAt.Time,
		Scopes:         r.Scopes,
		Permissions:    r.Permissions,
		IPWhitelist:    whitelist,
		Digest:         r.Digest.under(r.PepperID),
		Hint:           r.Hint,
		CreatedBy:      registry.Principal{Kind: r.CreatedByKind, ID: r.CreatedByID},
		CreatedVia:     registry.CreatedVia(r.CreatedVia),
		Revision:       r.Revision,
		CreatedAt:      r.CreatedAt.Time,
		UpdatedAt:      r.UpdatedAt.Time,
		RegeneratedAt:  r.RegeneratedAt.Time,
		Usage:          r.usageColumns.domain(),
		RotationAge:    r.rotationColumn.domain(),
	}, nil
}

// APIToken implements registry.Reader.
func (s *session) APIToken(ctx context.Context, organizationID, id string) (registry.APIToken, error) {
	var row apiTokenRow
	query := s.selectAPIToken(&row).Where("t.id = ? AND t.organization_id = ?", id, organizationID)
	if err := s.get(ctx, "API token", query); err != nil {
		return registry.APIToken{}, err
	}
	return row.domain()
}

// selectAPIToken selects API tokens with their usage.
func (s *session) selectAPIToken(model any) *bun.SelectQuery {
	return withRotation(withUsage(s.bun.NewSelect().Model(model).ColumnExpr("t.*"), registry.CredentialAPIToken))
}

// APITokenPage implements registry.Reader.
func (s *session) APITokenPage(ctx context.Context, filter registry.APITokenFilter, page registry.Page) ([]registry.APIToken, error) {
	if err := s.preferIndexes(ctx); err != nil {
		return nil, err
	}
	var rows []apiTokenRow
	query := s.selectAPIToken(&rows).ApplyQueryBuilder(apiTokensThat(filter))
	query = s.narrowed(query, "t", registry.CredentialAPIToken, filter.Narrowing)
	if err := s.get(ctx, "API token", s.inOrder(query, page, "t.expires_at")); err != nil {
		return nil, err
	}
	var tokens []registry.APIToken
	for _, row := range rows {
		token, err := row.domain()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// CountAPITokens implements registry.Reader.
func (s *session) CountAPITokens(ctx context.Context, filter registry.APITokenFilter) (int, error) {
	return s.count(ctx, "API token", s.bun.NewSelect().TableExpr("api_tokens AS t").ApplyQueryBuilder(apiTokensThat(filter)))
}

// apiTokensThat are the API tokens of one organization that the filter selects.
func apiTokensThat(filter registry.APITokenFilter) func(bun.QueryBuilder) bun.QueryBuilder {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		q = q.Where("t.organization_id = ?", filter.OrganizationID)
		if filter.ProjectID != "" {
			q = q.Where("t.project_id = ?", filter.ProjectID)
		}
		if filter.CreatedBy != "" {
			q = q.Where("t.created_by_id = ?", filter.CreatedBy)
		}
		if filter.Type != "" {
			q = q.Where("t.type = ?", filter.Type)
		}
		if filter.OnlyUnrevoked {
			q = q.Where("t.revoked_at IS NULL")
		}
		return q
	}
}

// InsertAPIToken implements registry.Tx.
func (s *session) InsertAPIToken(ctx context.Context, t registry.APIToken) error {
	return s.insert(ctx, "API token", apiTokenRowOf(t))
}

// APITokenForUpdate implements registry.Tx.
func (s *session) APITokenForUpdate(ctx context.Context, organizationID, id string) (registry.APIToken, error) {
	if err := s.lock(ctx, "API token", "api_tokens", organizationID, id); err != nil {
		return registry.APIToken{}, err
	}
	return s.APIToken(ctx, organizationID, id)
}

// UpdateAPIToken implements registry.Tx.
func (s *session) UpdateAPIToken(ctx context.Context, t registry.APIToken) error {
	return s.execOne(ctx, "API token", s.bun.NewUpdate().Model(apiTokenRowOf(t)).
		ExcludeColumn("id", "organization_id", "created_by_kind", "created_by_id", "created_via", "created_at").
		Where("t.id = ? AND t.organization_id = ?", t.ID, t.OrganizationID))
}

// DeleteAPIToken implements registry.Tx. Its audit events stay.
func (s *session) DeleteAPIToken(ctx context.Context, organizationID, id string) error {
	if err := s.lock(ctx, "API token", "api_tokens", organizationID, id); err != nil {
		return err
	}
	err := s.execOne(ctx, "API token", s.bun.NewDelete().Table("api_tokens").
		Where("id = ? AND organization_id = ?", id, organizationID))
	if err != nil {
		return err
	}
	return s.deleteUsage(ctx, account{registry.CredentialAPIToken, id})
}

// LockAPITokens implements registry.Tx.
func (s *session) LockAPITokens(ctx context.Context, filter registry.APITokenFilter) ([]string, error) {
	selected := s.bun.NewSelect().TableExpr("api_tokens AS t").Column("t.id").ApplyQueryBuilder(apiTokensThat(filter))
	return s.lockSelected(ctx, "API token", selected.Order("t.created_at DESC", "t.id DESC"))
}

// RevokeAPITokens implements registry.Tx.
func (s *session) RevokeAPITokens(ctx context.Context, ids []string, at time.Time) error {
	return s.revoke(ctx, "API token", "api_tokens", ids, at)
}
