package console

import "keywright/registry"

// clientAct is something that can be done to a whole client, after a page that
// says what it hits.
type clientAct struct {
	path string
	ask  shows
	do   takes
}

var clientActs = []clientAct{
	{"disable", askClient("disable"), clientDisable},
	{"enable", askClient("enable"), clientEnable},
	{"revoke", askClient("revoke"), clientRevoke},
	{"delete", askClient("delete"), clientDelete},
}

// clientEndData is a client that something is about to be done to.
type clientEndData struct {
	clientPage
	Act  string
	Back string // where not doing it leads
}

var actTitles = map[string]string{"disable": "Disable ", "enable": "Enable ", "revoke": "Revoke ", "delete": "Delete "}

func clientDanger(v *visit) error {
	page, err := v.managedClient()
	if err != nil {
		return err
	}
	return v.show(view{Page: "client_danger", Title: "Danger for " + page.Client.Name, Data: page})
}

func (v *visit) showClientAct(act string, f *form) error {
	page, err := v.managedClient()
	if err == nil && (act == "enable" || act == "revoke") {
		err = v.mustAdminister()
	}
	if err != nil {
		return err
	}
	return v.show(view{
		Page: "client_act", Title: actTitles[act] + page.Client.Name, Form: f,
		Data: clientEndData{page, act, f.backOr(page.Path)},
	})
}

func askClient(act string) shows {
	return func(v *visit) error { return v.showClientAct(act, v.cameFrom()) }
}

// onClient runs call on the client, once its name was typed.
func (v *visit) onClient(act string, f *form, call func(registry.ClientDetails) error, to, notice string) error {
	c, err := v.Service.Client(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	err = f.try(func() error {
		if act != "enable" {
			if err := f.typed(c.Name); err != nil {
				return err
			}
		}
		return call(c)
	})
	switch {
	case f.Rejected():
		return v.showClientAct(act, f)
	case err != nil:
		return err
	}
	return v.done(to, notice)
}

func clientDisable(v *visit, f *form) error {
	return v.switchClient("disable", f, false, "The client is disabled.")
}

func clientEnable(v *visit, f *form) error {
	return v.switchClient("enable", f, true, "The client is enabled.")
}

func (v *visit) switchClient(act string, f *form, active bool, notice string) error {
	return v.onClient(act, f, func(c registry.ClientDetails) error {
		_, err := v.Service.UpdateClient(v.ctx(), v.Actor, c.ID, registry.ClientPatch{IsActive: &active}, 0)
		return err
	}, f.backOr(clientPath(v.param("id"))), notice)
}

// clientRevoke revokes, and deletes as well where that was asked for. Should
// the second fail, the client is dead all the same, and listed as such.
func clientRevoke(v *visit, f *form) error {
	to, notice := f.backOr(clientPath(v.param("id"))), "The client is revoked."
	if f.On("remove") {
		to, notice = f.backOr(clientsPath), "The client is revoked and removed."
	}
	return v.onClient("revoke", f, func(c registry.ClientDetails) error {
		if _, err := v.Service.RevokeClient(v.ctx(), v.Actor, c.ID, 0); err != nil || !f.On("remove") {
			return err
		}
		return v.Service.DeleteClient(v.ctx(), v.Actor, c.ID, 0)
	}, to, notice)
}

func clientDelete(v *visit, f *form) error {
	return v.onClient("delete", f, func(c registry.ClientDetails) error {
		return v.Service.DeleteClient(v.ctx(), v.Actor, c.ID, 0)
	}, f.backOr(clientsPath), "The client is deleted.")
}
