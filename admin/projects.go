package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// projects is the resource /v1/projects.
type projects struct{ service *registry.Service }

func (h projects) mount(api huma.API) {
	const all, one = "/v1/projects", "/v1/projects/{projectId}"
	huma.Register(api, created("create-project", all, tagProjects, "Make a project"), h.create)
	huma.Register(api, operation("list-projects", http.MethodGet, all, tagProjects, "List projects, newest first"), h.list)
	huma.Register(api, operation("get-project", http.MethodGet, one, tagProjects, "Get a project"), h.get)
	huma.Register(api, operation("update-project", http.MethodPatch, one, tagProjects, "Change a project"), h.update)
	huma.Register(api, operation("delete-project", http.MethodDelete, one, tagProjects, "Delete a project that nothing belongs to"), h.delete)
}

// project is a project on the wire. Every member is always there.
type project struct {
	ID             string    `json:"id" example:"prj_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	OrganizationID string    `json:"organizationId"`
	Name           string    `json:"name"`
	Description    string    `json:"description"`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

func projectOf(p registry.Project) project {
	return project{p.ID, p.OrganizationID, p.Name, p.Description, p.CreatedAt.UTC(), p.UpdatedAt.UTC()}
}

// ProjectPath names one project.
type ProjectPath struct {
	ID string `path:"projectId"`
}

// ProjectMatch names one project in, if wanted, one revision.
type ProjectMatch struct {
	ProjectPath
	IfMatch string `header:"If-Match" doc:"The ETag of the revision to change."`
}

type projectAnswer struct {
	ETag string `header:"ETag"`
	Body project
}

func answerProject(p registry.Project, err error) (*projectAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &projectAnswer{etag(p.Revision), projectOf(p)}, nil
}

type createProjectRequest struct {
	Body struct {
		Name        string `json:"name,omitempty" doc:"1 to 100 characters; required."`
		Description string `json:"description,omitempty" doc:"Up to 500 characters."`
	}
}

type createProjectAnswer struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     project
}

func (h projects) create(ctx context.Context, req *createProjectRequest) (*createProjectAnswer, error) {
	made, err := h.service.CreateProject(ctx, actorOf(ctx), registry.ProjectInput(req.Body))
	if err != nil {
		return nil, err
	}
	return &createProjectAnswer{"/v1/projects/" + made.ID, etag(made.Revision), projectOf(made)}, nil
}

type listProjectsAnswer struct {
	Body struct {
		Items      []project `json:"items" nullable:"false"`
		NextCursor *string   `json:"nextCursor" doc:"null: the last page"`
	}
}

func (h projects) list(ctx context.Context, req *SearchedPage) (*listProjectsAnswer, error) {
	found, err := h.service.Projects(ctx, actorOf(ctx), registry.ProjectQuery{Search: req.Search, Limit: req.Limit, Cursor: req.Cursor})
	if err != nil {
		return nil, err
	}
	var answer listProjectsAnswer
	answer.Body.Items = make([]project, len(found.Items))
	for i, p := range found.Items {
		answer.Body.Items[i] = projectOf(p)
	}
	answer.Body.NextCursor = orNull(found.NextCursor)
	return &answer, nil
}

func (h projects) get(ctx context.Context, req *ProjectPath) (*projectAnswer, error) {
	return answerProject(h.service.Project(ctx, actorOf(ctx), req.ID))
}

type updateProjectRequest struct {
	ProjectMatch
	Body projectPatch `contentType:"application/merge-patch+json"`
}

// projectPatch is the merge patch of a project.
type projectPatch struct {
	Name        field[string] `json:"name,omitzero"`
	Description field[string] `json:"description,omitzero"`
}

func (h projects) update(ctx context.Context, req *updateProjectRequest) (*projectAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	patch := registry.ProjectPatch{Name: req.Body.Name.patch(), Description: req.Body.Description.patch()}
	return answerProject(h.service.UpdateProject(ctx, actorOf(ctx), req.ID, patch, match))
}

func (h projects) delete(ctx context.Context, req *ProjectMatch) (*struct{}, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, h.service.DeleteProject(ctx, actorOf(ctx), req.ID, match)
}
