package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// tokens is the resource /v1/tokens.
type tokens struct {
	service *registry.Service
	now     func() time.Time
}

func (h tokens) mount(api huma.API) {
	const all, one = "/v1/tokens", "/v1/tokens/{id}"
	huma.Register(api, created("create-token", all, tagTokens, "Create an API token"), h.create)
	huma.Register(api, operation("list-tokens", http.MethodGet, all, tagTokens, "List API tokens"), h.list)
	huma.Register(api, operation("get-token", http.MethodGet, one, tagTokens, "Get an API token"), h.get)
	huma.Register(api, operation("update-token", http.MethodPatch, one, tagTokens, "Change an API token; its value stays"), h.update)
	huma.Register(api, operation("delete-token", http.MethodDelete, one, tagTokens, "Delete an API token, for good"), h.delete)
	huma.Register(api, operation("regenerate-token", http.MethodPost, one+"/regenerate", tagTokens, "Replace an API token's value; the older one is dead at once"), h.regenerate)
	huma.Register(api, operation("revoke-token", http.MethodPost, one+"/revoke", tagTokens, "Revoke an API token, for good"), h.revoke)
	huma.Register(api, operation("revoke-all-tokens", http.MethodPost, all+"/revoke-all", tagTokens, "Revoke every API token of an organization, project or creator"), h.revokeAll)
}

// TokenPath names one API token.
type TokenPath struct {
	ID string `path:"id"`
}

// TokenMatch names one API token in, if wanted, one revision.
type TokenMatch struct {
	TokenPath
	IfMatch string `header:"If-Match" doc:"The ETag of the revision to change."`
}

type tokenAnswer struct {
	ETag string `header:"ETag"`
	Body apiToken
}

func (h tokens) answer(t registry.APIToken, err error) (*tokenAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &tokenAnswer{etag(t.Revision), apiTokenOf(t, h.now())}, nil
}

type createTokenRequest struct {
	Body newAPIToken
}

type createTokenAnswer struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     apiTokenWithValue
}

func (h tokens) create(ctx context.Context, req *createTokenRequest) (*createTokenAnswer, error) {
	t, text, err := h.service.CreateAPIToken(ctx, actorOf(ctx), req.Body.input())
	if err != nil {
		return nil, err
	}
	return &createTokenAnswer{
		Location: "/v1/tokens/" + t.ID, ETag: etag(t.Revision),
		Body: apiTokenWithValue{apiTokenOf(t, h.now()), text.Reveal()},
	}, nil
}

type listTokensRequest struct {
	ProjectID string `query:"projectId"`
	CreatedBy string `query:"createdBy" doc:"Id of the member, client or API token that created it."`
	Type      string `query:"type" doc:"organization or project."`
	Narrowing
	Page
}

type listTokensAnswer struct {
	Body struct {
		Items      []apiToken `json:"items" nullable:"false"`
		NextCursor *string    `json:"nextCursor" doc:"null: the last page"`
	}
}

func (h tokens) list(ctx context.Context, req *listTokensRequest) (*listTokensAnswer, error) {
	found, err := h.service.APITokens(ctx, actorOf(ctx), registry.APITokenQuery{
		ProjectID: req.ProjectID, CreatedBy: req.CreatedBy, Type: req.Type, ListQuery: req.query(),
		Limit: req.Limit, Cursor: req.Cursor,
	})
	if err != nil {
		return nil, err
	}
	var answer listTokensAnswer
	answer.Body.Items = h.tokensOf(found.Items)
	answer.Body.NextCursor = orNull(found.NextCursor)
	return &answer, nil
}

func (h tokens) tokensOf(all []registry.APIToken) []apiToken {
	out := make([]apiToken, len(all))
	for i, t := range all {
		out[i] = apiTokenOf(t, h.now())
	}
	return out
}

func (h tokens) get(ctx context.Context, req *TokenPath) (*tokenAnswer, error) {
	return h.answer(h.service.APIToken(ctx, actorOf(ctx), req.ID))
}

type updateTokenRequest struct {
	TokenMatch
	Body apiTokenPatch `contentType:"application/merge-patch+json"`
}

func (h tokens) update(ctx context.Context, req *updateTokenRequest) (*tokenAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	patch, err := req.Body.patch()
	if err != nil {
		return nil, err
	}
	return h.answer(h.service.UpdateAPIToken(ctx, actorOf(ctx), req.ID, patch, match))
}

func (h tokens) delete(ctx context.Context, req *TokenMatch) (*struct{}, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, h.service.DeleteAPIToken(ctx, actorOf(ctx), req.ID, match)
}

type regenerateTokenRequest struct {
	TokenPath
	Body *tokenRegeneration // may be left out
}

// tokenRegeneration is the body that replaces an API token's value.
type tokenRegeneration struct {
	ExpiresAt *time.Time `json:"expiresAt,omitempty" doc:"A new expiry; absent: as it is, or the default once it has expired."`
}

type regenerateTokenAnswer struct {
	ETag string `header:"ETag"`
	Body apiTokenWithValue
}

func (h tokens) regenerate(ctx context.Context, req *regenerateTokenRequest) (*regenerateTokenAnswer, error) {
	var expiresAt *time.Time
	if req.Body != nil {
		expiresAt = req.Body.ExpiresAt
	}
	t, text, err := h.service.RegenerateAPIToken(ctx, actorOf(ctx), req.ID, expiresAt)
	if err != nil {
		return nil, err
	}
	return &regenerateTokenAnswer{etag(t.Revision), apiTokenWithValue{apiTokenOf(t, h.now()), text.Reveal()}}, nil
}

func (h tokens) revoke(ctx context.Context, req *TokenMatch) (*tokenAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return h.answer(h.service.RevokeAPIToken(ctx, actorOf(ctx), req.ID, match))
}

type revokeAllTokensRequest struct {
	Body struct {
		OrganizationID string `json:"organizationId,omitempty"`
		ProjectID      string `json:"projectId,omitempty"`
		CreatedBy      string `json:"createdBy,omitempty"`
		DryRun         bool   `json:"dryRun,omitempty" doc:"Tells what would be hit, and changes nothing."`
		ExpectedCount  *int   `json:"expectedCount,omitempty" doc:"Refuse with count_changed if it is another by now."`
	}
}

type revokeAllTokensAnswer struct {
	Body struct {
		Count int        `json:"count"`
		Items []apiToken `json:"items" nullable:"false" doc:"The first 100."`
	}
}

func (h tokens) revokeAll(ctx context.Context, req *revokeAllTokensRequest) (*revokeAllTokensAnswer, error) {
	b := req.Body
	result, err := h.service.RevokeAllAPITokens(ctx, actorOf(ctx), registry.RevokeAllInput{
		OrganizationID: b.OrganizationID, ProjectID: b.ProjectID, CreatedBy: b.CreatedBy,
		DryRun: b.DryRun, ExpectedCount: b.ExpectedCount,
	})
	if err != nil {
		return nil, err
	}
	var answer revokeAllTokensAnswer
	answer.Body.Count = result.Count
	answer.Body.Items = h.tokensOf(result.Items)
	return &answer, nil
}
