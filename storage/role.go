package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type roleRow struct {
	bun.BaseModel `bun:"table:roles,alias:r"`

	ID             string `bun:",pk"`
	OrganizationID string
	Name           string
	Description    string
	Scopes         list
	Permissions    list
	Revision       int64
	CreatedAt      moment
	UpdatedAt      moment
}

func roleRowOf(r registry.Role) *roleRow {
	return &roleRow{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		Name:           r.Name,
		Description:    r.Description,
		Scopes:         r.Scopes,
		Permissions:    r.Permissions,
		Revision:       r.Revision,
		CreatedAt:      moment{r.CreatedAt},
		UpdatedAt:      moment{r.UpdatedAt},
	}
}

func (r roleRow) domain() registry.Role {
	return registry.Role{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		Name:           r.Name,
		Description:    r.Description,
		Scopes:         r.Scopes,
		Permissions:    r.Permissions,
		Revision:       r.Revision,
		CreatedAt:      r.CreatedAt.Time,
		UpdatedAt:      r.UpdatedAt.Time,
	}
}

// Role implements registry.Reader.
func (s *session) Role(ctx context.Context, organizationID, id string) (registry.Role, error) {
	var row roleRow
	err := s.get(ctx, "role", s.bun.NewSelect().Model(&row).
		Where("r.id = ? AND r.organization_id = ?", id, organizationID))
	return row.domain(), err
}

// Roles implements registry.Reader. They are ordered by name.
func (s *session) Roles(ctx context.Context, organizationID string) ([]registry.Role, error) {
	var rows []roleRow
	err := s.get(ctx, "role", s.bun.NewSelect().Model(&rows).
		Where("r.organization_id = ?", organizationID).Order("r.name"))
	return convert(rows, roleRow.domain), err
}

// RolePage implements registry.Reader.
func (s *session) RolePage(ctx context.Context, organizationID string, page registry.Page) ([]registry.Role, error) {
	var rows []roleRow
	query := s.bun.NewSelect().Model(&rows).Where("r.organization_id = ?", organizationID)
	err := s.get(ctx, "role", newestFirst(s.searched(query, page, "name", "description"), page))
	return convert(rows, roleRow.domain), err
}

// InsertRole implements registry.Tx.
func (s *session) InsertRole(ctx context.Context, r registry.Role) error {
	return s.insert(ctx, "role", roleRowOf(r))
}

// RoleForUpdate implements registry.Tx.
func (s *session) RoleForUpdate(ctx context.Context, organizationID, id string) (registry.Role, error) {
	if err := s.lock(ctx, "role", "roles", organizationID, id); err != nil {
		return registry.Role{}, err
	}
	return s.Role(ctx, organizationID, id)
}

// UpdateRole implements registry.Tx.
func (s *session) UpdateRole(ctx context.Context, r registry.Role) error {
	return s.execOne(ctx, "role", s.bun.NewUpdate().Model(roleRowOf(r)).
		ExcludeColumn("id", "organization_id", "created_at").
		Where("r.id = ? AND r.organization_id = ?", r.ID, r.OrganizationID))
}

// DeleteRole implements registry.Tx. A role that somebody holds is in use.
func (s *session) DeleteRole(ctx context.Context, organizationID, id string) error {
	return s.execOne(ctx, "role", s.bun.NewDelete().Table("roles").
		Where("id = ? AND organization_id = ?", id, organizationID))
}
