package storage

import (
	"context"
	"strconv"
	"strings"

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
WHERE t.digest IN ({digests})`)
}

// APITokenState implements registry.HotPath, with one statement.
func (db *DB) APITokenState(ctx context.Context, digests []registry.Digest) (*registry.APITokenState, error) {
	if len(digests) == 0 {
		return nil, registry.NotFound("API token")
	}
	arguments, sums := make([]string, len(digests)), make([]any, len(digests)) // as many as there are peppers
	for i := range digests {
		arguments[i], sums[i] = db.dialect.argument+strconv.Itoa(i+1), digests[i].Sum[:]
	}
	query := strings.Replace(db.apiTokenStateQuery, "{digests}", strings.Join(arguments, ", "), 1)
	var row apiTokenStateRow
	if err := db.getState(ctx, "API token", query, sums, &row); err != nil {
		return nil, err
	}
	token, err := row.APIToken.domain()
	if err != nil {
		return nil, err
	}
	return &registry.APITokenState{
		APIToken:     token,
		Organization: row.Organization.domain(),
		APIs:         convert(row.APIs, apiRow.domain),
	}, nil
}
