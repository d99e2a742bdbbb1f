package registry

import (
	"context"
	"strings"
)

// usersShown is how many users of one thing Users names at most.
const usersShown = 100

// UserList is what uses a thing, and so keeps it from being deleted.
type UserList struct {
	Users []User // by kind
	More  bool   // there are more than are named
}

// Users returns what uses each of those APIs, roles, scopes and projects. What
// is gone, or of another kind, is left out. An actor that is bound to a
// project is refused: the users may lie outside of it.
func (s *Service) Users(ctx context.Context, actor Actor, ids ...string) (map[string]UserList, error) {
	used := map[string]UserList{}
	err := s.read(ctx, actor, func(r Reader) error {
		if err := actor.organizationWide(); err != nil {
			return err
		}
		for _, id := range ids {
			users, err := usersOf(ctx, r, actor.OrganizationID, id)
			if err != nil && KindOf(err) == KindNotFound {
				continue
			}
			if err != nil {
				return err
			}
			used[id] = UserList{users[:min(len(users), usersShown)], len(users) > usersShown}
		}
		return nil
	})
	return used, err
}

// UserCounts returns how many use each of those APIs, roles, scopes and
// projects; what nothing uses is left out. It asks for an actor as Users does.
func (s *Service) UserCounts(ctx context.Context, actor Actor, ids ...string) (map[string]int, error) {
	var counts map[string]int
	err := s.read(ctx, actor, func(r Reader) (err error) {
		if err := actor.organizationWide(); err != nil {
			return err
		}
		counts, err = r.UserCounts(ctx, actor.OrganizationID, ids)
		return err
	})
	return counts, err
}

// usersOf finds one more than are shown, by the prefix of the id.
func usersOf(ctx context.Context, r Reader, organizationID, id string) ([]User, error) {
	const limit = usersShown + 1
	prefix, _, _ := strings.Cut(id, "_")
	switch prefix + "_" {
	case PrefixAPI:
		api, err := r.API(ctx, organizationID, id)
		if err != nil {
			return nil, err
		}
		return r.APIUsers(ctx, api, limit)
	case PrefixRole:
		role, err := r.Role(ctx, organizationID, id)
		if err != nil {
			return nil, err
		}
		return r.RoleUsers(ctx, role, limit)
	case PrefixScope:
		scope, err := r.Scope(ctx, organizationID, id)
		if err != nil {
			return nil, err
		}
		return r.ScopeUsers(ctx, scope, limit)
	case PrefixProject:
		return r.ProjectUsers(ctx, organizationID, id, limit)
	}
	return nil, NotFound("record")
}
