package registry

import (
	"context"
	"strings"
)

var (
	opRoleCreate = operation{"role.create", FeedRole, byAdmin}
	opRoleUpdate = operation{"role.update", FeedRole, byAdmin}
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
		if !IsID(id, PrefixRole) {
			return NotFound("role")
		}
		if role, err = c.RoleForUpdate(ctx, c.organizationID, id); err != nil {
			return err
		}
		if c.actor.credential() && holdsAdmin(role.Scopes, nil) {
			return consoleSessionRequired("changing a role that contains a " + scopeAdmin + "* scope")
		}
		if err := matches(role.Revision, match); err != nil {
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
