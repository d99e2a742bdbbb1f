package storage

import (
	"context"

	"keywright/registry"
)

// The users of a thing, by kind and id. {lists} is the condition that a JSON
// list holds a string.
const (
	apiUsersQuery = `
SELECT 'application' AS kind, app.id, app.name FROM applications AS app
WHERE app.organization_id = ?0 AND EXISTS (
  SELECT 1 FROM application_endpoints AS ae JOIN endpoints AS e ON e.id = ae.endpoint_id
  WHERE ae.application_id = app.id AND e.api_id = ?1)
UNION ALL
SELECT 'client', c.id, c.name FROM clients AS c
WHERE c.organization_id = ?0 AND ({lists:c.audiences} OR {lists:c.introspects})
ORDER BY kind, id LIMIT ?3`

	roleUsersQuery = `
SELECT 'client' AS kind, c.id, c.name FROM client_roles AS cr JOIN clients AS c ON c.id = cr.client_id
WHERE c.organization_id = ?0 AND cr.role_id = ?1
ORDER BY kind, id LIMIT ?3`

	scopeUsersQuery = `
SELECT 'api' AS kind, a.id, a.name FROM apis AS a WHERE a.organization_id = ?0 AND {lists:a.scopes}
UNION ALL
SELECT 'role', r.id, r.name FROM roles AS r WHERE r.organization_id = ?0 AND {lists:r.scopes}
UNION ALL
SELECT 'client', c.id, c.name FROM clients AS c WHERE c.organization_id = ?0 AND {lists:c.scopes}
UNION ALL
SELECT 'api_token', t.id, t.name FROM api_tokens AS t WHERE t.organization_id = ?0 AND {lists:t.scopes}
ORDER BY kind, id LIMIT ?3`
)

// APIUsers implements registry.Reader.
func (s *session) APIUsers(ctx context.Context, a registry.API, limit int) ([]registry.User, error) {
	return s.users(ctx, apiUsersQuery, a.OrganizationID, a.ID, a.Identifier, limit)
}

// RoleUsers implements registry.Reader.
func (s *session) RoleUsers(ctx context.Context, r registry.Role, limit int) ([]registry.User, error) {
	return s.users(ctx, roleUsersQuery, r.OrganizationID, r.ID, "", limit)
}

// ScopeUsers implements registry.Reader.
func (s *session) ScopeUsers(ctx context.Context, scope registry.Scope, limit int) ([]registry.User, error) {
	return s.users(ctx, scopeUsersQuery, scope.OrganizationID, scope.ID, scope.Name, limit)
}

type userRow struct{ Kind, ID, Name string }

// users runs one of the queries: ?0 is the organization, ?1 the id of the
// thing, ?2 the string that a list names it by.
func (s *session) users(ctx context.Context, query, organizationID, id, name string, limit int) ([]registry.User, error) {
	var rows []userRow
	query = forEach(query, "{lists:", s.db.dialect.lists)
	err := s.get(ctx, "user", s.bun.NewRaw(query, organizationID, id, name, limit), &rows)
	return convert(rows, func(r userRow) registry.User { return registry.User(r) }), err
}
