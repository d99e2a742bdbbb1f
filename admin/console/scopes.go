package console

import (
	"strconv"

	"keywright/registry"
)

const scopesPath = root + "/scopes"

func scopePages(r router) {
	r.get(scopesPath, scopeList)
	r.get(scopesPath+"/new", scopeNew)
	r.post(scopesPath+"/new", scopeCreate)
	r.get(scopesPath+"/:id", scopeShow)
	r.get(scopesPath+"/:id/edit", scopeEdit)
	r.post(scopesPath+"/:id/edit", scopeUpdate)
	r.get(scopesPath+"/:id/delete", scopeRemoval)
	r.post(scopesPath+"/:id/delete", scopeDelete)
}

// scopesData is the catalogue.
type scopesData struct {
	Scopes []registry.ScopeDetails
	Used   map[string]int
}

func scopeList(v *visit) error {
	l := v.listOf("q")
	found, err := v.Service.Scopes(v.ctx(), v.Actor, registry.ScopeQuery{Search: l.Text("q"), Cursor: l.Cursor()})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	ids := make([]string, len(found.Items))
	for i, scope := range found.Items {
		ids[i] = scope.ID
	}
	used, err := v.Service.UserCounts(v.ctx(), v.Actor, ids...)
	if err != nil {
		return err
	}
	return v.show(view{Page: "scopes", Title: "Scopes", List: l, Data: scopesData{found.Items, used}})
}

// scopeData is one entry of the catalogue.
type scopeData struct {
	Scope registry.ScopeDetails
	Used  users
}

func scopeShow(v *visit) error {
	scope, err := v.Service.Scope(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	used, err := v.usersOf(scope.ID)
	if err != nil {
		return err
	}
	return v.show(view{Page: "scope", Title: scope.Name, Data: scopeData{scope, used[scope.ID]}})
}

func scopeNew(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	return v.showScopeForm(nil, registry.ScopeDetails{})
}

func scopeCreate(v *visit, f *form) error {
	var made registry.ScopeDetails
	err := f.try(func() (err error) {
		made, err = v.Service.CreateScope(v.ctx(), v.Actor, registry.ScopeInput{Name: f.Text("name"), Description: f.Text("description")})
		return err
	})
	switch {
	case f.Rejected():
		return v.showScopeForm(f, registry.ScopeDetails{})
	case err != nil:
		return err
	}
	return v.done(scopesPath+"/"+made.ID, "The scope "+made.Name+" is described.")
}

func scopeEdit(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	scope, err := v.Service.Scope(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	return v.showScopeForm(newForm("description", scope.Description, "revision", strconv.FormatInt(scope.Revision, 10)), scope)
}

func scopeUpdate(v *visit, f *form) error {
	scope, err := v.Service.Scope(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	description, revision := f.Text("description"), f.Number("revision")
	err = f.try(func() error {
		_, err := v.Service.UpdateScope(v.ctx(), v.Actor, scope.ID, registry.ScopePatch{Description: &description}, revision)
		return err
	})
	switch {
	case f.Rejected():
		return v.showScopeForm(f, scope)
	case err != nil:
		return err
	}
	return v.done(scopesPath+"/"+scope.ID, "The description was changed.")
}

// showScopeForm shows the form of a new entry, or of one that there is.
func (v *visit) showScopeForm(f *form, scope registry.ScopeDetails) error {
	title := "Describe a scope"
	if scope.ID != "" {
		title = "Edit " + scope.Name
	}
	return v.show(view{Page: "scope_form", Title: title, Form: f, Data: scope})
}

func scopeRemoval(v *visit) error { return v.scopeRemoval(nil) }

func (v *visit) scopeRemoval(f *form) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	scope, err := v.Service.Scope(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	used, err := v.usersOf(scope.ID)
	if err != nil {
		return err
	}
	return v.showRemoval("Delete the scope "+scope.Name+"?", f, removal{
		Effects: []string{"No API declares it, and no role, client or API token lists it."},
		Users:   used[scope.ID], Path: scopesPath + "/" + scope.ID + "/delete", Back: scopesPath + "/" + scope.ID, Button: "Delete scope",
	})
}

func scopeDelete(v *visit, f *form) error {
	err := f.try(func() error { return v.Service.DeleteScope(v.ctx(), v.Actor, v.param("id"), 0) })
	switch {
	case f.Rejected():
		return v.scopeRemoval(f)
	case err != nil:
		return err
	}
	return v.done(scopesPath, "The scope is deleted.")
}
