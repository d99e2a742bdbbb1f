package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// organization is the resource /v1/organization: the caller's own.
type organization struct{ service *registry.Service }

func (h organization) mount(api huma.API) {
	const path = "/v1/organization"
	huma.Register(api, operation("get-organization", http.MethodGet, path, tagOrganization, "Get the organization and its policy"), h.get)
	huma.Register(api, operation("update-organization", http.MethodPatch, path, tagOrganization,
		"Change the organization or its policy; needs a console session"), h.update)
}

// tenant is an organization on the wire. Every member is always there.
type tenant struct {
	ID                           string    `json:"id" example:"org_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	Name                         string    `json:"name"`
	MaxCredentialLifetimeSeconds *int64    `json:"maxCredentialLifetimeSeconds" doc:"Longest time from now to the expiry of a client or API token; also the default. null: no limit."`
	MaxTokenTTLSeconds           *int64    `json:"maxTokenTtlSeconds" doc:"Longest lifetime of an access token. null: 86400."`
	RotationAgeSeconds           int64     `json:"rotationAgeSeconds" doc:"Age from which a secret is due for rotation."`
	CreatedAt                    time.Time `json:"createdAt"`
	UpdatedAt                    time.Time `json:"updatedAt"`
}

func tenantOf(o registry.Organization) tenant {
	return tenant{
		ID: o.ID, Name: o.Name, MaxCredentialLifetimeSeconds: orNull(int64(o.MaxCredentialLifetime.Seconds())),
		MaxTokenTTLSeconds: orNull(int64(o.MaxTokenTTL.Seconds())), RotationAgeSeconds: int64(o.RotationAge.Seconds()),
		CreatedAt: o.CreatedAt.UTC(), UpdatedAt: o.UpdatedAt.UTC(),
	}
}

type organizationAnswer struct {
	ETag string `header:"ETag"`
	Body tenant
}

func answerOrganization(o registry.Organization, err error) (*organizationAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &organizationAnswer{etag(o.Revision), tenantOf(o)}, nil
}

func (h organization) get(ctx context.Context, _ *struct{}) (*organizationAnswer, error) {
	return answerOrganization(h.service.Organization(ctx, actorOf(ctx)))
}

type updateOrganizationRequest struct {
	IfMatch string            `header:"If-Match" doc:"The ETag of the revision to change."`
	Body    organizationPatch `contentType:"application/merge-patch+json"`
}

// organizationPatch is the merge patch of an organization.
type organizationPatch struct {
	Name                         field[string] `json:"name,omitzero"`
	MaxCredentialLifetimeSeconds field[int64]  `json:"maxCredentialLifetimeSeconds,omitzero" doc:"3600 to 315360000. null: no limit."`
	MaxTokenTTLSeconds           field[int64]  `json:"maxTokenTtlSeconds,omitzero" doc:"60 to 86400. null: 86400."`
	RotationAgeSeconds           field[int64]  `json:"rotationAgeSeconds,omitzero" doc:"86400 to 315360000. null: 7776000, which is 90 days."`
}

func (h organization) update(ctx context.Context, req *updateOrganizationRequest) (*organizationAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	b := req.Body
	return answerOrganization(h.service.UpdateOrganization(ctx, actorOf(ctx), registry.OrganizationPatch{
		Name: b.Name.patch(), MaxCredentialLifetime: secondsPatch(b.MaxCredentialLifetimeSeconds),
		MaxTokenTTL: secondsPatch(b.MaxTokenTTLSeconds), RotationAge: secondsPatch(b.RotationAgeSeconds),
	}, match))
}
