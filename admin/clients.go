package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// clients is the resource /v1/clients.
type clients struct {
	service *registry.Service
	now     func() time.Time
}

func (h clients) mount(api huma.API) {
	const all, one = "/v1/clients", "/v1/clients/{clientId}"
	huma.Register(api, created("create-client", all, tagClients, "Create a client"), h.create)
	huma.Register(api, operation("list-clients", http.MethodGet, all, tagClients, "List clients"), h.list)
	huma.Register(api, operation("get-client", http.MethodGet, one, tagClients, "Get a client"), h.get)
	huma.Register(api, operation("update-client", http.MethodPatch, one, tagClients, "Change a client"), h.update)
	huma.Register(api, operation("delete-client", http.MethodDelete, one, tagClients, "Delete a client, for good"), h.delete)
	huma.Register(api, created("duplicate-client", one+"/duplicate", tagClients, "Create another client like this one"), h.duplicate)
	huma.Register(api, operation("regenerate-client", http.MethodPost, one+"/regenerate", tagClients, "Replace a client's secrets"), h.regenerate)
	huma.Register(api, operation("revoke-client", http.MethodPost, one+"/revoke", tagClients, "Revoke a client, for good"), h.revoke)
	huma.Register(api, operation("confirm-client", http.MethodPost, one+"/confirm", tagClients, "Confirm a pending client"), h.confirm)
	huma.Register(api, operation("revoke-all-clients", http.MethodPost, all+"/revoke-all", tagClients, "Revoke every client of an organization, project, application or creator"), h.revokeAll)
}

// ClientPath names one client.
type ClientPath struct {
	ClientID string `path:"clientId"`
}

// ClientMatch names one client in, if wanted, one revision.
type ClientMatch struct {
	ClientPath
	IfMatch string `header:"If-Match" doc:"The ETag of the revision to change."`
}

type clientAnswer struct {
	ETag string `header:"ETag"`
	Body Client
}

func (h clients) answer(d registry.ClientDetails, err error) (*clientAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &clientAnswer{etag(d.Revision), clientOf(d, h.now())}, nil
}

type createClientRequest struct {
	Body newClient
}

type createClientAnswer struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     clientWithSecret
}

func (h clients) create(ctx context.Context, req *createClientRequest) (*createClientAnswer, error) {
	return h.created(h.service.CreateClient(ctx, actorOf(ctx), req.Body.input()))
}

func (h clients) created(d registry.ClientDetails, text registry.SecretText, err error) (*createClientAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &createClientAnswer{
		Location: "/v1/clients/" + d.ID, ETag: etag(d.Revision),
		Body: clientWithSecret{clientOf(d, h.now()), text.Reveal()},
	}, nil
}

type duplicateClientRequest struct {
	ClientPath
	Body *duplication // may be left out
}

// duplication is the body that makes a client like another: what shall be
// otherwise than there.
type duplication struct {
	Name            string          `json:"name,omitempty" doc:"Absent: the same."`
	JWKS            json.RawMessage `json:"jwks,omitempty" doc:"Public keys of its own, for private_key_jwt; absent: the same."`
	ConfirmRequired bool            `json:"confirmRequired,omitempty" doc:"Stays pending until confirmed, within an hour."`
}

func (h clients) duplicate(ctx context.Context, req *duplicateClientRequest) (*createClientAnswer, error) {
	var in registry.DuplicateInput
	if req.Body != nil {
		in = registry.DuplicateInput(*req.Body)
	}
	return h.created(h.service.DuplicateClient(ctx, actorOf(ctx), req.ClientID, in))
}

type listClientsRequest struct {
	ProjectID     string `query:"projectId"`
	ApplicationID string `query:"applicationId"`
	CreatedBy     string `query:"createdBy" doc:"Id of the member, client or API token that created it."`
	Environment   string `query:"environment"`
	Narrowing
	Page
}

type listClientsAnswer struct {
	Body struct {
		Items      []Client `json:"items" nullable:"false"`
		NextCursor *string  `json:"nextCursor" doc:"null: the last page"`
	}
}

func (h clients) list(ctx context.Context, req *listClientsRequest) (*listClientsAnswer, error) {
	found, err := h.service.Clients(ctx, actorOf(ctx), registry.ClientQuery{
		ProjectID: req.ProjectID, ApplicationID: req.ApplicationID, CreatedBy: req.CreatedBy,
		Environment: req.Environment, ListQuery: req.query(), Limit: req.Limit, Cursor: req.Cursor,
	})
	if err != nil {
		return nil, err
	}
	var answer listClientsAnswer
	answer.Body.Items = h.clientsOf(found.Items)
	answer.Body.NextCursor = orNull(found.NextCursor)
	return &answer, nil
}

func (h clients) clientsOf(all []registry.ClientDetails) []Client {
	out := make([]Client, len(all))
	for i, d := range all {
		out[i] = clientOf(d, h.now())
	}
	return out
}

func (h clients) get(ctx context.Context, req *ClientPath) (*clientAnswer, error) {
	return h.answer(h.service.Client(ctx, actorOf(ctx), req.ClientID))
}

type updateClientRequest struct {
	ClientMatch
	Body clientPatch `contentType:"application/merge-patch+json"`
}

func (h clients) update(ctx context.Context, req *updateClientRequest) (*clientAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	patch, err := req.Body.patch()
	if err != nil {
		return nil, err
	}
	return h.answer(h.service.UpdateClient(ctx, actorOf(ctx), req.ClientID, patch, match))
}

func (h clients) delete(ctx context.Context, req *ClientMatch) (*struct{}, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, h.service.DeleteClient(ctx, actorOf(ctx), req.ClientID, match)
}

type regenerateClientRequest struct {
	ClientPath
	Body *regeneration // may be left out
}

// regeneration is the body that replaces a client's secrets.
type regeneration struct {
	OverlapSeconds int64      `json:"overlapSeconds,omitempty" doc:"How long the older secrets live on; 0 ends them before this is answered."`
	ExpiresAt      *time.Time `json:"expiresAt,omitempty" doc:"A new expiry of the client; absent: as it is, or the default once it has expired."`
}

func (b *regeneration) input() registry.RegenerateInput {
	if b == nil {
		return registry.RegenerateInput{}
	}
	return registry.RegenerateInput{Overlap: seconds(b.OverlapSeconds), ExpiresAt: b.ExpiresAt}
}

type regenerateClientAnswer struct {
	ETag string `header:"ETag"`
	Body clientWithSecret
}

func (h clients) regenerate(ctx context.Context, req *regenerateClientRequest) (*regenerateClientAnswer, error) {
	d, text, err := h.service.RegenerateClient(ctx, actorOf(ctx), req.ClientID, req.Body.input())
	if err != nil {
		return nil, err
	}
	return &regenerateClientAnswer{etag(d.Revision), clientWithSecret{clientOf(d, h.now()), text.Reveal()}}, nil
}

func (h clients) revoke(ctx context.Context, req *ClientMatch) (*clientAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return h.answer(h.service.RevokeClient(ctx, actorOf(ctx), req.ClientID, match))
}

func (h clients) confirm(ctx context.Context, req *ClientPath) (*clientAnswer, error) {
	return h.answer(h.service.ConfirmClient(ctx, actorOf(ctx), req.ClientID))
}

type revokeAllClientsRequest struct {
	Body struct {
		OrganizationID string `json:"organizationId,omitempty"`
		ProjectID      string `json:"projectId,omitempty"`
		ApplicationID  string `json:"applicationId,omitempty"`
		CreatedBy      string `json:"createdBy,omitempty"`
		DryRun         bool   `json:"dryRun,omitempty" doc:"Tells what would be hit, and changes nothing."`
		ExpectedCount  *int   `json:"expectedCount,omitempty" doc:"Refuse with count_changed if it is another by now."`
	}
}

type revokeAllClientsAnswer struct {
	Body struct {
		Count int      `json:"count"`
		Items []Client `json:"items" nullable:"false" doc:"The first 100."`
	}
}

func (h clients) revokeAll(ctx context.Context, req *revokeAllClientsRequest) (*revokeAllClientsAnswer, error) {
	b := req.Body
	result, err := h.service.RevokeAllClients(ctx, actorOf(ctx), registry.RevokeAllInput{
		OrganizationID: b.OrganizationID, ProjectID: b.ProjectID, ApplicationID: b.ApplicationID, CreatedBy: b.CreatedBy,
		DryRun: b.DryRun, ExpectedCount: b.ExpectedCount,
	})
	if err != nil {
		return nil, err
	}
	var answer revokeAllClientsAnswer
	answer.Body.Count = result.Count
	answer.Body.Items = h.clientsOf(result.Items)
	return &answer, nil
}
