package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// roles is the resource /v1/roles.
type roles struct{ service *registry.Service }

func (h roles) mount(api huma.API) {
	const all, one = "/v1/roles", "/v1/roles/{id}"
	huma.Register(api, created("create-role", all, tagRoles, "Create a role"), h.create)
	huma.Register(api, operation("list-roles", http.MethodGet, all, tagRoles, "List roles, newest first"), h.list)
	huma.Register(api, operation("get-role", http.MethodGet, one, tagRoles, "Get a role"), h.get)
	huma.Register(api, operation("update-role", http.MethodPatch, one, tagRoles, "Change a role; what is taken from it is taken from its holders at once"), h.update)
	huma.Register(api, operation("delete-role", http.MethodDelete, one, tagRoles, "Delete a role that nobody holds"), h.delete)
}

// role is a role on the wire. Every member is always there.
type role struct {
	ID             string    `json:"id" example:"rol_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	OrganizationID string    `json:"organizationId"`
	Name           string    `json:"name" doc:"Unique in the organization; tokens carry it, so it stays."`
	Description    string    `json:"description"`
	Scopes         []string  `json:"scopes" nullable:"false"`
	Permissions    []string  `json:"permissions" nullable:"false"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

func roleOf(r registry.Role) role {
	return role{
		ID: r.ID, OrganizationID: r.OrganizationID, Name: r.Name, Description: r.Description, Scopes: listed(r.Scopes),
		Permissions: listed(r.Permissions), CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

// RolePath names one role.
type RolePath struct {
	ID string `path:"id"`
}

// RoleMatch names one role in, if wanted, one revision.
type RoleMatch struct {
	RolePath
	IfMatch string `header:"If-Match" doc:"The ETag of the revision to change."`
}

type roleAnswer struct {
	ETag string `header:"ETag"`
	Body role
}

func answerRole(r registry.Role, err error) (*roleAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &roleAnswer{etag(r.Revision), roleOf(r)}, nil
}

type createRoleRequest struct {
	Body struct {
		Name        string   `json:"name,omitempty" doc:"1 to 100 characters; required."`
		Description string   `json:"description,omitempty" doc:"Up to 500 characters."`
		Scopes      []string `json:"scopes,omitempty"`
		Permissions []string `json:"permissions,omitempty"`
	}
}

type createRoleAnswer struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     role
}

func (h roles) create(ctx context.Context, req *createRoleRequest) (*createRoleAnswer, error) {
	b := req.Body
	made, err := h.service.CreateRole(ctx, actorOf(ctx), registry.RoleInput{
		Name: b.Name, Description: b.Description, Scopes: b.Scopes, Permissions: b.Permissions,
	})
	if err != nil {
		return nil, err
	}
	return &createRoleAnswer{"/v1/roles/" + made.ID, etag(made.Revision), roleOf(made)}, nil
}

type listRolesAnswer struct {
	Body struct {
		Items      []role  `json:"items" nullable:"false"`
		NextCursor *string `json:"nextCursor" doc:"null: the last page"`
	}
}

func (h roles) list(ctx context.Context, req *SearchedPage) (*listRolesAnswer, error) {
	found, err := h.service.Roles(ctx, actorOf(ctx), registry.RoleQuery{Search: req.Search, Limit: req.Limit, Cursor: req.Cursor})
	if err != nil {
		return nil, err
	}
	var answer listRolesAnswer
	answer.Body.Items = make([]role, len(found.Items))
	for i, r := range found.Items {
		answer.Body.Items[i] = roleOf(r)
	}
	answer.Body.NextCursor = orNull(found.NextCursor)
	return &answer, nil
}

func (h roles) get(ctx context.Context, req *RolePath) (*roleAnswer, error) {
	return answerRole(h.service.Role(ctx, actorOf(ctx), req.ID))
}

type updateRoleRequest struct {
	RoleMatch
	Body rolePatch `contentType:"application/merge-patch+json"`
}

// rolePatch is the merge patch of a role.
type rolePatch struct {
	Description field[string]   `json:"description,omitzero"`
	Scopes      field[[]string] `json:"scopes,omitzero"`
	Permissions field[[]string] `json:"permissions,omitzero"`
}

func (h roles) update(ctx context.Context, req *updateRoleRequest) (*roleAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	b := req.Body
	patch := registry.RolePatch{Description: b.Description.patch(), Scopes: b.Scopes.patch(), Permissions: b.Permissions.patch()}
	return answerRole(h.service.UpdateRole(ctx, actorOf(ctx), req.ID, patch, match))
}

func (h roles) delete(ctx context.Context, req *RoleMatch) (*struct{}, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, h.service.DeleteRole(ctx, actorOf(ctx), req.ID, match)
}
