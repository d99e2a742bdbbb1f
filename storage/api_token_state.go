package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type apiTokenStateRow struct {
	APIToken     apiTokenRow
	Organization organizationRow
	APIs         []apiRow
}

func apiTokenStateQuery(db *DB) string {
	return db.states(`
SELECT {object}(
  'APIToken', {apiToken},
  'Organization', {organization},
  'APIs', (SELECT {array}({api} ORDER BY a.identifier) FROM apis AS a WHERE a.organization_id = t.organization_id)
)
FROM api_tokens AS t JOIN organizations AS o ON o.id = t.organization_id
WHERE t.digest IN (?)`)
}

// APITokenState implements registry.HotPath, with one statement.
func (db *DB) APITokenState(ctx context.Context, digests []registry.Digest) (registry.APITokenState, error) {
	if len(digests) == 0 {
		return registry.APITokenState{}, registry.NotFound("API token")
	}
	sums := make([][]byte, len(digests))
	for i := range digests {
		sums[i] = digests[i].Sum[:]
	}
	var row apiTokenStateRow
	if err := db.getState(ctx, "API token", db.apiTokenStateQuery, bun.List(sums), &row); err != nil {
		return registry.APITokenState{}, err
	}
	token, err := row.APIToken.domain()
	if err != nil {
		return registry.APITokenState{}, err
	}
	return registry.APITokenState{
		APIToken:     token,
		Organization: row.Organization.domain(),
		APIs:         convert(row.APIs, apiRow.domain),
	}, nil
}
