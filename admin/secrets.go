package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// secrets is the resource /v1/clients/{clientId}/secrets.
type secrets struct {
	service *registry.Service
	now     func() time.Time
}

func (h secrets) mount(api huma.API) {
	const all, one = "/v1/clients/{clientId}/secrets", "/v1/clients/{clientId}/secrets/{secretId}"
	huma.Register(api, operation("list-client-secrets", http.MethodGet, all, tagClients, "List a client's secrets, oldest first"), h.list)
	huma.Register(api, created("add-client-secret", all, tagClients, "Add a secret beside those a client has"), h.add)
	huma.Register(api, operation("delete-client-secret", http.MethodDelete, one, tagClients, "Delete a secret"), h.delete)
}

type listSecretsAnswer struct {
	Body struct {
		Items      []Secret `json:"items" nullable:"false"`
		NextCursor *string  `json:"nextCursor" doc:"Always null: a client has few secrets."`
	}
}

func (h secrets) list(ctx context.Context, req *ClientPath) (*listSecretsAnswer, error) {
	all, err := h.service.Secrets(ctx, actorOf(ctx), req.ClientID)
	if err != nil {
		return nil, err
	}
	var answer listSecretsAnswer
	answer.Body.Items = secretsOf(all, h.now())
	return &answer, nil
}

type addSecretRequest struct {
	ClientPath
	Body *newSecret // may be left out
}

// newSecret is the body that adds a secret.
type newSecret struct {
	ExpiresAt time.Time `json:"expiresAt,omitempty" doc:"Absent: never."`
}

type addSecretAnswer struct {
	Location string `header:"Location"`
	Body     secretWithValue
}

func (h secrets) add(ctx context.Context, req *addSecretRequest) (*addSecretAnswer, error) {
	var expiresAt time.Time
	if req.Body != nil {
		expiresAt = req.Body.ExpiresAt
	}
	made, text, err := h.service.AddSecret(ctx, actorOf(ctx), req.ClientID, expiresAt)
	if err != nil {
		return nil, err
	}
	return &addSecretAnswer{
		Location: "/v1/clients/" + made.ClientID + "/secrets/" + made.ID,
		Body:     secretWithValue{secretOf(made, h.now()), text.Reveal()},
	}, nil
}

type deleteSecretRequest struct {
	ClientPath
	SecretID string `path:"secretId"`
	Force    bool   `query:"force" doc:"Also one that was used lately."`
}

func (h secrets) delete(ctx context.Context, req *deleteSecretRequest) (*struct{}, error) {
	return nil, h.service.DeleteSecret(ctx, actorOf(ctx), req.ClientID, req.SecretID, req.Force)
}
