package console

import (
	"strconv"

	"keywright/registry"
)

const projectsPath = root + "/projects"

func projectPages(r router) {
	r.get(projectsPath, projectList)
	r.get(projectsPath+"/new", projectNew)
	r.post(projectsPath+"/new", projectCreate)
	r.get(projectsPath+"/:id", projectShow)
	r.get(projectsPath+"/:id/edit", projectEdit)
	r.post(projectsPath+"/:id/edit", projectUpdate)
	r.get(projectsPath+"/:id/delete", projectRemoval)
	r.post(projectsPath+"/:id/delete", projectDelete)
}

// projectsData is the list of projects.
type projectsData struct {
	Projects []registry.Project
	Used     map[string]int
}

func projectList(v *visit) error {
	l := v.listOf("q")
	found, err := v.Service.Projects(v.ctx(), v.Actor, registry.ProjectQuery{Search: l.Text("q"), Cursor: l.Cursor()})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	ids := make([]string, len(found.Items))
	for i, p := range found.Items {
		ids[i] = p.ID
	}
	used, err := v.Service.UserCounts(v.ctx(), v.Actor, ids...)
	if err != nil {
		return err
	}
	return v.show(view{Page: "projects", Title: "Projects", List: l, Data: projectsData{found.Items, used}})
}

// projectData is one project.
type projectData struct {
	Project registry.Project
	Used    users
}

func projectShow(v *visit) error {
	p, err := v.Service.Project(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	used, err := v.usersOf(p.ID)
	if err != nil {
		return err
	}
	return v.show(view{Page: "project", Title: p.Name, Data: projectData{p, used[p.ID]}})
}

func projectNew(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	return v.showProjectForm(nil, registry.Project{})
}

func projectCreate(v *visit, f *form) error {
	var made registry.Project
	err := f.try(func() (err error) {
		made, err = v.Service.CreateProject(v.ctx(), v.Actor, registry.ProjectInput{Name: f.Text("name"), Description: f.Text("description")})
		return err
	})
	switch {
	case f.Rejected():
		return v.showProjectForm(f, registry.Project{})
	case err != nil:
		return err
	}
	return v.done(projectsPath+"/"+made.ID, "The project "+made.Name+" was made.")
}

func projectEdit(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	p, err := v.Service.Project(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	return v.showProjectForm(newForm("name", p.Name, "description", p.Description, "revision", strconv.FormatInt(p.Revision, 10)), p)
}

func projectUpdate(v *visit, f *form) error {
	p, err := v.Service.Project(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	name, description, revision := f.Text("name"), f.Text("description"), f.Number("revision")
	err = f.try(func() error {
		_, err := v.Service.UpdateProject(v.ctx(), v.Actor, p.ID, registry.ProjectPatch{Name: &name, Description: &description}, revision)
		return err
	})
	switch {
	case f.Rejected():
		return v.showProjectForm(f, p)
	case err != nil:
		return err
	}
	return v.done(projectsPath+"/"+p.ID, "The project was changed.")
}

// showProjectForm shows the form of a new project, or of one that there is.
func (v *visit) showProjectForm(f *form, p registry.Project) error {
	title := "New project"
	if p.ID != "" {
		title = "Edit " + p.Name
	}
	return v.show(view{Page: "project_form", Title: title, Form: f, Data: p})
}

func projectRemoval(v *visit) error { return v.projectRemoval(nil) }

func (v *visit) projectRemoval(f *form) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	p, err := v.Service.Project(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	used, err := v.usersOf(p.ID)
	if err != nil {
		return err
	}
	return v.showRemoval("Delete the project "+p.Name+"?", f, removal{
		Effects: []string{"Nothing belongs to it."},
		Users:   used[p.ID], Path: projectsPath + "/" + p.ID + "/delete", Back: projectsPath + "/" + p.ID, Button: "Delete project",
	})
}

func projectDelete(v *visit, f *form) error {
	err := f.try(func() error { return v.Service.DeleteProject(v.ctx(), v.Actor, v.param("id"), 0) })
	switch {
	case f.Rejected():
		return v.projectRemoval(f)
	case err != nil:
		return err
	}
	return v.done(projectsPath, "The project is deleted.")
}
