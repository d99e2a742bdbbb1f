package console

import "keywright/registry"

const applicationsPath = root + "/applications"

func applicationPages(r router) {
	r.get(applicationsPath, applicationList)
	r.get(applicationsPath+"/new", applicationNew)
	r.post(applicationsPath+"/new", applicationCreate)
	r.get(applicationsPath+"/:id", applicationOverview)
	r.get(applicationsPath+"/:id/keys", applicationKeys)
	r.get(applicationsPath+"/:id/edit", applicationEdit)
	r.post(applicationsPath+"/:id/edit", applicationUpdate)
	r.get(applicationsPath+"/:id/delete", applicationDeleteForm)
	r.post(applicationsPath+"/:id/delete", applicationDelete)
}

// applicationsData is a page of the applications, with what their filter offers.
type applicationsData struct {
	Applications []registry.ApplicationDetails
	Projects     picker
}

const cardsShown = 24

func applicationList(v *visit) error {
	l := v.listOf("q", "projectId")
	found, err := v.Service.Applications(v.ctx(), v.Actor, registry.ApplicationQuery{
		ProjectID: l.Text("projectId"), Search: l.Text("q"), Limit: cardsShown, Cursor: l.Cursor(),
	})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	data := applicationsData{Applications: found.Items}
	if data.Projects, err = v.picker("projectId", l.Text("projectId")); err != nil {
		return err
	}
	return v.show(view{Page: "applications", Title: "Applications", List: l, Data: data})
}
