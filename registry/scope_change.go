package registry

import (
	"context"
	"slices"
)

var (
	opScopeCreate = operation{"scope.create", FeedScope, byAdmin}
	opScopeUpdate = operation{"scope.update", FeedScope, byAdmin}
	opScopeDelete = operation{"scope.delete", FeedScope, byAdmin}
)

// ScopeInput is what an entry of the catalogue is created from.
type ScopeInput struct{ Name, Description string }

// ScopePatch is a partial change of an entry. Its name, which tokens carry, stays.
type ScopePatch struct{ Description *string }

// ScopeDetails is an entry of the catalogue and the identifiers of the APIs
// that declare the scope, sorted. None: it is free-form.
type ScopeDetails struct {
	Scope
	DeclaredBy []string
}

// CreateScope adds an entry to the organization's catalogue. It grants nothing.
func (s *Service) CreateScope(ctx context.Context, actor Actor, in ScopeInput) (ScopeDetails, error) {
	id, err := NewID(s.Rand, PrefixScope)
	if err != nil {
		return ScopeDetails{}, err
	}
	var d ScopeDetails
	err = s.change(ctx, actor, opScopeCreate, id, func(c *change) (err error) {
		if err := c.actor.organizationWide(); err != nil {
			return err
		}
		var v invalid
		scope := Scope{
			ID: id, OrganizationID: c.organizationID, Name: v.scope("name", in.Name),
			Description: v.text("description", in.Description, 0, maxDescription), Revision: 1, CreatedAt: c.now, UpdatedAt: c.now,
		}
		if IsAdminScope(scope.Name) {
			v.add("name", "must not begin with %s", scopeAdmin)
		}
		if err := v.err(); err != nil {
			return err
		}
		c.after = auditScope(scope)
		if err := c.InsertScope(ctx, scope); err != nil {
			return err
		}
		d, err = scopeDetails(ctx, c, scope)
		return err
	})
	return d, err
}

// UpdateScope changes what an entry says.
func (s *Service) UpdateScope(ctx context.Context, actor Actor, id string, p ScopePatch, match int64) (ScopeDetails, error) {
	var d ScopeDetails
	err := s.change(ctx, actor, opScopeUpdate, id, func(c *change) error {
		scope, err := c.scope(ctx, id, match)
		if err != nil {
			return err
		}
		c.before = auditScope(scope)
		var v invalid
		if p.Description != nil {
			scope.Description = v.text("description", *p.Description, 0, maxDescription)
		}
		if err := v.err(); err != nil {
			return err
		}
		scope.Revision++
		scope.UpdatedAt = c.now
		c.after = auditScope(scope)
		if err := c.UpdateScope(ctx, scope); err != nil {
			return err
		}
		d, err = scopeDetails(ctx, c, scope)
		return err
	})
	return d, err
}

// DeleteScope removes an entry. While an API declares the scope, or a role,
// client or API token lists it, that is a conflict which says who.
func (s *Service) DeleteScope(ctx context.Context, actor Actor, id string, match int64) error {
	return s.change(ctx, actor, opScopeDelete, id, func(c *change) error {
		scope, err := c.scope(ctx, id, match)
		if err != nil {
			return err
		}
		c.before = auditScope(scope)
		users, err := c.ScopeUsers(ctx, scope, maxUsersNamed)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return inUse("scope", users)
		}
		return c.DeleteScope(ctx, c.organizationID, id)
	})
}

// scope locks an entry that the actor may change, and checks If-Match.
func (c *change) scope(ctx context.Context, id string, match int64) (Scope, error) {
	if err := c.actor.organizationWide(); err != nil {
		return Scope{}, err
	}
	if !IsID(id, PrefixScope) {
		return Scope{}, NotFound("scope")
	}
	scope, err := c.ScopeForUpdate(ctx, c.organizationID, id)
	if err != nil {
		return Scope{}, err
	}
	return scope, matches(scope.Revision, match)
}

// ScopeQuery pages the catalogue of an organization.
type ScopeQuery struct {
	Search string // in the name or description, letters of any case
	Limit  int    // 1 to 200; 0: 50
	Cursor string
}

// ScopeList is one page of the catalogue, newest first.
type ScopeList struct {
	Items      []ScopeDetails
	NextCursor string // empty: the last page
}

// Scope returns one entry of the catalogue of the actor's organization.
func (s *Service) Scope(ctx context.Context, actor Actor, id string) (ScopeDetails, error) {
	var d ScopeDetails
	err := s.read(ctx, actor, func(r Reader) error {
		if !IsID(id, PrefixScope) {
			return NotFound("scope")
		}
		scope, err := r.Scope(ctx, actor.OrganizationID, id)
		if err != nil {
			return err
		}
		d, err = scopeDetails(ctx, r, scope)
		return err
	})
	return d, err
}

// Scopes lists the catalogue of the actor's organization, newest first.
func (s *Service) Scopes(ctx context.Context, actor Actor, q ScopeQuery) (ScopeList, error) {
	var list ScopeList
	err := s.read(ctx, actor, func(r Reader) error {
		cursor := s.cursorFor("scopes", actor.OrganizationID, q.Search)
		page, err := cursor.searched(q.Search, q.Limit, q.Cursor)
		if err != nil {
			return err
		}
		rows, err := r.ScopePage(ctx, actor.OrganizationID, page.orOneMore())
		if err != nil {
			return err
		}
		rows, list.NextCursor = cut(cursor, page, rows, func(s Scope) Page {
			return Page{AfterAt: s.CreatedAt, AfterID: s.ID}
		})
		apis, err := r.APIs(ctx, actor.OrganizationID)
		for _, scope := range rows {
			list.Items = append(list.Items, ScopeDetails{scope, declaredBy(apis, scope.Name)})
		}
		return err
	})
	return list, err
}

func scopeDetails(ctx context.Context, r Reader, scope Scope) (ScopeDetails, error) {
	apis, err := r.APIs(ctx, scope.OrganizationID)
	return ScopeDetails{scope, declaredBy(apis, scope.Name)}, err
}

func declaredBy(apis []API, scope string) []string {
	return identifiers(slices.DeleteFunc(slices.Clone(apis), func(a API) bool { return !slices.Contains(a.Scopes, scope) }))
}
