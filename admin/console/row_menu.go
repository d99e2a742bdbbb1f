package console

import (
	"net/url"

	"keywright/registry"
)

// rowMenu is what the visitor may do with the credential of a row. Each link
// leads to a page that asks first, and from there back to the list.
type rowMenu struct {
	ID    string // of the credential
	Name  string
	Links []link
}

// menus makes the menus of the rows of one list.
type menus struct {
	actor registry.Actor
	back  string // the list, with its filters
}

func (v *visit) menus() menus { return menus{v.Actor, v.req.URL.RequestURI()} }

func (m menus) link(label, path string) link {
	return link{label, path + "?" + url.Values{paramBack: {m.back}}.Encode()}
}

// ofClient offers nothing to who may change nothing.
func (m menus) ofClient(c registry.ClientDetails) rowMenu {
	menu := rowMenu{ID: c.ID, Name: c.Name}
	if !m.actor.MayChange(c.CreatedBy) {
		return menu
	}
	add := func(offered bool, label, act string) {
		if offered {
			menu.Links = append(menu.Links, m.link(label, clientPath(c.ID)+"/"+act))
		}
	}
	alive := c.Status != registry.StatusRevoked
	add(alive && c.AuthMethod == registry.AuthClientSecret, "Regenerate…", "regenerate")
	add(alive && c.IsActive, "Disable…", "disable")
	add(alive && !c.IsActive && m.actor.Administers(), "Enable…", "enable")
	add(alive && m.actor.Administers(), "Revoke…", "revoke")
	add(true, "Delete…", "delete")
	return menu
}

// ofToken is ofClient for an API token.
func (m menus) ofToken(t registry.APIToken) rowMenu {
	menu := rowMenu{ID: t.ID, Name: t.Name}
	if !m.actor.MayChange(t.CreatedBy) {
		return menu
	}
	if t.RevokedAt.IsZero() {
		menu.Links = append(menu.Links, m.link("Regenerate…", tokenPath(t)+"/regenerate"))
		if m.actor.Administers() {
			menu.Links = append(menu.Links, m.link("Revoke…", tokenPath(t)+"/revoke"))
		}
	}
	menu.Links = append(menu.Links, m.link("Delete…", tokenPath(t)+"/delete"))
	return menu
}
