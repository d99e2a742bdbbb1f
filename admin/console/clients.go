package console

import (
	"slices"
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
	Projects     picker
	Applications picker
	menus        menus
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
	data := clientsData{Clients: found.Items, menus: v.menus()}
	ids := []string{l.Text("createdBy")}
	for _, c := range found.Items {
		ids = append(ids, c.ApplicationID, c.ProjectID, c.CreatedBy.ID)
	}
	if data.Names, err = v.Service.Names(v.ctx(), v.Actor, ids...); err != nil {
		return err
	}
	if data.Projects, err = v.picker("projectId", l.Text("projectId")); err != nil {
		return err
	}
	if data.Applications, err = v.picker("applicationId", l.Text("applicationId")); err != nil {
		return err
	}
	return v.show(view{Page: "clients", Title: "Clients", List: l, Data: data})
}

// Menu is what can be done with a client.
func (d clientsData) Menu(c registry.ClientDetails) rowMenu { return d.menus.ofClient(c) }

// By is who created a client.
func (d clientsData) By(c registry.ClientDetails) string { return by(d.Names, c.CreatedBy) }

// Grants are the roles and scopes of a client; where it has none of its own,
// where they come from.
func (d clientsData) Grants(c registry.ClientDetails) []string {
	all := slices.Concat(c.RoleNames, c.Scopes)
	switch {
	case len(all) > 0:
		return all
	case c.ApplicationID != "":
		return []string{"those of its application"}
	}
	return []string{"none"}
}

// Place is the project or application that a client belongs to, and what it is
// for.
func (d clientsData) Place(c registry.ClientDetails) string {
	place := d.Names[c.ApplicationID]
	if place == "" {
		place = d.Names[c.ProjectID]
	}
	return strings.Join(filled([]string{place, c.Environment}), " · ")
}
