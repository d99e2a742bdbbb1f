package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// scopes is the resource /v1/scopes: a catalogue of what scopes mean. A scope
// needs no entry to be used.
type scopes struct{ service *registry.Service }

func (h scopes) mount(api huma.API) {
	const all, one = "/v1/scopes", "/v1/scopes/{id}"
	huma.Register(api, created("create-scope", all, tagScopes, "Describe a scope"), h.create)
	huma.Register(api, operation("list-scopes", http.MethodGet, all, tagScopes, "List described scopes, newest first"), h.list)
	huma.Register(api, operation("get-scope", http.MethodGet, one, tagScopes, "Get a described scope"), h.get)
	huma.Register(api, operation("update-scope", http.MethodPatch, one, tagScopes, "Change what is said of a scope"), h.update)
	huma.Register(api, operation("delete-scope", http.MethodDelete, one, tagScopes, "Delete the description of a scope that nothing uses"), h.delete)
}

// scope is an entry of the catalogue on the wire. Every member is always there.
type scope struct {
	ID             string    `json:"id" example:"scp_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	OrganizationID string    `json:"organizationId"`
	Name           string    `json:"name" doc:"As tokens carry it, so it stays." example:"documents:read"`
	Description    string    `json:"description"`
	DeclaredBy     []string  `json:"declaredBy" nullable:"false" doc:"Identifiers of the APIs that declare it; empty: it is free-form."`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

func scopeOf(d registry.ScopeDetails) scope {
	return scope{
		ID: d.ID, OrganizationID: d.OrganizationID, Name: d.Name, Description: d.Description, DeclaredBy: listed(d.DeclaredBy),
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
}

// ScopePath names one entry.
type ScopePath struct {
	ID string `path:"id"`
}

// ScopeMatch names one entry in, if wanted, one revision.
type ScopeMatch struct {
	ScopePath
	IfMatch string `header:"If-Match" doc:"The ETag of the revision to change."`
}

type scopeAnswer struct {
	ETag string `header:"ETag"`
	Body scope
}

func answerScope(d registry.ScopeDetails, err error) (*scopeAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &scopeAnswer{etag(d.Revision), scopeOf(d)}, nil
}

type createScopeRequest struct {
	Body struct {
		Name        string `json:"name,omitempty" doc:"A scope of RFC 6749 syntax; required."`
		Description string `json:"description,omitempty" doc:"Up to 500 characters."`
	}
}

type createScopeAnswer struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     scope
}

func (h scopes) create(ctx context.Context, req *createScopeRequest) (*createScopeAnswer, error) {
	made, err := h.service.CreateScope(ctx, actorOf(ctx), registry.ScopeInput{Name: req.Body.Name, Description: req.Body.Description})
	if err != nil {
		return nil, err
	}
	return &createScopeAnswer{"/v1/scopes/" + made.ID, etag(made.Revision), scopeOf(made)}, nil
}

type listScopesAnswer struct {
	Body struct {
		Items      []scope `json:"items" nullable:"false"`
		NextCursor *string `json:"nextCursor" doc:"null: the last page"`
	}
}

func (h scopes) list(ctx context.Context, req *SearchedPage) (*listScopesAnswer, error) {
	found, err := h.service.Scopes(ctx, actorOf(ctx), registry.ScopeQuery{Search: req.Search, Limit: req.Limit, Cursor: req.Cursor})
	if err != nil {
		return nil, err
	}
	var answer listScopesAnswer
	answer.Body.Items = make([]scope, len(found.Items))
	for i, d := range found.Items {
		answer.Body.Items[i] = scopeOf(d)
	}
	answer.Body.NextCursor = orNull(found.NextCursor)
	return &answer, nil
}

func (h scopes) get(ctx context.Context, req *ScopePath) (*scopeAnswer, error) {
	return answerScope(h.service.Scope(ctx, actorOf(ctx), req.ID))
}

type updateScopeRequest struct {
	ScopeMatch
	Body scopePatch `contentType:"application/merge-patch+json"`
}

// scopePatch is the merge patch of an entry.
type scopePatch struct {
	Description field[string] `json:"description,omitzero"`
}

func (h scopes) update(ctx context.Context, req *updateScopeRequest) (*scopeAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	patch := registry.ScopePatch{Description: req.Body.Description.patch()}
	return answerScope(h.service.UpdateScope(ctx, actorOf(ctx), req.ID, patch, match))
}

func (h scopes) delete(ctx context.Context, req *ScopeMatch) (*struct{}, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, h.service.DeleteScope(ctx, actorOf(ctx), req.ID, match)
}
