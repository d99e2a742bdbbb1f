package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// refusals is the resource /v1/refusals.
type refusals struct{ service *registry.Service }

func (h refusals) mount(api huma.API) {
	huma.Register(api, operation("get-refusal", http.MethodGet, "/v1/refusals/{errorId}", tagRefusals, "Why something was refused"), h.get)
}

type refusalPath struct {
	ErrorID string `path:"errorId"`
}

type refusalAnswer struct {
	Body struct {
		ErrorID        string    `json:"errorId"`
		Cause          string    `json:"cause" doc:"docs/errors.md lists them." example:"secret_expired"`
		Meaning        string    `json:"meaning" doc:"The cause in a sentence."`
		Advice         string    `json:"advice" doc:"What can be done about it."`
		OrganizationID *string   `json:"organizationId" doc:"null: it concerns none"`
		CredentialKind *string   `json:"credentialKind" enum:"client,api_token,member,operator" doc:"null: it could not be told"`
		CredentialID   *string   `json:"credentialId"`
		CredentialName *string   `json:"credentialName" doc:"null: it is gone, or has none"`
		At             time.Time `json:"at"`
	}
}

func (h refusals) get(ctx context.Context, req *refusalPath) (*refusalAnswer, error) {
	refusal, err := h.service.Refusal(ctx, actorOf(ctx), req.ErrorID)
	if err != nil {
		return nil, err
	}
	var answer refusalAnswer
	b := &answer.Body
	b.ErrorID, b.Cause, b.At = req.ErrorID, refusal.Cause.String(), refusal.At.UTC()
	b.Meaning, b.Advice = refusal.Cause.Meaning(), refusal.Cause.Advice()
	b.CredentialName = orNull(refusal.CredentialName)
	b.OrganizationID = orNull(refusal.OrganizationID)
	b.CredentialKind, b.CredentialID = orNull(refusal.Credential.Kind), orNull(refusal.Credential.ID)
	return &answer, nil
}
