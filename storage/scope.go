package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type scopeRow struct {
	bun.BaseModel `bun:"table:scopes,alias:sc"`

	ID             string `bun:",pk"`
	OrganizationID string
	Name           string
	Description    string
	Revision       int64
	CreatedAt      moment
	UpdatedAt      moment
}

func scopeRowOf(s registry.Scope) *scopeRow {
	return &scopeRow{
		ID:             s.ID,
		OrganizationID: s.OrganizationID,
		Name:           s.Name,
		Description:    s.Description,
		Revision:       s.Revision,
		CreatedAt:      moment{s.CreatedAt},
		UpdatedAt:      moment{s.UpdatedAt},
	}
}

func (r scopeRow) domain() registry.Scope {
	return registry.Scope{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		Name:           r.Name,
		Description:    r.Description,
		Revision:       r.Revision,
		CreatedAt:      r.CreatedAt.Time,
		UpdatedAt:      r.UpdatedAt.Time,
	}
}

// Scope implements registry.Reader.
func (s *session) Scope(ctx context.Context, organizationID, id string) (registry.Scope, error) {
	var row scopeRow
	err := s.get(ctx, "scope", s.bun.NewSelect().Model(&row).
		Where("sc.id = ? AND sc.organization_id = ?", id, organizationID))
	return row.domain(), err
}

// ScopePage implements registry.Reader.
func (s *session) ScopePage(ctx context.Context, organizationID string, page registry.Page) ([]registry.Scope, error) {
	var rows []scopeRow
	query := s.bun.NewSelect().Model(&rows).Where("sc.organization_id = ?", organizationID)
	err := s.get(ctx, "scope", newestFirst(s.searched(query, page, "name", "description"), page))
	return convert(rows, scopeRow.domain), err
}

// InsertScope implements registry.Tx.
func (s *session) InsertScope(ctx context.Context, scope registry.Scope) error {
	return s.insert(ctx, "scope", scopeRowOf(scope))
}

// ScopeForUpdate implements registry.Tx.
func (s *session) ScopeForUpdate(ctx context.Context, organizationID, id string) (registry.Scope, error) {
	if err := s.lock(ctx, "scope", "scopes", organizationID, id); err != nil {
		return registry.Scope{}, err
	}
	return s.Scope(ctx, organizationID, id)
}

// UpdateScope implements registry.Tx.
func (s *session) UpdateScope(ctx context.Context, scope registry.Scope) error {
	return s.execOne(ctx, "scope", s.bun.NewUpdate().Model(scopeRowOf(scope)).
		ExcludeColumn("id", "organization_id", "created_at").
		Where("sc.id = ? AND sc.organization_id = ?", scope.ID, scope.OrganizationID))
}

// DeleteScope implements registry.Tx.
func (s *session) DeleteScope(ctx context.Context, organizationID, id string) error {
	return s.execOne(ctx, "scope", s.bun.NewDelete().Table("scopes").
		Where("id = ? AND organization_id = ?", id, organizationID))
}
