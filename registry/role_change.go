package registry

import (
	"context"
	"slices"
	"strings"
)

var (
	opRoleCreate = operation{"role.create", FeedRole, byAdmin}
	opRoleUpdate = operation{"role.update", FeedRole, byAdmin}
	opRoleDelete = operation{"role.delete", FeedRole, byAdmin}
)

// RoleInput is what a role is created from.
type RoleInput struct {
	Name, Description   string
	Scopes, Permissions []string
}

// RolePatch is a partial change of a role. Its name, which tokens carry, stays.
type RolePatch struct {
	Description         *string
	Scopes, Permissions *[]string
}

// CreateRole makes a named bundle of scopes and permissions.
func (s *Service) CreateRole(ctx context.Context, actor Actor, in RoleInput) (Role, error) {
	id, err := NewID(s.Rand, PrefixRole)
	if err != nil {
		return Role{}, err
	}
	role := Role{ID: id, OrganizationID: actor.OrganizationID, Revision: 1}
	err = s.change(ctx, actor, opRoleCreate, id, func(c *change) error {
		var v invalid
		role.Name = v.name("name", in.Name)
		if strings.HasPrefix(role.Name, PrefixRole) {
			v.add("name", "must not begin with %s", PrefixRole)
		}
		role.CreatedAt, role.UpdatedAt = c.now, c.now
		patch := RolePatch{Description: &in.Description, Scopes: &in.Scopes, Permissions: &in.Permissions}
		if err := c.applyRole(&role, patch, &v); err != nil {
			return err
		}
		c.after = auditRole(role)
		return c.InsertRole(ctx, role)
	})
	return role, err
}

// UpdateRole changes a role. What is taken from it is taken from its holders at once.
func (s *Service) UpdateRole(ctx context.Context, actor Actor, id string, p RolePatch, match int64) (Role, error) {
	var role Role
	err := s.change(ctx, actor, opRoleUpdate, id, func(c *change) (err error) {
		if role, err = c.role(ctx, id, match); err != nil {
			return err
		}
		c.before = auditRole(role)
		role.Revision++
		role.UpdatedAt = c.now
		var v invalid
		if err := c.applyRole(&role, p, &v); err != nil {
			return err
		}
		c.after = auditRole(role)
		return c.UpdateRole(ctx, role)
	})
	return role, err
}

// DeleteRole removes a role. While a client holds it, that is a conflict which
// says who.
func (s *Service) DeleteRole(ctx context.Context, actor Actor, id string, match int64) error {
	return s.change(ctx, actor, opRoleDelete, id, func(c *change) error {
		role, err := c.role(ctx, id, match)
		if err != nil {
			return err
		}
		if err := c.actor.organizationWide(); err != nil {
			return err
		}
		c.before = auditRole(role)
		users, err := c.RoleUsers(ctx, role, maxUsersNamed)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return inUse("role", users)
		}
		return c.DeleteRole(ctx, c.organizationID, id)
	})
}

// role locks a role that the actor may change, and checks If-Match.
func (c *change) role(ctx context.Context, id string, match int64) (Role, error) {
	if !IsID(id, PrefixRole) {
		return Role{}, NotFound("role")
	}
	role, err := c.RoleForUpdate(ctx, c.organizationID, id)
	if err != nil {
		return Role{}, err
	}
	if c.actor.credential() && holdsAdmin(role.Scopes, nil) {
		return Role{}, consoleSessionRequired("changing a role that contains a " + scopeAdmin + "* scope")
	}
	if err := c.notOwn(ctx, func(own Client) bool { return slices.Contains(own.RoleIDs, id) }); err != nil {
		return Role{}, err
	}
	return role, matches(role.Revision, match)
}

// applyRole checks the fields that a patch sets, and that the actor may grant them.
func (c *change) applyRole(r *Role, p RolePatch, v *invalid) error {
	if err := c.actor.organizationWide(); err != nil {
		return err
	}
	if p.Description != nil {
		r.Description = v.text("description", *p.Description, 0, maxDescription)
	}
	if p.Scopes != nil {
		r.Scopes = v.scopes("scopes", *p.Scopes)
	}
	if p.Permissions != nil {
		r.Permissions = v.permissions("permissions", *p.Permissions)
	}
	if err := v.err(); err != nil {
		return err
	}
	return c.actor.mayGrant(r.Scopes, nil)
}

// RoleQuery pages the roles of an organization.
type RoleQuery struct {
	Search string // in the name or description, letters of any case
	Limit  int    // 1 to 200; 0: 50
	Cursor string
}

// RoleList is one page of roles, newest first.
type RoleList struct {
	Items      []Role
	NextCursor string // empty: the last page
}

// Role returns one role of the actor's organization.
func (s *Service) Role(ctx context.Context, actor Actor, id string) (Role, error) {
	var role Role
	err := s.read(ctx, actor, func(r Reader) (err error) {
		if !IsID(id, PrefixRole) {
			return NotFound("role")
		}
		role, err = r.Role(ctx, actor.OrganizationID, id)
		return err
	})
	return role, err
}

// Roles lists the roles of the actor's organization, newest first.
func (s *Service) Roles(ctx context.Context, actor Actor, q RoleQuery) (RoleList, error) {
	var list RoleList
	err := s.read(ctx, actor, func(r Reader) error {
		cursor := s.cursorFor("roles", actor.OrganizationID, q.Search)
		page, err := cursor.searched(q.Search, q.Limit, q.Cursor)
		if err != nil {
			return err
		}
		rows, err := r.RolePage(ctx, actor.OrganizationID, page.orOneMore())
		list.Items, list.NextCursor = cut(cursor, page, rows, func(r Role) Page {
			return Page{AfterAt: r.CreatedAt, AfterID: r.ID}
		})
		return err
	})
	return list, err
}
