package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// apis is the resource /v1/apis.
type apis struct{ service *registry.Service }

func (h apis) mount(api huma.API) {
	const all, one = "/v1/apis", "/v1/apis/{id}"
	huma.Register(api, created("create-api", all, tagAPIs, "Register an API"), h.create)
	huma.Register(api, operation("list-apis", http.MethodGet, all, tagAPIs, "List APIs, newest first"), h.list)
	huma.Register(api, operation("get-api", http.MethodGet, one, tagAPIs, "Get an API"), h.get)
	huma.Register(api, operation("update-api", http.MethodPatch, one, tagAPIs, "Change an API"), h.update)
	huma.Register(api, operation("delete-api", http.MethodDelete, one, tagAPIs, "Delete an API"), h.delete)
}

// resourceServer is an API on the wire. Every member is always there.
type resourceServer struct {
	ID             string     `json:"id" example:"api_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	OrganizationID string     `json:"organizationId"`
	Identifier     string     `json:"identifier" doc:"The audience: an absolute URI, unique in the installation." example:"https://api.example.com/documents"`
	Name           string     `json:"name"`
	Scopes         []string   `json:"scopes" nullable:"false"`
	StrictScopes   bool       `json:"strictScopes" doc:"Its tokens carry declared scopes only."`
	Endpoints      []endpoint `json:"endpoints" nullable:"false"`
	CreatedAt      time.Time  `json:"createdAt"`
	UpdatedAt      time.Time  `json:"updatedAt"`
}

type endpoint struct {
	ID     string  `json:"id" example:"ept_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	Method string  `json:"method" example:"GET"`
	Path   string  `json:"path" example:"/v1/documents/{id}"`
	Scope  *string `json:"scope" doc:"null: none is needed"`
}

func resourceServerOf(a registry.API) resourceServer {
	endpoints := make([]endpoint, len(a.Endpoints))
	for i, e := range a.Endpoints {
		endpoints[i] = endpoint{e.ID, e.Method, e.Path, orNull(e.Scope)}
	}
	return resourceServer{
		ID: a.ID, OrganizationID: a.OrganizationID, Identifier: a.Identifier, Name: a.Name,
		Scopes: listed(a.Scopes), StrictScopes: a.StrictScopes, Endpoints: endpoints,
		CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC(),
	}
}

// endpointInput is an endpoint in a body: with the id of an existing one it
// changes that; without, it is a new one.
type endpointInput struct {
	ID     string `json:"id,omitempty"`
	Method string `json:"method,omitempty" doc:"Required."`
	Path   string `json:"path,omitempty" doc:"Required."`
	Scope  string `json:"scope,omitempty" doc:"One of the API's scopes."`
}

func endpointInputs(all []endpointInput) []registry.EndpointInput {
	out := make([]registry.EndpointInput, len(all))
	for i, e := range all {
		out[i] = registry.EndpointInput(e)
	}
	return out
}

// APIPath names one API.
type APIPath struct {
	ID string `path:"id"`
}

// APIMatch names one API in, if wanted, one revision.
type APIMatch struct {
	APIPath
	IfMatch string `header:"If-Match" doc:"The ETag of the revision to change."`
}

type apiAnswer struct {
	ETag string `header:"ETag"`
	Body resourceServer
}

func answerAPI(a registry.API, err error) (*apiAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &apiAnswer{etag(a.Revision), resourceServerOf(a)}, nil
}

type createAPIRequest struct {
	Body struct {
		Identifier   string          `json:"identifier,omitempty" doc:"Required."`
		Name         string          `json:"name,omitempty" doc:"1 to 100 characters; required."`
		Scopes       []string        `json:"scopes,omitempty"`
		StrictScopes bool            `json:"strictScopes,omitempty"`
		Endpoints    []endpointInput `json:"endpoints,omitempty"`
	}
}

type createAPIAnswer struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     resourceServer
}

func (h apis) create(ctx context.Context, req *createAPIRequest) (*createAPIAnswer, error) {
	b := req.Body
	made, err := h.service.CreateAPI(ctx, actorOf(ctx), registry.APIInput{
		Identifier: b.Identifier, Name: b.Name, Scopes: b.Scopes, StrictScopes: b.StrictScopes,
		Endpoints: endpointInputs(b.Endpoints),
	})
	if err != nil {
		return nil, err
	}
	return &createAPIAnswer{"/v1/apis/" + made.ID, etag(made.Revision), resourceServerOf(made)}, nil
}

type listAPIsAnswer struct {
	Body struct {
		Items      []resourceServer `json:"items" nullable:"false"`
		NextCursor *string          `json:"nextCursor" doc:"null: the last page"`
	}
}

func (h apis) list(ctx context.Context, req *SearchedPage) (*listAPIsAnswer, error) {
	found, err := h.service.APIs(ctx, actorOf(ctx), registry.APIQuery{Search: req.Search, Limit: req.Limit, Cursor: req.Cursor})
	if err != nil {
		return nil, err
	}
	var answer listAPIsAnswer
	answer.Body.Items = make([]resourceServer, len(found.Items))
	for i, a := range found.Items {
		answer.Body.Items[i] = resourceServerOf(a)
	}
	answer.Body.NextCursor = orNull(found.NextCursor)
	return &answer, nil
}

func (h apis) get(ctx context.Context, req *APIPath) (*apiAnswer, error) {
	return answerAPI(h.service.API(ctx, actorOf(ctx), req.ID))
}

type updateAPIRequest struct {
	APIMatch
	Body apiPatch `contentType:"application/merge-patch+json"`
}

// apiPatch is the merge patch of an API.
type apiPatch struct {
	Name         field[string]          `json:"name,omitzero"`
	Scopes       field[[]string]        `json:"scopes,omitzero"`
	StrictScopes field[bool]            `json:"strictScopes,omitzero"`
	Endpoints    field[[]endpointInput] `json:"endpoints,omitzero" doc:"Replaces them; those left out are disconnected everywhere."`
}

func (h apis) update(ctx context.Context, req *updateAPIRequest) (*apiAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	b := req.Body
	patch := registry.APIPatch{Name: b.Name.patch(), Scopes: b.Scopes.patch(), StrictScopes: b.StrictScopes.patch()}
	if b.Endpoints.present {
		endpoints := endpointInputs(b.Endpoints.value)
		patch.Endpoints = &endpoints
	}
	return answerAPI(h.service.UpdateAPI(ctx, actorOf(ctx), req.ID, patch, match))
}

func (h apis) delete(ctx context.Context, req *APIMatch) (*struct{}, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, h.service.DeleteAPI(ctx, actorOf(ctx), req.ID, match)
}
