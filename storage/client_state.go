package storage

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"keywright/registry"
)

// clientStateRow is the one JSON document that the query answers.
type clientStateRow struct {
	Rev               int64
	Client            clientRow
	Organization      organizationRow
	ProjectCutOff     int64
	ApplicationCutOff int64
	Secrets           []secretRow
	Keys              []clientKeyRow
	Roles             []roleRow
	Endpoints         []endpointRow
	APIs              []apiRow
}

// clientStateQuery builds the query of ClientState. It is a single statement
// because a single statement is a snapshot in either database: state and
// position belong together without a transaction, and it is one round trip.
//
// For an id that no client has it answers another client, the next by id, so
// that the time it takes does not tell which ids exist.
func clientStateQuery(db *DB) string {
	return db.states(`
SELECT {object}(
  'Rev', (SELECT position FROM feed_counter),
  'Client', {client},
  'Organization', {organization},
  'ProjectCutOff', (SELECT p.cut_off FROM projects AS p WHERE p.id = c.project_id),
  'ApplicationCutOff', (SELECT app.cut_off FROM applications AS app WHERE app.id = c.application_id),
  'Secrets', (SELECT {array}({secret} ORDER BY s.created_at, s.id) FROM secrets AS s WHERE s.client_id = c.id),
  'Keys', (SELECT {array}({key} ORDER BY k.created_at, k.id) FROM client_keys AS k WHERE k.client_id = c.id),
  'Roles', (SELECT {array}({role} ORDER BY r.id)
            FROM client_roles AS cr JOIN roles AS r ON r.id = cr.role_id WHERE cr.client_id = c.id),
  'Endpoints', (SELECT {array}({endpoint} ORDER BY e.id)
                FROM application_endpoints AS ae JOIN endpoints AS e ON e.id = ae.endpoint_id
                WHERE ae.application_id = c.application_id),
  'APIs', (SELECT {array}({api} ORDER BY a.identifier) FROM apis AS a WHERE a.organization_id = c.organization_id)
)
FROM clients AS c JOIN organizations AS o ON o.id = c.organization_id
WHERE c.id = coalesce((SELECT min(n.id) FROM clients AS n WHERE n.id >= {1}), (SELECT min(n.id) FROM clients AS n))`)
}

// states fills in what differs between the databases, and each {row}.
func (db *DB) states(query string) string {
	row := func(model reflect.Type, alias string) string { return db.dialect.object(db.read, model, alias) }
	return strings.NewReplacer(
		"{1}", db.dialect.argument+"1",
		"{object}", db.dialect.jsonObject,
		"{array}", string(db.dialect.jsonArray),
		"{client}", row(reflect.TypeFor[clientRow](), "c"),
		"{organization}", row(reflect.TypeFor[organizationRow](), "o"),
		"{secret}", row(reflect.TypeFor[secretRow](), "s"),
		"{key}", row(reflect.TypeFor[clientKeyRow](), "k"),
		"{role}", row(reflect.TypeFor[roleRow](), "r"),
		"{endpoint}", row(reflect.TypeFor[endpointRow](), "e"),
		"{api}", row(reflect.TypeFor[apiRow](), "a"),
		"{apiToken}", row(reflect.TypeFor[apiTokenRow](), "t"),
	).Replace(query)
}

// getState runs one of the state queries and decodes its document into dest.
func (db *DB) getState(ctx context.Context, what, query string, args []any, dest any) error {
	s := db.single(db.read)
	var text []byte
	if err := s.get(ctx, what, fixed{db.read.DB, query, args}, &text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, dest); err != nil {
		return registry.Unavailable(errors.New("the state of a " + what + " cannot be read")) // err may quote it
	}
	return nil
}

// ClientState implements registry.HotPath, with one statement.
func (db *DB) ClientState(ctx context.Context, clientID string) (*registry.ClientState, error) {
	var row clientStateRow
	if err := db.getState(ctx, "client", db.clientStateQuery, []any{clientID}, &row); err != nil {
		return nil, err
	}
	for _, role := range row.Roles {
		row.Client.RoleIDs = append(row.Client.RoleIDs, role.ID)
	}
	client, err := row.Client.domain()
	if err != nil {
		return nil, err
	}
	if client.ID != clientID {
		return nil, registry.NotFound("client")
	}
	return registry.NewClientState(registry.ClientState{
		Client:            client,
		Secrets:           convert(row.Secrets, secretRow.domain),
		Keys:              convert(row.Keys, clientKeyRow.domain),
		Organization:      row.Organization.domain(),
		ProjectCutOff:     registry.Position(row.ProjectCutOff),
		ApplicationCutOff: registry.Position(row.ApplicationCutOff),
		Roles:             convert(row.Roles, roleRow.domain),
		Endpoints:         convert(row.Endpoints, endpointRow.domain),
		APIs:              convert(row.APIs, apiRow.domain),
		Rev:               registry.Position(row.Rev),
	}), nil
}
