package console

import (
	"strconv"

	"keywright/registry"
)

// applicationPage is what the pages of an application have in common.
type applicationPage struct {
	Application registry.ApplicationDetails
	Path        string // of the first of them
	Tabs        []tab
	Manages     bool // the visitor administers the application, or made it
}

// application reads the application that the address names.
func (v *visit) application() (applicationPage, error) {
	a, err := v.Service.Application(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return applicationPage{}, err
	}
	path := applicationsPath + "/" + a.ID
	return applicationPage{
		Application: a, Path: path, Manages: v.Actor.MayChange(a.CreatedBy),
		Tabs: []tab{{"Overview", path}, {"Access keys", path + "/keys"}},
	}, nil
}

// applicationOverviewData is an application with what it is connected to.
type applicationOverviewData struct {
	applicationPage
	Names     map[string]string
	Connected []connection
}

func applicationOverview(v *visit) error {
	page, err := v.application()
	if err != nil {
		return err
	}
	a := page.Application
	names, err := v.Service.Names(v.ctx(), v.Actor, a.ProjectID, a.CreatedBy.ID)
	if err != nil {
		return err
	}
	apis, err := v.connectable()
	if err != nil {
		return err
	}
	return v.show(view{Page: "application", Title: a.Name, Data: applicationOverviewData{page, names, connections(apis, a.EndpointIDs)}})
}

// By is who created the application.
func (d applicationOverviewData) By() string { return by(d.Names, d.Application.CreatedBy) }

// applicationKeysData is an application with its clients.
type applicationKeysData struct {
	applicationPage
	Clients []keyRow
}

// keyRow is a client in the list of its application's keys.
type keyRow struct {
	registry.ClientDetails
	Revoke link // empty: it is revoked, or the visitor may not
	Menu   rowMenu
}

func applicationKeys(v *visit) error {
	page, err := v.application()
	if err != nil {
		return err
	}
	l := v.listOf()
	found, err := v.Service.Clients(v.ctx(), v.Actor, registry.ClientQuery{
		ApplicationID: page.Application.ID, ListQuery: registry.ListQuery{Sort: l.Sort()}, Cursor: l.Cursor(),
	})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	data := applicationKeysData{applicationPage: page}
	for _, c := range found.Items {
		data.Clients = append(data.Clients, v.keyRow(c))
	}
	return v.show(view{Page: "application_keys", Title: "Access keys of " + page.Application.Name, List: l, Data: data})
}

func (v *visit) keyRow(c registry.ClientDetails) keyRow {
	row := keyRow{ClientDetails: c, Menu: v.menus().ofClient(c)}
	if c.Status != registry.StatusRevoked && v.Actor.Administers() {
		row.Revoke = v.menus().link("Revoke "+c.Name, clientPath(c.ID)+"/revoke")
	}
	return row
}

// applicationEditData is what the form of an application offers.
type applicationEditData struct {
	applicationPage
	APIs []registry.API // with an endpoint
}

func applicationEdit(v *visit) error {
	page, err := v.application()
	if err != nil {
		return err
	}
	a := page.Application
	f := newForm("name", a.Name, "description", a.Description, "revision", strconv.FormatInt(a.Revision, 10))
	f.values["endpoints"] = a.EndpointIDs
	return v.showApplicationEdit(page, f)
}

func (v *visit) showApplicationEdit(page applicationPage, f *form) error {
	if !page.Manages {
		return onlyApplicationsManagers()
	}
	apis, err := v.connectable()
	if err != nil {
		return err
	}
	return v.show(view{Page: "application_edit", Title: "Edit " + page.Application.Name, Form: f, Data: applicationEditData{page, apis}})
}

func onlyApplicationsManagers() error {
	return registry.Forbidden(registry.CodeForbidden, "only owners, admins and its creator may change an application")
}

func applicationUpdate(v *visit, f *form) error {
	page, err := v.application()
	if err != nil {
		return err
	}
	name, description, endpoints := f.Text("name"), f.Text("description"), f.All("endpoints")
	match := f.Number("revision")
	err = f.try(func() error {
		_, err := v.Service.UpdateApplication(v.ctx(), v.Actor, page.Application.ID, registry.ApplicationPatch{
			Name: &name, Description: &description, Endpoints: &endpoints,
		}, match)
		return err
	})
	switch {
	case f.Rejected():
		return v.showApplicationEdit(page, f)
	case err != nil:
		return err
	}
	return v.done(page.Path, "The application was changed.")
}

func applicationDeleteForm(v *visit) error { return v.showApplicationDelete(nil) }

// showApplicationDelete says what a deletion will hit, or what forbids it.
func (v *visit) showApplicationDelete(f *form) error {
	page, err := v.application()
	if err != nil {
		return err
	}
	if !page.Manages {
		return onlyApplicationsManagers()
	}
	a := page.Application
	found, err := v.Service.Clients(v.ctx(), v.Actor, registry.ClientQuery{ApplicationID: a.ID, Limit: offered})
	if err != nil {
		return err
	}
	data := removal{
		Path: page.Path + "/delete", Back: page.Path, Button: "Delete the application", Users: users{More: found.NextCursor != ""},
		Effects: []string{"Its name, its description and its connections go for good. Its audit events stay."},
	}
	for _, c := range found.Items {
		if c.Status != registry.StatusRevoked {
			data.Users.All = append(data.Users.All, user{registry.User{Kind: registry.FeedClient, ID: c.ID, Name: c.Name}})
		}
	}
	if n := len(found.Items); n > 0 {
		data.Effects = append(data.Effects, "Its revoked clients are deleted with it: "+strconv.Itoa(n)+".")
	}
	return v.showRemoval("Delete "+a.Name, f, data)
}

func applicationDelete(v *visit, f *form) error {
	err := f.try(func() error { return v.Service.DeleteApplication(v.ctx(), v.Actor, v.param("id"), 0) })
	switch {
	case f.Rejected():
		return v.showApplicationDelete(f)
	case err != nil:
		return err
	}
	return v.done(applicationsPath, "The application was deleted.")
}
