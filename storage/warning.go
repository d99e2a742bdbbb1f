package storage

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type warningRow struct {
	bun.BaseModel `bun:"table:credential_warnings,alias:w"`

	Kind    string `bun:",pk"`
	ID      string `bun:",pk"`
	Warning string `bun:",pk"`
	Moment  moment `bun:",pk"`

	OrganizationID string `bun:",scanonly"`
	ClientID       string `bun:",scanonly"`
}

func (r warningRow) domain() registry.Warning {
	return registry.Warning{
		OrganizationID: r.OrganizationID,
		Kind:           r.Kind,
		ID:             r.ID,
		ClientID:       r.ClientID,
		Warning:        r.Warning,
		Moment:         r.Moment.Time,
	}
}

// InsertWarning implements registry.Tx.
func (s *session) InsertWarning(ctx context.Context, w registry.Warning) (bool, error) {
	n, err := s.exec(ctx, "warning", s.bun.NewInsert().Model(&warningRow{
		Kind: w.Kind, ID: w.ID, Warning: w.Warning, Moment: moment{w.Moment},
	}).On("CONFLICT DO NOTHING"))
	return n == 1, err
}

// DueWarnings implements registry.WatchReader.
func (s *session) DueWarnings(ctx context.Context, at time.Time, limit int) ([]registry.Warning, error) {
	var rows []warningRow
	query, args := s.due(at)
	query = "SELECT w.organization_id, w.kind, w.id, w.client_id, w.warning, w.moment FROM (" + query + ") AS w" +
		" WHERE NOT EXISTS (SELECT 1 FROM credential_warnings AS x" +
		" WHERE x.kind = w.kind AND x.id = w.id AND x.warning = w.warning AND x.moment = w.moment)" +
		" ORDER BY w.rotation, w.moment, w.kind, w.id LIMIT " + strconv.Itoa(limit)
	err := s.get(ctx, "warning", s.bun.NewRaw(query, args...), &rows)
	return convert(rows, warningRow.domain), err
}

// PruneWarnings deletes what is known of warnings of expiries before that
// time, and returns how many. They are of no use: an expiry that is past is
// not moved but replaced by another.
func (db *DB) PruneWarnings(ctx context.Context, before time.Time) (int64, error) {
	s := db.single(db.write)
	return s.exec(ctx, "warning", s.bun.NewDelete().Table("credential_warnings").
		Where("warning <> ? AND moment < ?", registry.WarningRotationDue, moment{before}))
}

// due is the query of what registry.Warning describes at that moment, given
// before or not.
func (s *session) due(at time.Time) (query string, args []any) {
	window := "CASE WHEN d.rotation THEN '" + registry.WarningRotationDue + "'"
	args = []any{moment{at}}
	for i, w := range registry.ExpiryWindows {
		window += fmt.Sprintf(" WHEN d.moment <= ?%d THEN '%s'", i+1, w.Name)
		args = append(args, moment{at.Add(w.Span)})
	}
	query = strings.NewReplacer(
		"{client}", "c.revoked_at IS NULL AND c.confirm_by IS NULL AND (c.expires_at IS NULL OR c.expires_at > ?0)",
		"{secret}", "s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > ?0)",
		"{token}", "t.revoked_at IS NULL AND t.expires_at > ?0",
		"{last}", lastSecret,
		"{soon}", "?"+strconv.Itoa(len(registry.ExpiryWindows)),
		"{dueFrom}", strings.NewReplacer("{at}", "?0", "{seconds}", "o.rotation_age_seconds").Replace(s.db.dialect.ago),
	).Replace(dueThings)
	return "SELECT d.*, " + window + " END AS warning FROM (" + query + ") AS d", args
}

// lastSecret holds for a secret s that ends before its client c and leaves it
// without any.
const lastSecret = `(c.expires_at IS NULL OR c.expires_at > s.expires_at)
  AND NOT EXISTS (SELECT 1 FROM secrets AS o WHERE o.client_id = s.client_id AND o.id <> s.id
                  AND o.revoked_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > s.expires_at))`

const dueThings = `
SELECT c.organization_id, c.project_id, 'client' AS kind, c.id, c.id AS client_id, FALSE AS rotation, c.expires_at AS moment
FROM clients AS c
WHERE {client} AND c.expires_at <= {soon}
UNION ALL
SELECT c.organization_id, c.project_id, 'secret', s.id, s.client_id, FALSE, s.expires_at
FROM secrets AS s JOIN clients AS c ON c.id = s.client_id
WHERE {client} AND {secret} AND s.expires_at <= {soon} AND {last}
UNION ALL
SELECT t.organization_id, t.project_id, 'api_token', t.id, '', FALSE, t.expires_at
FROM api_tokens AS t
WHERE {token} AND t.expires_at <= {soon}
UNION ALL
SELECT c.organization_id, c.project_id, 'secret', s.id, s.client_id, TRUE, s.created_at
FROM secrets AS s JOIN clients AS c ON c.id = s.client_id JOIN organizations AS o ON o.id = c.organization_id
WHERE {client} AND {secret} AND s.created_at <= {dueFrom}
UNION ALL
SELECT c.organization_id, c.project_id, 'key', k.id, k.client_id, TRUE, k.created_at
FROM client_keys AS k JOIN clients AS c ON c.id = k.client_id JOIN organizations AS o ON o.id = c.organization_id
WHERE {client} AND k.created_at <= {dueFrom}
UNION ALL
SELECT t.organization_id, t.project_id, 'api_token', t.id, '', TRUE, coalesce(t.regenerated_at, t.created_at)
FROM api_tokens AS t JOIN organizations AS o ON o.id = t.organization_id
WHERE {token} AND coalesce(t.regenerated_at, t.created_at) <= {dueFrom}`
