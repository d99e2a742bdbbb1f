package admin

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// self is the resource /v1/me.
type self struct{ service *registry.Service }

func (h self) mount(api huma.API) {
	huma.Register(api, operation("get-me", http.MethodGet, "/v1/me", tagSelf, "Who the caller is and where it belongs"), h.get)
}

type selfAnswer struct {
	Body struct {
		Kind             string   `json:"kind" enum:"member,client,api_token"`
		ID               string   `json:"id"`
		OrganizationID   string   `json:"organizationId"`
		OrganizationName string   `json:"organizationName"`
		ProjectID        *string  `json:"projectId" doc:"Set when the caller is bound to a project."`
		Role             *string  `json:"role" doc:"Of a member; else null."`
		Scopes           []string `json:"scopes" nullable:"false"`
	}
}

func (h self) get(ctx context.Context, _ *struct{}) (*selfAnswer, error) {
	me, err := h.service.Me(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	var answer selfAnswer
	b := &answer.Body
	b.Kind, b.ID = me.Actor.Kind, me.Actor.ID
	b.OrganizationID, b.OrganizationName = me.Organization.ID, me.Organization.Name
	b.ProjectID, b.Role, b.Scopes = orNull(me.Actor.ProjectID), orNull(string(me.Actor.Role)), listed(me.Actor.Scopes)
	return &answer, nil
}
