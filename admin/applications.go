package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// applications is the resource /v1/applications.
type applications struct {
	service *registry.Service
	now     func() time.Time
}

func (h applications) mount(api huma.API) {
	const all, one = "/v1/applications", "/v1/applications/{id}"
	huma.Register(api, created("create-application", all, tagApplications, "Create an application, and if wanted its first client"), h.create)
	huma.Register(api, operation("list-applications", http.MethodGet, all, tagApplications, "List applications, newest first"), h.list)
	huma.Register(api, operation("get-application", http.MethodGet, one, tagApplications, "Get an application"), h.get)
	huma.Register(api, operation("update-application", http.MethodPatch, one, tagApplications, "Change an application"), h.update)
	huma.Register(api, operation("delete-application", http.MethodDelete, one, tagApplications, "Delete an application whose clients are all revoked, with them"), h.delete)
}

// application is an application on the wire. Every member is always there.
type application struct {
	ID             string    `json:"id" example:"app_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	Name           string    `json:"name"`
	Description    string    `json:"description"`
	OrganizationID string    `json:"organizationId"`
	ProjectID      *string   `json:"projectId" doc:"null: organization-wide"`
	Endpoints      []string  `json:"endpoints" nullable:"false" doc:"Ids of the connected endpoints: what its clients may reach, and their scopes where they list none."`
	ClientCount    int       `json:"clientCount" doc:"Revoked ones too."`
	CreatedBy      string    `json:"createdBy" doc:"Id of the member, client or API token; operator for the command line."`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

// applicationWithClient shows the first client's secret this one time.
type applicationWithClient struct {
	application
	Client       *Client `json:"client,omitempty" doc:"Where createClient asked for it."`
	ClientSecret string  `json:"clientSecret,omitempty" doc:"Shown in this answer alone."`
}

func applicationOf(d registry.ApplicationDetails) application {
	return application{
		ID: d.ID, Name: d.Name, Description: d.Description, OrganizationID: d.OrganizationID, ProjectID: orNull(d.ProjectID),
		Endpoints: listed(d.EndpointIDs), ClientCount: d.Clients.Count, CreatedBy: createdBy(d.CreatedBy),
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
}

// ApplicationPath names one application.
type ApplicationPath struct {
	ID string `path:"id"`
}

// ApplicationMatch names one application in, if wanted, one revision.
type ApplicationMatch struct {
	ApplicationPath
	IfMatch string `header:"If-Match" doc:"The ETag of the revision to change."`
}

type applicationAnswer struct {
	ETag string `header:"ETag"`
	Body application
}

func answerApplication(d registry.ApplicationDetails, err error) (*applicationAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &applicationAnswer{etag(d.Revision), applicationOf(d)}, nil
}

type createApplicationRequest struct {
	Body struct {
		Name         string     `json:"name,omitempty" doc:"1 to 100 characters; required."`
		Description  string     `json:"description,omitempty" doc:"Up to 500 characters."`
		ProjectID    string     `json:"projectId,omitempty"`
		Endpoints    []string   `json:"endpoints,omitempty" doc:"Ids of the endpoints to connect."`
		CreateClient *newClient `json:"createClient,omitempty" doc:"Its first client, made in the same step. Its place is the application's."`
	}
}

type createApplicationAnswer struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     applicationWithClient
}

func (h applications) create(ctx context.Context, req *createApplicationRequest) (*createApplicationAnswer, error) {
	b := req.Body
	in := registry.ApplicationInput{Name: b.Name, Description: b.Description, ProjectID: b.ProjectID, Endpoints: b.Endpoints}
	if b.CreateClient != nil {
		first := b.CreateClient.input()
		in.CreateClient = &first
	}
	made, err := h.service.CreateApplication(ctx, actorOf(ctx), in)
	if err != nil {
		return nil, err
	}
	answer := &createApplicationAnswer{
		Location: "/v1/applications/" + made.Application.ID, ETag: etag(made.Application.Revision),
		Body: applicationWithClient{application: applicationOf(made.Application), ClientSecret: made.Secret.Reveal()},
	}
	if made.Client != nil {
		client := clientOf(*made.Client, h.now())
		answer.Body.Client = &client
	}
	return answer, nil
}

type listApplicationsRequest struct {
	ProjectID string `query:"projectId"`
	SearchedPage
}

type listApplicationsAnswer struct {
	Body struct {
		Items      []application `json:"items" nullable:"false"`
		NextCursor *string       `json:"nextCursor" doc:"null: the last page"`
	}
}

func (h applications) list(ctx context.Context, req *listApplicationsRequest) (*listApplicationsAnswer, error) {
	found, err := h.service.Applications(ctx, actorOf(ctx), registry.ApplicationQuery{
		ProjectID: req.ProjectID, Search: req.Search, Limit: req.Limit, Cursor: req.Cursor,
	})
	if err != nil {
		return nil, err
	}
	var answer listApplicationsAnswer
	answer.Body.Items = make([]application, len(found.Items))
	for i, d := range found.Items {
		answer.Body.Items[i] = applicationOf(d)
	}
	answer.Body.NextCursor = orNull(found.NextCursor)
	return &answer, nil
}

func (h applications) get(ctx context.Context, req *ApplicationPath) (*applicationAnswer, error) {
	return answerApplication(h.service.Application(ctx, actorOf(ctx), req.ID))
}

type updateApplicationRequest struct {
	ApplicationMatch
	Body applicationPatch `contentType:"application/merge-patch+json"`
}

// applicationPatch is the merge patch of an application.
type applicationPatch struct {
	Name        field[string]   `json:"name,omitzero"`
	Description field[string]   `json:"description,omitzero"`
	Endpoints   field[[]string] `json:"endpoints,omitzero" doc:"Replaces the connected endpoints."`
}

func (h applications) update(ctx context.Context, req *updateApplicationRequest) (*applicationAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	b := req.Body
	patch := registry.ApplicationPatch{Name: b.Name.patch(), Description: b.Description.patch(), Endpoints: b.Endpoints.patch()}
	return answerApplication(h.service.UpdateApplication(ctx, actorOf(ctx), req.ID, patch, match))
}

func (h applications) delete(ctx context.Context, req *ApplicationMatch) (*struct{}, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, h.service.DeleteApplication(ctx, actorOf(ctx), req.ID, match)
}
