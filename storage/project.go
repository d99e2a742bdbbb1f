package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type projectRow struct {
	bun.BaseModel `bun:"table:projects,alias:p"`

	ID             string `bun:",pk"`
	OrganizationID string
	Name           string
	Description    string
	CutOff         int64
	Revision       int64
	CreatedAt      moment
	UpdatedAt      moment
}

func projectRowOf(p registry.Project) *projectRow {
	return &projectRow{
		ID:             p.ID,
		OrganizationID: p.OrganizationID,
		Name:           p.Name,
		Description:    p.Description,
		CutOff:         int64(p.CutOff),
		Revision:       p.Revision,
		CreatedAt:      moment{p.CreatedAt},
		UpdatedAt:      moment{p.UpdatedAt},
	}
}

func (r projectRow) domain() registry.Project {
	return registry.Project{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		Name:           r.Name,
		Description:    r.Description,
		CutOff:         registry.Position(r.CutOff),
		Revision:       r.Revision,
		CreatedAt:      r.CreatedAt.Time,
		UpdatedAt:      r.UpdatedAt.Time,
	}
}

// Project implements registry.Reader.
func (s *session) Project(ctx context.Context, organizationID, id string) (registry.Project, error) {
	var row projectRow
	err := s.get(ctx, "project", s.bun.NewSelect().Model(&row).
		Where("p.id = ? AND p.organization_id = ?", id, organizationID))
	return row.domain(), err
}

// InsertProject implements registry.Tx.
func (s *session) InsertProject(ctx context.Context, p registry.Project) error {
	return s.insert(ctx, "project", projectRowOf(p))
}
