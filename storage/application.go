package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type applicationRow struct {
	bun.BaseModel `bun:"table:applications,alias:app"`

	ID             string `bun:",pk"`
	OrganizationID string
	ProjectID      optional
	Name           string
	Description    string
	CutOff         int64
	CreatedByKind  string
	CreatedByID    string
	Revision       int64
	CreatedAt      moment
	UpdatedAt      moment

	EndpointIDs list `bun:"endpoint_ids,scanonly"`
}

type applicationEndpointRow struct {
	bun.BaseModel `bun:"table:application_endpoints,alias:ae"`

	ApplicationID string `bun:",pk"`
	EndpointID    string `bun:",pk"`
}

func applicationRowOf(a registry.Application) *applicationRow {
	return &applicationRow{
		ID:             a.ID,
		OrganizationID: a.OrganizationID,
		ProjectID:      optional(a.ProjectID),
		Name:           a.Name,
		Description:    a.Description,
		CutOff:         int64(a.CutOff),
		CreatedByKind:  a.CreatedBy.Kind,
		CreatedByID:    a.CreatedBy.ID,
		Revision:       a.Revision,
		CreatedAt:      moment{a.CreatedAt},
		UpdatedAt:      moment{a.UpdatedAt},
	}
}

func (r applicationRow) domain() registry.Application {
	return registry.Application{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		ProjectID:      string(r.ProjectID),
		Name:           r.Name,
		Description:    r.Description,
		EndpointIDs:    r.EndpointIDs,
		CutOff:         registry.Position(r.CutOff),
		CreatedBy:      registry.Principal{Kind: r.CreatedByKind, ID: r.CreatedByID},
		Revision:       r.Revision,
		CreatedAt:      r.CreatedAt.Time,
		UpdatedAt:      r.UpdatedAt.Time,
	}
}

// Application implements registry.Reader.
func (s *session) Application(ctx context.Context, organizationID, id string) (registry.Application, error) {
	var row applicationRow
	err := s.get(ctx, "application", s.bun.NewSelect().Model(&row).ColumnExpr("app.*").
		ColumnExpr("(SELECT ?(ae.endpoint_id ORDER BY ae.endpoint_id) FROM application_endpoints AS ae WHERE ae.application_id = app.id) AS endpoint_ids",
			s.db.dialect.jsonArray).
		Where("app.id = ? AND app.organization_id = ?", id, organizationID))
	return row.domain(), err
}

// InsertApplication implements registry.Tx.
func (s *session) InsertApplication(ctx context.Context, a registry.Application) error {
	if err := s.insert(ctx, "application", applicationRowOf(a)); err != nil {
		return err
	}
	return s.connectEndpoints(ctx, a)
}

// ApplicationForUpdate implements registry.Tx.
func (s *session) ApplicationForUpdate(ctx context.Context, organizationID, id string) (registry.Application, error) {
	if err := s.lock(ctx, "application", "applications", organizationID, id); err != nil {
		return registry.Application{}, err
	}
	return s.Application(ctx, organizationID, id)
}

// UpdateApplication implements registry.Tx. The cut-off stays; CutOff moves it.
func (s *session) UpdateApplication(ctx context.Context, a registry.Application) error {
	err := s.execOne(ctx, "application", s.bun.NewUpdate().Model(applicationRowOf(a)).
		ExcludeColumn("id", "organization_id", "cut_off", "created_by_kind", "created_by_id", "created_at").
		Where("app.id = ? AND app.organization_id = ?", a.ID, a.OrganizationID))
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, "application", s.bun.NewDelete().Table("application_endpoints").Where("application_id = ?", a.ID))
	if err != nil {
		return err
	}
	return s.connectEndpoints(ctx, a)
}

func (s *session) connectEndpoints(ctx context.Context, a registry.Application) error {
	if len(a.EndpointIDs) == 0 {
		return nil
	}
	rows := convert(a.EndpointIDs, func(id string) applicationEndpointRow {
		return applicationEndpointRow{ApplicationID: a.ID, EndpointID: id}
	})
	return s.insert(ctx, "endpoint", &rows)
}
