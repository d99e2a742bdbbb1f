package storage

import (
	"context"
	"reflect"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type apiRow struct {
	bun.BaseModel `bun:"table:apis,alias:a"`

	ID             string `bun:",pk"`
	OrganizationID string
	Identifier     string
	Name           string
	Scopes         list
	StrictScopes   bool
	Revision       int64
	CreatedAt      moment
	UpdatedAt      moment

	Endpoints rowsOf[endpointRow] `bun:",scanonly"`
}

type endpointRow struct {
	bun.BaseModel `bun:"table:endpoints,alias:e"`

	ID     string `bun:",pk"`
	APIID  string `bun:"api_id"`
	Method string
	Path   string
	Scope  string
}

func apiRowOf(a registry.API) *apiRow {
	return &apiRow{
		ID:             a.ID,
		OrganizationID: a.OrganizationID,
		Identifier:     a.Identifier,
		Name:           a.Name,
		Scopes:         a.Scopes,
		StrictScopes:   a.StrictScopes,
		Revision:       a.Revision,
		CreatedAt:      moment{a.CreatedAt},
		UpdatedAt:      moment{a.UpdatedAt},
	}
}

func (r apiRow) domain() registry.API {
	return registry.API{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		Identifier:     r.Identifier,
		Name:           r.Name,
		Scopes:         r.Scopes,
		StrictScopes:   r.StrictScopes,
		Endpoints:      convert(r.Endpoints, endpointRow.domain),
		Revision:       r.Revision,
		CreatedAt:      r.CreatedAt.Time,
		UpdatedAt:      r.UpdatedAt.Time,
	}
}

func (r endpointRow) domain() registry.Endpoint {
	return registry.Endpoint{ID: r.ID, APIID: r.APIID, Method: r.Method, Path: r.Path, Scope: r.Scope}
}

// selectAPI selects APIs with their endpoints, ordered by path and method.
func (s *session) selectAPI(model any) *bun.SelectQuery {
	endpoint := s.db.dialect.object(s.db.read, reflect.TypeFor[endpointRow](), "e")
	return s.bun.NewSelect().Model(model).ColumnExpr("a.*").
		ColumnExpr("(SELECT ?(? ORDER BY e.path, e.method, e.id) FROM endpoints AS e WHERE e.api_id = a.id) AS endpoints",
			s.db.dialect.jsonArray, bun.Safe(endpoint))
}

// API implements registry.Reader.
func (s *session) API(ctx context.Context, organizationID, id string) (registry.API, error) {
	var row apiRow
	err := s.get(ctx, "API", s.selectAPI(&row).Where("a.id = ? AND a.organization_id = ?", id, organizationID))
	return row.domain(), err
}

// APIs implements registry.Reader. They are ordered by identifier.
func (s *session) APIs(ctx context.Context, organizationID string) ([]registry.API, error) {
	var rows []apiRow
	err := s.get(ctx, "API", s.selectAPI(&rows).Where("a.organization_id = ?", organizationID).Order("a.identifier"))
	return convert(rows, apiRow.domain), err
}

// APIEndpoints implements registry.HotPath, with one statement.
func (db *DB) APIEndpoints(ctx context.Context, apiID string) ([]registry.Endpoint, error) {
	s := db.single(db.read)
	var rows []endpointRow
	err := s.get(ctx, "endpoint", s.bun.NewSelect().Model(&rows).Where("e.api_id = ?", apiID).Order("e.id"))
	return convert(rows, endpointRow.domain), err
}

// APIPage implements registry.Reader.
func (s *session) APIPage(ctx context.Context, organizationID string, page registry.Page) ([]registry.API, error) {
	var rows []apiRow
	query := s.selectAPI(&rows).Where("a.organization_id = ?", organizationID)
	err := s.get(ctx, "API", newestFirst(s.searched(query, page, "name", "identifier"), page))
	return convert(rows, apiRow.domain), err
}

// InsertAPI implements registry.Tx.
func (s *session) InsertAPI(ctx context.Context, a registry.API) error {
	if err := s.insert(ctx, "API", apiRowOf(a)); err != nil {
		return err
	}
	return s.putEndpoints(ctx, a)
}

// APIForUpdate implements registry.Tx.
func (s *session) APIForUpdate(ctx context.Context, organizationID, id string) (registry.API, error) {
	if err := s.lock(ctx, "API", "apis", organizationID, id); err != nil {
		return registry.API{}, err
	}
	return s.API(ctx, organizationID, id)
}

// UpdateAPI implements registry.Tx. It stores the record and makes its
// endpoints those of a: one that is left out is deleted, unless an application
// is connected to it, which is a conflict.
func (s *session) UpdateAPI(ctx context.Context, a registry.API) error {
	err := s.execOne(ctx, "API", s.bun.NewUpdate().Model(apiRowOf(a)).
		ExcludeColumn("id", "organization_id", "created_at").
		Where("a.id = ? AND a.organization_id = ?", a.ID, a.OrganizationID))
	if err != nil {
		return err
	}
	gone := s.bun.NewDelete().Table("endpoints").Where("api_id = ?", a.ID)
	if len(a.Endpoints) > 0 {
		gone = gone.Where("id NOT IN (?)", bun.List(convert(a.Endpoints, func(e registry.Endpoint) string { return e.ID })))
	}
	if _, err := s.exec(ctx, "endpoint", gone); err != nil {
		return err
	}
	return s.putEndpoints(ctx, a)
}

// putEndpoints stores the endpoints of a that are new or changed.
func (s *session) putEndpoints(ctx context.Context, a registry.API) error {
	if len(a.Endpoints) == 0 {
		return nil
	}
	rows := convert(a.Endpoints, func(e registry.Endpoint) endpointRow {
		return endpointRow{ID: e.ID, APIID: a.ID, Method: e.Method, Path: e.Path, Scope: e.Scope}
	})
	n, err := s.exec(ctx, "endpoint", s.bun.NewInsert().Model(&rows).
		On("CONFLICT (id) DO UPDATE").
		Set("method = excluded.method, path = excluded.path, scope = excluded.scope").
		Where("e.api_id = excluded.api_id"))
	if err == nil && n != int64(len(rows)) { // an id that another API has
		return registry.NotFound("endpoint")
	}
	return err
}

// DeleteAPI implements registry.Tx. An API with a connected endpoint is in use.
func (s *session) DeleteAPI(ctx context.Context, organizationID, id string) error {
	return s.execOne(ctx, "API", s.bun.NewDelete().Table("apis").
		Where("id = ? AND organization_id = ?", id, organizationID))
}
