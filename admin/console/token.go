package console

import "keywright/registry"

// tokenData is one API token, what was done to it, and what the visitor may do.
type tokenData struct {
	Token   registry.APIToken
	Status  registry.Status
	Names   map[string]string
	Chart   chart                // of 30 days
	Marks   []registry.UsageMark // in them
	Events  []event
	Manages bool // may narrow, deactivate, regenerate and delete it
	Admin   bool // may do all that can be done with it
	Tested  *list
	Verdict string // on the address that was tested

	Calls, Checks []snippet // programs that use it, and that ask whether it is good
}

// tokenEvents is how many of the latest events the page of an API token shows.
const tokenEvents = 20

func tokenShow(v *visit) error {
	t, err := v.Service.APIToken(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	data := v.tokenData(t)
	data.Tested = v.listOf("address")
	data.Verdict = verdictOn(data.Tested.Text("address"), t.IPWhitelist)
	use := tokenUse{Issuer: v.Issuer, Scopes: t.Scopes, Limited: len(t.IPWhitelist) > 0}
	data.Calls, data.Checks = use.calls(), use.checks()
	used, err := v.Service.APITokenUsage(v.ctx(), v.Actor, t.ID, registry.UsageQuery{Grain: registry.GrainDay})
	if err != nil {
		return err
	}
	data.Chart, data.Marks = chartOf(used), used.Marks
	audited, err := v.Service.AuditEvents(v.ctx(), v.Actor, registry.AuditQuery{TargetID: t.ID, Limit: tokenEvents})
	if err != nil {
		return err
	}
	if data.Events, err = v.events(audited.Items); err != nil {
		return err
	}
	data.Names, err = v.Service.Names(v.ctx(), v.Actor, t.ProjectID, t.CreatedBy.ID)
	if err != nil {
		return err
	}
	return v.show(view{Page: "token", Title: t.Name, Data: data})
}

// tokenData is an API token alone, as the pages of its forms need it.
func (v *visit) tokenData(t registry.APIToken) tokenData {
	return tokenData{
		Token: t, Status: t.StatusAt(v.Now()),
		Manages: v.Actor.MayChange(t.CreatedBy), Admin: v.Actor.Administers(),
	}
}

// managedToken is the API token of the path, for the forms of somebody who may
// change it. What they are posted to asks registry, which audits a refusal.
func (v *visit) managedToken() (registry.APIToken, error) {
	t, err := v.Service.APIToken(v.ctx(), v.Actor, v.param("id"))
	if err == nil && !v.Actor.MayChange(t.CreatedBy) {
		err = registry.Forbidden(registry.CodeForbidden, "only owners, admins and its creator may change an API token")
	}
	return t, err
}

// By is who created the API token.
func (d tokenData) By() string { return by(d.Names, d.Token.CreatedBy) }

// Live tells whether it can still be changed in every way: it is not revoked.
func (d tokenData) Live() bool { return d.Status != registry.StatusRevoked }

// Switches tells whether the visitor may turn it the other way round. Who is
// its creator alone may deactivate it, and not activate it again.
func (d tokenData) Switches() bool { return d.Live() && (d.Admin || d.Manages && d.Token.IsActive) }

// tokenSwitch activates or deactivates an API token.
func tokenSwitch(v *visit, f *form) error {
	active := f.On("isActive")
	t, err := v.Service.UpdateAPIToken(v.ctx(), v.Actor, v.param("id"), registry.APITokenPatch{IsActive: &active}, 0)
	switch {
	case err != nil:
		return err
	case active:
		return v.done(tokenPath(t), "The API token is active: it is accepted again.")
	}
	return v.done(tokenPath(t), "The API token is deactivated: it is refused until somebody activates it.")
}

// tokenPath is the page of an API token.
func tokenPath(t registry.APIToken) string { return tokensPath + "/" + t.ID }

// Whitelist are the addresses it is accepted from; none: any.
func (d tokenData) Whitelist() []string { return ranges(d.Token.IPWhitelist) }
