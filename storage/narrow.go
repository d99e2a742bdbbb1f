package storage

import (
	"strings"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// statuses are the cases of StatusAt in their order: the first that applies is
// the status. Their conditions are never NULL. API tokens are never pending.
func statuses(alias string, at time.Time, kind string) []statusCase {
	cases := []statusCase{
		{registry.StatusRevoked, alias + ".revoked_at IS NOT NULL", nil},
		{registry.StatusExpired, alias + ".expires_at IS NOT NULL AND " + alias + ".expires_at <= ?", []any{moment{at}}},
		{registry.StatusDisabled, "NOT " + alias + ".is_active", nil},
	}
	if kind == registry.CredentialClient {
		cases = append(cases, statusCase{registry.StatusPending, alias + ".confirm_by IS NOT NULL", nil})
	}
	return append(cases, statusCase{registry.StatusActive, "TRUE", nil})
}

type statusCase struct {
	status    registry.Status
	condition string
	args      []any
}

// statusOf is the status at that moment as an expression, and its arguments.
func statusOf(alias string, at time.Time, kind string) (expression string, args []any) {
	var b strings.Builder
	b.WriteString("CASE")
	for _, c := range statuses(alias, at, kind) {
		b.WriteString(" WHEN " + c.condition + " THEN '" + string(c.status) + "'")
		args = append(args, c.args...)
	}
	return b.String() + " END", args
}

// withStatus leaves the credentials that have the status at that moment.
func withStatus(query *bun.SelectQuery, alias string, at time.Time, kind string, status registry.Status) *bun.SelectQuery {
	for _, c := range statuses(alias, at, kind) {
		if c.status == status {
			return query.Where("("+c.condition+")", c.args...)
		}
		query = query.Where("NOT ("+c.condition+")", c.args...)
	}
	return query.Where("FALSE")
}

// narrowed leaves the credentials that fit n. The query has their usage beside
// them as u.
func (s *session) narrowed(query *bun.SelectQuery, alias, kind string, n registry.Narrowing) *bun.SelectQuery {
	if n.Status != "" {
		query = withStatus(query, alias, n.At, kind, n.Status)
	}
	if n.ExpiringWithin > 0 {
		query = expiring(query, alias, kind, moment{n.At}, moment{n.At.Add(n.ExpiringWithin)})
	}
	if n.UnusedFor > 0 {
		query = query.Where("coalesce(u.last_used_at, "+alias+".created_at) <= ?", moment{n.At.Add(-n.UnusedFor)})
	}
	if n.Search != "" {
		pattern, like := "%"+literal.Replace(n.Search)+"%", s.db.dialect.like
		query = query.Where("("+alias+".name ? ? ESCAPE '!' OR "+alias+".description ? ? ESCAPE '!')", like, pattern, like, pattern)
	}
	if !n.DueFrom.IsZero() {
		query = dueForRotation(query, alias, kind, n)
	}
	return query
}

// expiring leaves the credentials that end in that time, and the clients whose
// last secret does, as it is warned of.
func expiring(query *bun.SelectQuery, alias, kind string, from, until moment) *bun.SelectQuery {
	query = query.Where(alias + ".revoked_at IS NULL")
	if kind == registry.CredentialAPIToken {
		return query.Where(alias+".expires_at > ? AND "+alias+".expires_at <= ?", from, until)
	}
	// The client is c to lastSecret.
	return query.Where("(c.expires_at > ? AND c.expires_at <= ?"+
		" OR c.confirm_by IS NULL AND (c.expires_at IS NULL OR c.expires_at > ?)"+
		" AND EXISTS (SELECT 1 FROM secrets AS s WHERE s.client_id = c.id AND s.revoked_at IS NULL"+
		" AND s.expires_at > ? AND s.expires_at <= ? AND "+lastSecret+"))",
		from, until, from, from, until)
}

// dueForRotation leaves the credentials that RotationDueAt tells of.
func dueForRotation(query *bun.SelectQuery, alias, kind string, n registry.Narrowing) *bun.SelectQuery {
	query = query.Where(alias+".revoked_at IS NULL").
		Where("("+alias+".expires_at IS NULL OR "+alias+".expires_at > ?)", moment{n.At})
	if kind == registry.CredentialAPIToken {
		return query.Where("coalesce("+alias+".regenerated_at, "+alias+".created_at) <= ?", moment{n.DueFrom})
	}
	return query.Where("(EXISTS (SELECT 1 FROM secrets AS s WHERE s.client_id = "+alias+".id AND s.revoked_at IS NULL"+
		" AND (s.expires_at IS NULL OR s.expires_at > ?) AND s.created_at <= ?)"+
		" OR EXISTS (SELECT 1 FROM client_keys AS k WHERE k.client_id = "+alias+".id AND k.created_at <= ?))",
		moment{n.At}, moment{n.DueFrom}, moment{n.DueFrom})
}

// rotationColumn is the rotation age of a credential's organization, where a
// read joins it.
type rotationColumn struct {
	RotationAgeSeconds int64 `bun:",scanonly"`
}

func (r rotationColumn) domain() time.Duration {
	return time.Duration(r.RotationAgeSeconds) * time.Second
}

// withRotation adds the rotationColumn to a query.
func withRotation(query *bun.SelectQuery) *bun.SelectQuery {
	return query.ColumnExpr("o.rotation_age_seconds").
		Join("JOIN organizations AS o ON o.id = ?TableAlias.organization_id")
}

// literal writes text so that a pattern of LIKE … ESCAPE '!' takes every
// character of it for itself.
var literal = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
