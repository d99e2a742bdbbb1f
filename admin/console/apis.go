package console

import (
	"strconv"
	"strings"

	"keywright/registry"
)

const apisPath = root + "/apis"

func apiPages(r router) {
	r.get(apisPath, apiList)
	r.get(apisPath+"/new", apiNew)
	r.post(apisPath+"/new", apiCreate)
	r.get(apisPath+"/:id", apiShow)
	r.get(apisPath+"/:id/edit", apiEdit)
	r.post(apisPath+"/:id/edit", apiUpdate)
	r.get(apisPath+"/:id/delete", apiRemoval)
	r.post(apisPath+"/:id/delete", apiDelete)
}

// apisData is the list of APIs.
type apisData struct {
	APIs []registry.API
	Used map[string]int
}

func apiList(v *visit) error {
	l := v.listOf("q")
	found, err := v.Service.APIs(v.ctx(), v.Actor, registry.APIQuery{Search: l.Text("q"), Cursor: l.Cursor()})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	ids := make([]string, len(found.Items))
	for i, a := range found.Items {
		ids[i] = a.ID
	}
	used, err := v.Service.UserCounts(v.ctx(), v.Actor, ids...)
	if err != nil {
		return err
	}
	return v.show(view{Page: "apis", Title: "APIs", List: l, Data: apisData{found.Items, used}})
}

// apiData is one API.
type apiData struct {
	API  registry.API
	Used users
}

func apiShow(v *visit) error {
	a, err := v.Service.API(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	used, err := v.usersOf(a.ID)
	if err != nil {
		return err
	}
	return v.show(view{Page: "api", Title: a.Name, Data: apiData{a, used[a.ID]}})
}

func apiNew(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	return v.showAPIForm(nil, registry.API{})
}

func apiCreate(v *visit, f *form) error {
	in := registry.APIInput{
		Identifier: f.Text("identifier"), Name: f.Text("name"), Scopes: f.Lines("scopes"), StrictScopes: f.On("strictScopes"),
		Endpoints: endpointLines(f, nil),
	}
	var made registry.API
	err := f.try(func() (err error) {
		made, err = v.Service.CreateAPI(v.ctx(), v.Actor, in)
		return err
	})
	switch {
	case f.Rejected():
		return v.showAPIForm(f, registry.API{})
	case err != nil:
		return err
	}
	return v.done(apisPath+"/"+made.ID, "The API "+made.Name+" is registered.")
}

func apiEdit(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	a, err := v.Service.API(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	lines := make([]string, len(a.Endpoints))
	for i, e := range a.Endpoints {
		lines[i] = strings.TrimSpace(e.Method + " " + e.Path + " " + e.Scope)
	}
	f := newForm("name", a.Name, "scopes", strings.Join(a.Scopes, "\n"), "endpoints", strings.Join(lines, "\n"),
		"revision", strconv.FormatInt(a.Revision, 10))
	if a.StrictScopes {
		f.values.Set("strictScopes", "on")
	}
	return v.showAPIForm(f, a)
}

func apiUpdate(v *visit, f *form) error {
	a, err := v.Service.API(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	name, scopes, strict, endpoints := f.Text("name"), f.Lines("scopes"), f.On("strictScopes"), endpointLines(f, a.Endpoints)
	revision := f.Number("revision")
	err = f.try(func() error {
		_, err := v.Service.UpdateAPI(v.ctx(), v.Actor, a.ID, registry.APIPatch{
			Name: &name, Scopes: &scopes, StrictScopes: &strict, Endpoints: &endpoints,
		}, revision)
		return err
	})
	switch {
	case f.Rejected():
		return v.showAPIForm(f, a)
	case err != nil:
		return err
	}
	return v.done(apisPath+"/"+a.ID, "The API was changed.")
}

// showAPIForm shows the form of a new API, or of one that there is.
func (v *visit) showAPIForm(f *form, a registry.API) error {
	title := "New API"
	if a.ID != "" {
		title = "Edit " + a.Name
	}
	return v.show(view{Page: "api_form", Title: title, Form: f, Data: a})
}

// endpointLines reads an endpoint per line: method, path and, where it needs
// one, its scope. One that the API has keeps its id, and so the applications
// that are connected to it.
func endpointLines(f *form, had []registry.Endpoint) []registry.EndpointInput {
	var all []registry.EndpointInput
	for line := range strings.Lines(f.Raw("endpoints")) {
		words := strings.Fields(line)
		switch len(words) {
		case 0:
			continue
		case 2:
			words = append(words, "")
		case 3:
		default:
			f.unreadable("endpoints", "must be lines of a method, a path and perhaps a scope: "+strings.TrimSpace(line))
			continue
		}
		in := registry.EndpointInput{Method: strings.ToUpper(words[0]), Path: words[1], Scope: words[2]}
		for _, e := range had {
			if e.Method == in.Method && e.Path == in.Path {
				in.ID = e.ID
			}
		}
		all = append(all, in)
	}
	return all
}

func apiRemoval(v *visit) error { return v.apiRemoval(nil) }

func (v *visit) apiRemoval(f *form) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	a, err := v.Service.API(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	used, err := v.usersOf(a.ID)
	if err != nil {
		return err
	}
	return v.showRemoval("Delete the API "+a.Name+"?", f, removal{
		Effects: []string{"Access tokens for " + a.Identifier + " will no longer be issued, and those that exist are no longer accepted by introspection."},
		Users:   used[a.ID], Path: apisPath + "/" + a.ID + "/delete", Back: apisPath + "/" + a.ID, Button: "Delete API",
	})
}

func apiDelete(v *visit, f *form) error {
	err := f.try(func() error { return v.Service.DeleteAPI(v.ctx(), v.Actor, v.param("id"), 0) })
	switch {
	case f.Rejected():
		return v.apiRemoval(f)
	case err != nil:
		return err
	}
	return v.done(apisPath, "The API is deleted.")
}
