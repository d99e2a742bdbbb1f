package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// usage is the resource /v1/usage, and the usage of each credential.
type usage struct{ service *registry.Service }

func (h usage) mount(api huma.API) {
	huma.Register(api, operation("get-usage", http.MethodGet, "/v1/usage", tagUsage, "Get the usage of the organization, and what stands out"), h.organization)
	huma.Register(api, operation("get-client-usage", http.MethodGet, "/v1/clients/{clientId}/usage", tagUsage, "Get the usage of a client"), h.client)
	huma.Register(api, operation("get-token-usage", http.MethodGet, "/v1/tokens/{id}/usage", tagUsage, "Get the usage of an API token"), h.token)
}

// UsageRange asks for usage over a range of time.
type UsageRange struct {
	Bucket string    `query:"bucket" doc:"hour (absent: hour) or day, of UTC."`
	From   time.Time `query:"from" doc:"The range begins with the bucket that this time is in. Absent: the last 24 hours, or 30 days."`
	To     time.Time `query:"to" doc:"The range ends before this time, or with the bucket that it is in. Absent: with the present one. At most 744 hours or 400 days after from."`
}

func (r UsageRange) query() registry.UsageQuery {
	return registry.UsageQuery{Grain: registry.Grain(r.Bucket), From: r.From, To: r.To}
}

type organizationUsageRequest struct {
	UsageRange
	ProjectID string `query:"projectId"`
	UnusedFor int64  `query:"unusedFor" default:"7776000" doc:"Seconds without use, or since it was made, after which a credential is counted as unused; 0: each is. Absent: 90 days."`
}

type organizationUsageAnswer struct {
	Body organizationUsage
}

func (h usage) organization(ctx context.Context, req *organizationUsageRequest) (*organizationUsageAnswer, error) {
	report, err := h.service.OrganizationUsage(ctx, actorOf(ctx), registry.OrganizationUsageQuery{
		UsageQuery: req.query(), ProjectID: req.ProjectID, UnusedFor: seconds(req.UnusedFor),
	})
	if err != nil {
		return nil, err
	}
	return &organizationUsageAnswer{organizationUsageOf(report)}, nil
}

type clientUsageRequest struct {
	ClientPath
	UsageRange
}

type credentialUsageAnswer struct {
	Body credentialUsage
}

func (h usage) client(ctx context.Context, req *clientUsageRequest) (*credentialUsageAnswer, error) {
	report, err := h.service.ClientUsage(ctx, actorOf(ctx), req.ClientID, req.query())
	if err != nil {
		return nil, err
	}
	return &credentialUsageAnswer{credentialUsageOf(report)}, nil
}

type tokenUsageRequest struct {
	TokenPath
	UsageRange
}

func (h usage) token(ctx context.Context, req *tokenUsageRequest) (*credentialUsageAnswer, error) {
	report, err := h.service.APITokenUsage(ctx, actorOf(ctx), req.ID, req.query())
	if err != nil {
		return nil, err
	}
	return &credentialUsageAnswer{credentialUsageOf(report)}, nil
}
