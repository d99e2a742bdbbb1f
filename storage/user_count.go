package storage

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// userCounts are the queries that count the users of things by their ids, with
// the prefix of those: ?0 is the organization, ?1 the ids. {entries:column} are
// the strings of a JSON list, as entry.value. A user counts once for a thing.
var userCounts = []struct{ prefix, query string }{
	{registry.PrefixAPI, `
SELECT a.id, count(DISTINCT used.by_id) AS users FROM apis AS a JOIN (
  SELECT e.api_id, '' AS identifier, ae.application_id AS by_id
  FROM endpoints AS e JOIN application_endpoints AS ae ON ae.endpoint_id = e.id
  WHERE e.api_id IN (?1)
  UNION ALL
  SELECT '', entry.value, c.id FROM clients AS c, {entries:c.audiences} WHERE c.organization_id = ?0
  UNION ALL
  SELECT '', entry.value, c.id FROM clients AS c, {entries:c.introspects} WHERE c.organization_id = ?0
) AS used ON used.api_id = a.id OR used.identifier = a.identifier
WHERE a.organization_id = ?0 AND a.id IN (?1) GROUP BY a.id`},

	{registry.PrefixRole, `
SELECT r.id, count(*) AS users FROM roles AS r JOIN client_roles AS cr ON cr.role_id = r.id
WHERE r.organization_id = ?0 AND r.id IN (?1) GROUP BY r.id`},

	{registry.PrefixScope, `
SELECT sc.id, count(*) AS users FROM scopes AS sc JOIN (
  SELECT entry.value AS name FROM apis AS a, {entries:a.scopes} WHERE a.organization_id = ?0
  UNION ALL
  SELECT entry.value FROM roles AS r, {entries:r.scopes} WHERE r.organization_id = ?0
  UNION ALL
  SELECT entry.value FROM clients AS c, {entries:c.scopes} WHERE c.organization_id = ?0
  UNION ALL
  SELECT entry.value FROM api_tokens AS t, {entries:t.scopes} WHERE t.organization_id = ?0
) AS used ON used.name = sc.name
WHERE sc.organization_id = ?0 AND sc.id IN (?1) GROUP BY sc.id`},

	{registry.PrefixProject, `
SELECT used.project_id AS id, count(*) AS users FROM (
  SELECT project_id FROM applications WHERE organization_id = ?0 AND project_id IN (?1)
  UNION ALL
  SELECT project_id FROM clients WHERE organization_id = ?0 AND project_id IN (?1)
  UNION ALL
  SELECT project_id FROM api_tokens WHERE organization_id = ?0 AND project_id IN (?1)
) AS used GROUP BY used.project_id`},
}

// UserCounts implements registry.Reader.
func (s *session) UserCounts(ctx context.Context, organizationID string, ids []string) (map[string]int, error) {
	counts := map[string]int{}
	for _, kind := range userCounts {
		ofKind := withPrefix(ids, kind.prefix)
		if len(ofKind) == 0 {
			continue
		}
		var rows []struct {
			ID    string
			Users int
		}
		query := forEach(kind.query, "{entries:", s.db.dialect.entries)
		if err := s.get(ctx, "user", s.bun.NewRaw(query, organizationID, bun.List(ofKind)), &rows); err != nil {
			return nil, err
		}
		for _, row := range rows {
			counts[row.ID] = row.Users
		}
	}
	return counts, nil
}

// forEach puts a fragment of SQL in the place of every "{name:column}" that
// begins with mark, with that column in the place of "{column}".
func forEach(query, mark, fragment string) string {
	for {
		before, rest, found := strings.Cut(query, mark)
		if !found {
			return query
		}
		column, after, _ := strings.Cut(rest, "}")
		query = before + strings.ReplaceAll(fragment, "{column}", column) + after
	}
}
