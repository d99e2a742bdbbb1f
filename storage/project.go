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

// ProjectPage implements registry.Reader.
func (s *session) ProjectPage(ctx context.Context, organizationID, id string, page registry.Page) ([]registry.Project, error) {
	var rows []projectRow
	query := s.bun.NewSelect().Model(&rows).Where("p.organization_id = ?", organizationID)
	if id != "" {
		query = query.Where("p.id = ?", id)
	}
	err := s.get(ctx, "project", newestFirst(s.searched(query, page, "name", "description"), page))
	return convert(rows, projectRow.domain), err
}

// ProjectUsers implements registry.Reader. They are ordered by kind and name.
func (s *session) ProjectUsers(ctx context.Context, organizationID, id string, limit int) ([]registry.User, error) {
	var users []registry.User
	for _, user := range []struct{ kind, table string }{
		{registry.FeedApplication, "applications"}, {registry.FeedClient, "clients"}, {registry.FeedAPIToken, "api_tokens"},
	} {
		var some []registry.User
		err := s.get(ctx, user.kind, s.bun.NewSelect().Table(user.table).ColumnExpr("? AS kind, id, name", user.kind).
			Where("project_id = ? AND organization_id = ?", id, organizationID).
			Order("name", "id").Limit(int64(limit)), &some)
		if err != nil {
			return nil, err
		}
		users = append(users, some...)
	}
	return users, nil
}

// ProjectForUpdate implements registry.Tx.
func (s *session) ProjectForUpdate(ctx context.Context, organizationID, id string) (registry.Project, error) {
	if err := s.lock(ctx, "project", "projects", organizationID, id); err != nil {
		return registry.Project{}, err
	}
	return s.Project(ctx, organizationID, id)
}

// UpdateProject implements registry.Tx. The cut-off stays; CutOff moves it.
func (s *session) UpdateProject(ctx context.Context, p registry.Project) error {
	return s.execOne(ctx, "project", s.bun.NewUpdate().Model(projectRowOf(p)).
		ExcludeColumn("id", "organization_id", "cut_off", "created_at").
		Where("p.id = ? AND p.organization_id = ?", p.ID, p.OrganizationID))
}

// DeleteProject implements registry.Tx.
func (s *session) DeleteProject(ctx context.Context, organizationID, id string) error {
	return s.execOne(ctx, "project", s.bun.NewDelete().Table("projects").
		Where("id = ? AND organization_id = ?", id, organizationID))
}
