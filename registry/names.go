package registry

import (
	"context"
	"strings"
)

// Names returns what the records with those ids are called: applications,
// projects, clients, API tokens, APIs, roles and scopes by their names, members
// by their e-mail addresses. What is gone, or beyond the actor's reach, is left
// out.
func (s *Service) Names(ctx context.Context, actor Actor, ids ...string) (map[string]string, error) {
	names := map[string]string{}
	err := s.read(ctx, actor, func(r Reader) error {
		for _, id := range ids {
			if _, known := names[id]; known || id == "" {
				continue
			}
			name, projectID, err := s.recordName(ctx, r, actor.OrganizationID, id)
			switch {
			case err != nil && KindOf(err) == KindNotFound:
			case err != nil:
				return err
			case actor.reaches(projectID):
				names[id] = name
			}
		}
		return nil
	})
	return names, err
}

// recordName finds a record of the organization by the prefix of its id.
func (s *Service) recordName(ctx context.Context, r Reader, organizationID, id string) (name, projectID string, err error) {
	prefix, _, _ := strings.Cut(id, "_")
	switch prefix + "_" {
	case PrefixApplication:
		a, err := r.Application(ctx, organizationID, id)
		return a.Name, a.ProjectID, err
	case PrefixProject:
		p, err := r.Project(ctx, organizationID, id)
		return p.Name, p.ID, err
	case PrefixClient:
		c, err := r.Client(ctx, organizationID, id)
		if err == nil && c.GoneAt(s.now()) {
			err = NotFound("client")
		}
		return c.Name, c.ProjectID, err
	case PrefixAPIToken:
		t, err := r.APIToken(ctx, organizationID, id)
		return t.Name, t.ProjectID, err
	case PrefixMember:
		m, err := r.Member(ctx, organizationID, id)
		return m.Email, "", err
	case PrefixAPI:
		a, err := r.API(ctx, organizationID, id)
		return a.Name, "", err
	case PrefixRole:
		role, err := r.Role(ctx, organizationID, id)
		return role.Name, "", err
	case PrefixScope:
		scope, err := r.Scope(ctx, organizationID, id)
		return scope.Name, "", err
	}
	return "", "", NotFound("record")
}
