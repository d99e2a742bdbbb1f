package console

import (
	"fmt"
	"time"

	"keywright/registry"
)

func clientDetailPages(r router) {
	const one = clientsPath + "/:id"
	r.get(one, clientOverview)
	r.get(one+"/credentials", clientCredentials)
	r.get(one+"/rotation", clientRotation)
	r.get(one+"/regenerate", clientRegenerateForm)
	r.post(one+"/regenerate", clientRegenerate)
	r.get(one+"/secrets/new", clientSecretForm)
	r.post(one+"/secrets/new", clientSecretAdd)
	r.get(one+"/secrets/:secret/delete", clientSecretDeleteForm)
	r.post(one+"/secrets/:secret/delete", clientSecretDelete)
	r.get(one+"/keys", clientKeysForm)
	r.post(one+"/keys", clientKeysChange)
	r.get(one+"/access", clientAccess)
	r.post(one+"/access", clientAccessChange)
	r.get(one+"/try", clientTry)
	r.post(one+"/try", clientDecode)
	r.get(one+"/activity", clientActivity)
	r.get(one+"/danger", clientDanger)
	for _, act := range clientActs {
		r.get(one+"/"+act.path, act.ask)
		r.post(one+"/"+act.path, act.do)
	}
}

// tab is a page among those of one thing.
type tab struct {
	Name, Path string
}

// clientPage is what the pages of a client have in common.
type clientPage struct {
	Client  registry.ClientDetails
	Path    string // of the first of them
	Tabs    []tab
	Manages bool // the visitor administers the client, or made it
	Now     time.Time
}

// client reads the client that the address names.
func (v *visit) client() (clientPage, error) {
	c, err := v.Service.Client(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return clientPage{}, err
	}
	p := clientPage{Client: c, Path: clientPath(c.ID), Manages: v.Actor.MayChange(c.CreatedBy), Now: v.Now()}
	p.Tabs = []tab{{"Overview", p.Path}, {"Credentials", p.Path + "/credentials"}, {"Access", p.Path + "/access"}, {"Try it", p.Path + "/try"}, {"Activity", p.Path + "/activity"}}
	if p.Manages {
		p.Tabs = append(p.Tabs, tab{"Danger", p.Path + "/danger"})
	}
	return p, nil
}

// managedClient is client, for pages that are of no use to who may not change
// it. What they are posted to asks registry, which audits a refusal.
func (v *visit) managedClient() (clientPage, error) {
	page, err := v.client()
	if err == nil && !page.Manages {
		err = registry.Forbidden(registry.CodeForbidden, "only owners, admins and its creator may change a client")
	}
	return page, err
}

func clientPath(id string) string { return clientsPath + "/" + id }

// BySecret tells whether the client authenticates by a secret.
func (p clientPage) BySecret() bool { return p.Client.AuthMethod == registry.AuthClientSecret }

// Alive tells whether the client can still be given what it authenticates by.
func (p clientPage) Alive() bool { return p.Client.Status != registry.StatusRevoked }

// RotationDue tells whether one of its secrets or keys is due for rotation.
func (p clientPage) RotationDue() bool { return p.Client.RotationDueAt(p.Now) }

// clientOverviewData is a client with its use in the last 30 days.
type clientOverviewData struct {
	clientPage
	Names map[string]string
	Chart chart
	Marks []registry.UsageMark
	// Downloaded tells that the visitor has the values of the pending client,
	// and may add it although the page that showed them is lost.
	Downloaded bool
}

func clientOverview(v *visit) error {
	page, err := v.client()
	if err != nil {
		return err
	}
	c := page.Client
	names, err := v.Service.Names(v.ctx(), v.Actor, c.ApplicationID, c.ProjectID, c.CreatedBy.ID)
	if err != nil {
		return err
	}
	used, err := v.Service.ClientUsage(v.ctx(), v.Actor, c.ID, registry.UsageQuery{Grain: registry.GrainDay})
	if err != nil {
		return err
	}
	return v.show(view{Page: "client", Title: c.Name, Data: clientOverviewData{page, names, chartOf(used), used.Marks, page.Manages && v.downloaded(c.ID)}})
}

// By is who created the client.
func (d clientOverviewData) By() string { return by(d.Names, d.Client.CreatedBy) }

// Lifetime is how long its access tokens are good.
func (p clientPage) Lifetime() string {
	if p.Client.TokenTTL == 0 {
		return fmt.Sprintf("%d s, the default", int(registry.DefaultTokenTTL.Seconds()))
	}
	return fmt.Sprintf("%d s", int(p.Client.TokenTTL.Seconds()))
}

// ScopeSource says where its scopes come from.
func (p clientPage) ScopeSource() string {
	if p.Client.ApplicationID != "" {
		return "those of its application’s connected endpoints"
	}
	return "none of its own"
}
