package registry

import (
	"context"
)

var (
	opProjectCreate = operation{"project.create", FeedProject, byAdmin}
	opProjectUpdate = operation{"project.update", FeedProject, byAdmin}
	opProjectDelete = operation{"project.delete", FeedProject, byAdmin}
)

// ProjectInput is what a project is created from.
type ProjectInput struct{ Name, Description string }

// ProjectPatch is a partial change of a project.
type ProjectPatch struct{ Name, Description *string }

// ProjectQuery pages the projects of an organization.
type ProjectQuery struct {
	Search string // in the name or description, letters of any case
	Limit  int    // 1 to 200; 0: 50
	Cursor string
}

// ProjectList is one page of projects, newest first.
type ProjectList struct {
	Items      []Project
	NextCursor string // empty: the last page
}

// CreateProject makes a part of the organization.
func (s *Service) CreateProject(ctx context.Context, actor Actor, in ProjectInput) (Project, error) {
	id, err := NewID(s.Rand, PrefixProject)
	if err != nil {
		return Project{}, err
	}
	project := Project{ID: id, OrganizationID: actor.OrganizationID, Revision: 1}
	err = s.change(ctx, actor, opProjectCreate, id, func(c *change) error {
		if err := c.actor.organizationWide(); err != nil {
			return err
		}
		c.projectID = id
		project.CreatedAt, project.UpdatedAt = c.now, c.now
		var v invalid
		v.applyProject(&project, ProjectPatch{Name: &in.Name, Description: &in.Description})
		if err := v.err(); err != nil {
			return err
		}
		c.after = auditProject(project)
		return c.InsertProject(ctx, project)
	})
	return project, err
}

// UpdateProject changes a project. match is the revision of If-Match, or 0.
func (s *Service) UpdateProject(ctx context.Context, actor Actor, id string, p ProjectPatch, match int64) (Project, error) {
	var project Project
	err := s.change(ctx, actor, opProjectUpdate, id, func(c *change) (err error) {
		if project, err = c.project(ctx, id, match); err != nil {
			return err
		}
		c.before = auditProject(project)
		var v invalid
		v.applyProject(&project, p)
		if err := v.err(); err != nil {
			return err
		}
		project.Revision++
		project.UpdatedAt = c.now
		c.after = auditProject(project)
		return c.UpdateProject(ctx, project)
	})
	return project, err
}

// DeleteProject removes a project. While something belongs to it, that is a
// conflict which says what.
func (s *Service) DeleteProject(ctx context.Context, actor Actor, id string, match int64) error {
	return s.change(ctx, actor, opProjectDelete, id, func(c *change) error {
		project, err := c.project(ctx, id, match)
		if err != nil {
			return err
		}
		if err := c.actor.organizationWide(); err != nil {
			return err
		}
		c.before = auditProject(project)
		if err := c.clearGoneClients(ctx, id); err != nil {
			return err
		}
		users, err := c.ProjectUsers(ctx, c.organizationID, id, maxUsersNamed)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return inUse("project", users)
		}
		return c.DeleteProject(ctx, c.organizationID, id)
	})
}

// clearGoneClients deletes those clients of a project that were not confirmed
// in time: nobody can see what would keep the project.
func (c *change) clearGoneClients(ctx context.Context, projectID string) error {
	filter := ClientFilter{OrganizationID: c.organizationID, ProjectID: projectID}
	for page := (Page{Limit: maxLimit}); ; {
		clients, err := c.ClientPage(ctx, filter, page)
		if err != nil {
			return err
		}
		for _, client := range clients {
			if !client.GoneAt(c.now) {
				return nil // it is in use in any case
			}
			if err := c.DeleteClient(ctx, c.organizationID, client.ID); err != nil {
				return err
			}
		}
		if len(clients) < maxLimit {
			return nil
		}
	}
}

// project locks a project that the actor may change, and checks If-Match.
func (c *change) project(ctx context.Context, id string, match int64) (Project, error) {
	if !IsID(id, PrefixProject) || !c.actor.reaches(id) {
		return Project{}, NotFound("project")
	}
	project, err := c.ProjectForUpdate(ctx, c.organizationID, id)
	if err != nil {
		return Project{}, err
	}
	c.projectID = id
	return project, matches(project.Revision, match)
}

func (v *invalid) applyProject(p *Project, patch ProjectPatch) {
	if patch.Name != nil {
		p.Name = v.name("name", *patch.Name)
	}
	if patch.Description != nil {
		p.Description = v.text("description", *patch.Description, 0, maxDescription)
	}
}

func auditProject(p Project) any {
	return map[string]any{"name": p.Name, "description": p.Description, "revision": p.Revision}
}

// Project returns one project within the actor's reach.
func (s *Service) Project(ctx context.Context, actor Actor, id string) (Project, error) {
	var project Project
	err := s.read(ctx, actor, func(r Reader) (err error) {
		if !IsID(id, PrefixProject) || !actor.reaches(id) {
			return NotFound("project")
		}
		project, err = r.Project(ctx, actor.OrganizationID, id)
		return err
	})
	return project, err
}

// Projects lists the projects of the actor's organization, newest first. An
// actor that is bound to one sees that one alone.
func (s *Service) Projects(ctx context.Context, actor Actor, q ProjectQuery) (ProjectList, error) {
	var list ProjectList
	err := s.read(ctx, actor, func(r Reader) error {
		cursor := s.cursorFor("projects", actor.OrganizationID, actor.ProjectID, q.Search)
		page, err := cursor.searched(q.Search, q.Limit, q.Cursor)
		if err != nil {
			return err
		}
		rows, err := r.ProjectPage(ctx, actor.OrganizationID, actor.ProjectID, page.orOneMore())
		list.Items, list.NextCursor = cut(cursor, page, rows, func(p Project) Page {
			return Page{AfterAt: p.CreatedAt, AfterID: p.ID}
		})
		return err
	})
	return list, err
}
