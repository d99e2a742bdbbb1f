package storage

import (
	"context"
	"slices"
	"time"

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
	err := s.get(ctx, "application", s.selectApplication(&row).
		Where("app.id = ? AND app.organization_id = ?", id, organizationID))
	return row.domain(), err
}

// ApplicationPage implements registry.Reader.
func (s *session) ApplicationPage(ctx context.Context, organizationID, projectID string, page registry.Page) ([]registry.Application, error) {
	var rows []applicationRow
	query := s.selectApplication(&rows).Where("app.organization_id = ?", organizationID)
	if projectID != "" {
		query = query.Where("app.project_id = ?", projectID)
	}
	err := s.get(ctx, "application", newestFirst(s.searched(query, page, "name", "description"), page))
	return convert(rows, applicationRow.domain), err
}

// ClientCounts implements registry.Reader.
func (s *session) ClientCounts(ctx context.Context, organizationID string, applicationIDs []string, at time.Time) (map[string]registry.ApplicationClients, error) {
	counts := make(map[string]registry.ApplicationClients, len(applicationIDs))
	if len(applicationIDs) == 0 {
		return counts, nil
	}
	var rows []struct {
		ApplicationID string
		Environment   string
		Status        registry.Status
		Clients       int
	}
	status, args := statusOf("c", at, registry.CredentialClient)
	filter := registry.ClientFilter{OrganizationID: organizationID, NotGoneAt: at}
	err := s.get(ctx, "client", s.bun.NewSelect().TableExpr("clients AS c").
		ColumnExpr("c.application_id, c.environment, "+status+" AS status, count(*) AS clients", args...).
		ApplyQueryBuilder(clientsThat(filter)).
		Where("c.application_id IN (?)", bun.List(applicationIDs)).
		GroupExpr("1, 2, 3").OrderExpr("1, 2, 3"), &rows)
	for _, row := range rows {
		n := counts[row.ApplicationID]
		n.Count += row.Clients
		if row.Status == registry.StatusActive {
			n.Active += row.Clients
		}
		if row.Environment != "" && row.Status != registry.StatusRevoked {
			n.Environments = append(n.Environments, row.Environment)
		}
		counts[row.ApplicationID] = n
	}
	for id, n := range counts {
		slices.Sort(n.Environments)
		n.Environments = slices.Compact(n.Environments)
		counts[id] = n
	}
	return counts, err
}

// selectApplication selects applications with their connected endpoints.
func (s *session) selectApplication(model any) *bun.SelectQuery {
	return s.bun.NewSelect().Model(model).ColumnExpr("app.*").
		ColumnExpr("(SELECT ?(ae.endpoint_id ORDER BY ae.endpoint_id) FROM application_endpoints AS ae WHERE ae.application_id = app.id) AS endpoint_ids",
			s.db.dialect.jsonArray)
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

// DeleteApplication implements registry.Tx. One that has a client is in use.
func (s *session) DeleteApplication(ctx context.Context, organizationID, id string) error {
	return s.execOne(ctx, "application", s.bun.NewDelete().Table("applications").
		Where("id = ? AND organization_id = ?", id, organizationID))
}

// DisconnectEndpoints implements registry.Tx. It takes the locks of the
// applications, in order, before it touches an endpoint.
func (s *session) DisconnectEndpoints(ctx context.Context, organizationID string, ids []string, at time.Time) ([]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	connected := s.bun.NewSelect().Table("application_endpoints").Column("application_id").
		Where("endpoint_id IN (?)", bun.List(ids))
	lock := s.bun.NewSelect().Table("applications").Column("id").
		Where("organization_id = ? AND id IN (?)", organizationID, connected).Order("id")
	if s.db.dialect.locksRows {
		lock = lock.For("UPDATE")
	}
	var applications []string
	if err := s.get(ctx, "application", lock, &applications); err != nil || len(applications) == 0 {
		return nil, err
	}
	_, err := s.exec(ctx, "application", s.bun.NewUpdate().Table("applications").
		Set("revision = revision + 1").Set("updated_at = ?", moment{at}).
		Where("id IN (?)", bun.List(applications)))
	if err != nil {
		return nil, err
	}
	_, err = s.exec(ctx, "application", s.bun.NewDelete().Table("application_endpoints").
		Where("endpoint_id IN (?) AND application_id IN (?)", bun.List(ids), bun.List(applications)))
	return applications, err
}
