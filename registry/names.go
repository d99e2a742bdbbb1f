package registry

import (
	"context"
	"slices"
)

// RecordName is what a record is called.
type RecordName struct {
	Name      string
	ProjectID string // that it belongs to, or is; empty: the organization's
}

// Names returns what the records with those ids are called: applications,
// projects, clients, API tokens, APIs, roles and scopes by their names, members
// by their e-mail addresses. What is gone, or beyond the actor's reach, is left
// out.
func (s *Service) Names(ctx context.Context, actor Actor, ids ...string) (map[string]string, error) {
	names := map[string]string{}
	err := s.read(ctx, actor, func(r Reader) error {
		ids := slices.Compact(slices.Sorted(slices.Values(ids)))
		found, err := r.RecordNames(ctx, actor.OrganizationID, ids, s.now())
		for id, record := range found {
			if actor.reaches(record.ProjectID) {
				names[id] = record.Name
			}
		}
		return err
	})
	return names, err
}
