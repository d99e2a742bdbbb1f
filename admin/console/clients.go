package console

import (
	"strings"

	"keywright/registry"
)

const clientsPath = root + "/clients"

func clientPages(r router) {
	r.get(clientsPath, clientList)
}

// clientsData is the list of clients with what its filters offer.
type clientsData struct {
	Clients      []registry.ClientDetails
	Names        map[string]string
	Projects     []option
	Applications []option
}

func clientList(v *visit) error {
	l := v.listOf("q", "status", "projectId", "applicationId", "environment", "expiringWithin", "unusedFor", "rotationDue", "createdBy")
	found, err := v.Service.Clients(v.ctx(), v.Actor, registry.ClientQuery{
		ProjectID: l.Text("projectId"), ApplicationID: l.Text("applicationId"), CreatedBy: l.Text("createdBy"),
		Environment: l.Text("environment"), ListQuery: l.credentials(), Cursor: l.Cursor(),
	})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	data := clientsData{Clients: found.Items}
	var ids []string
	for _, c := range found.Items {
		ids = append(ids, c.ApplicationID, c.ProjectID, c.CreatedBy.ID)
	}
	if data.Names, err = v.Service.Names(v.ctx(), v.Actor, ids...); err != nil {
		return err
	}
	if data.Projects, err = v.projectOptions(); err != nil {
		return err
	}
	if data.Applications, err = v.applicationOptions(); err != nil {
		return err
	}
	return v.show(view{Page: "clients", Title: "Clients", List: l, Data: data})
}

// offered is how many entries a select offers.
const offered = 200

func (v *visit) projectOptions() ([]option, error) {
	found, err := v.Service.Projects(v.ctx(), v.Actor, registry.ProjectQuery{Limit: offered})
	all := make([]option, len(found.Items))
	for i, p := range found.Items {
		all[i] = option{p.ID, p.Name}
	}
	return all, err
}

func (v *visit) applicationOptions() ([]option, error) {
	found, err := v.Service.Applications(v.ctx(), v.Actor, registry.ApplicationQuery{Limit: offered})
	all := make([]option, len(found.Items))
	for i, a := range found.Items {
		all[i] = option{a.ID, a.Name}
	}
	return all, err
}

// By is who created a client.
func (d clientsData) By(c registry.ClientDetails) string { return by(d.Names, c.CreatedBy) }

// Grants are the roles and scopes of a client in few words.
func (d clientsData) Grants(c registry.ClientDetails) string {
	all := append([]string{}, c.RoleNames...)
	all = append(all, c.Scopes...)
	switch {
	case len(all) == 0 && c.ApplicationID != "":
		return "those of its application"
	case len(all) == 0:
		return "none"
	}
	return strings.Join(all, ", ")
}
