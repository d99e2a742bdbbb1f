package storage

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// named are the tables whose records have a name, by the prefix of their ids.
// The conditions leave out what is not to be found at the moment ?.
var named = []struct{ prefix, table, name, projectID, condition string }{
	{registry.PrefixApplication, "applications", "name", "project_id", ""},
	{registry.PrefixProject, "projects", "name", "id", ""},
	{registry.PrefixClient, "clients", "name", "project_id", "confirm_by IS NULL OR revoked_at IS NOT NULL OR confirm_by > ?"},
	{registry.PrefixAPIToken, "api_tokens", "name", "project_id", ""},
	{registry.PrefixMember, "members", "email", "NULL", ""},
	{registry.PrefixAPI, "apis", "name", "NULL", ""},
	{registry.PrefixRole, "roles", "name", "NULL", ""},
	{registry.PrefixScope, "scopes", "name", "NULL", ""},
}

// RecordNames implements registry.Reader.
func (s *session) RecordNames(ctx context.Context, organizationID string, ids []string, at time.Time) (map[string]registry.RecordName, error) {
	var all *bun.SelectQuery
	for _, kind := range named {
		ofKind := withPrefix(ids, kind.prefix)
		if len(ofKind) == 0 {
			continue
		}
		query := s.bun.NewSelect().Table(kind.table).
			ColumnExpr("id, "+kind.name+" AS name, coalesce("+kind.projectID+", '') AS project_id").
			Where("organization_id = ? AND id IN (?)", organizationID, bun.List(ofKind))
		if kind.condition != "" {
			query = query.Where("("+kind.condition+")", moment{at})
		}
		if all == nil {
			all = query
		} else {
			all = all.UnionAll(query)
		}
	}
	names := map[string]registry.RecordName{}
	if all == nil {
		return names, nil
	}
	var rows []struct{ ID, Name, ProjectID string }
	err := s.get(ctx, "name", all, &rows)
	for _, row := range rows {
		names[row.ID] = registry.RecordName{Name: row.Name, ProjectID: row.ProjectID}
	}
	return names, err
}

// withPrefix are the ids of one kind.
func withPrefix(ids []string, prefix string) []string {
	var all []string
	for _, id := range ids {
		if strings.HasPrefix(id, prefix) {
			all = append(all, id)
		}
	}
	return all
}
