package console

import (
	"slices"
	"time"

	"keywright/registry"
)

func revokeAllPages(r router) {
	for _, kind := range []revocable{clientsToRevoke, tokensToRevoke} {
		r.getFresh(kind.path, func(v *visit) error { return v.showRevokeAll(kind, v.req.URL.Query().Get("target"), nil) })
		r.postFresh(kind.path, func(v *visit, f *form) error { return revokeAll(v, kind, f) })
	}
}

// revocable is a kind of credential that can be revoked all at once.
type revocable struct {
	Name string // of several
	one  string // of one
	path string
	back string // their list

	// applications tells whether an application chooses some of them.
	applications bool
	revoke       func(*visit, registry.RevokeAllInput) (revocation, error)
}

var clientsToRevoke = revocable{
	Name: "clients", one: "client", path: clientsPath + "/revoke-all", back: clientsPath, applications: true,
	revoke: func(v *visit, in registry.RevokeAllInput) (revocation, error) {
		result, err := v.Service.RevokeAllClients(v.ctx(), v.Actor, in)
		hit := revocation{Count: result.Count}
		for _, c := range result.Items {
			hit.Items = append(hit.Items, revoked{
				ID: c.ID, Path: clientsPath + "/" + c.ID, Name: c.Name, Status: c.Status, ProjectID: c.ProjectID,
				CreatedBy: c.CreatedBy, LastUsedAt: c.Usage.LastUsedAt, Uses: c.Usage.Count,
			})
		}
		return hit, err
	},
}

var tokensToRevoke = revocable{
	Name: "API tokens", one: "API token", path: tokensPath + "/revoke-all", back: tokensPath,
	revoke: func(v *visit, in registry.RevokeAllInput) (revocation, error) {
		result, err := v.Service.RevokeAllAPITokens(v.ctx(), v.Actor, in)
		hit := revocation{Count: result.Count}
		for _, t := range result.Items {
			hit.Items = append(hit.Items, revoked{
				ID: t.ID, Path: tokenPath(t), Name: t.Name, Status: t.StatusAt(v.Now()), ProjectID: t.ProjectID,
				CreatedBy: t.CreatedBy, LastUsedAt: t.Usage.LastUsedAt, Uses: t.Usage.Count,
			})
		}
		return hit, err
	},
}

// revocation is what is hit, or would be: the first hundred of Count.
type revocation struct {
	Count int
	Items []revoked
}

// revoked is one credential that is hit.
type revoked struct {
	ID, Path, Name, ProjectID string
	Status                    registry.Status
	CreatedBy                 registry.Principal
	LastUsedAt                time.Time // zero: never
	Uses                      int64
}

// revokeAllData is the choice, and what the one that was made would hit.
type revokeAllData struct {
	Kind    revocable
	Choice  *form      // its field target is what was chosen
	Targets []option   // to choose from
	Chosen  string     // the name to be typed; empty: nothing was chosen yet
	Hits    revocation // of what was chosen
	Names   map[string]string
	Tabs    []tab
}

// revokeAll revokes what was chosen, if its name was typed and it hits as many
// as the page showed.
func revokeAll(v *visit, kind revocable, f *form) error {
	target := f.Text("target")
	names, err := v.Service.Names(v.ctx(), v.Actor, target)
	if err != nil {
		return err
	}
	count := int(f.Number("expectedCount"))
	in := selecting(target)
	in.ExpectedCount = &count
	var hit revocation
	err = f.try(func() (err error) {
		if err := f.typed(v.targetName(names, target)); err != nil {
			return err
		}
		hit, err = kind.revoke(v, in)
		return err
	})
	switch {
	case f.Rejected():
		return v.showRevokeAll(kind, target, f)
	case err != nil:
		return err
	}
	return v.done(kind.back, kind.counted(hit.Count)+" revoked, for good.")
}

// selecting chooses by the id of an organization, project, application or
// creator.
func selecting(target string) registry.RevokeAllInput {
	switch {
	case registry.IsID(target, registry.PrefixOrganization):
		return registry.RevokeAllInput{OrganizationID: target}
	case registry.IsID(target, registry.PrefixProject):
		return registry.RevokeAllInput{ProjectID: target}
	case registry.IsID(target, registry.PrefixApplication):
		return registry.RevokeAllInput{ApplicationID: target}
	}
	return registry.RevokeAllInput{CreatedBy: target}
}

// showRevokeAll shows the choice and, once it was made, what it would hit.
func (v *visit) showRevokeAll(kind revocable, target string, f *form) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	data := revokeAllData{
		Kind: kind, Choice: newForm("target", target),
		Tabs: []tab{{"Clients", clientsToRevoke.path}, {"API tokens", tokensToRevoke.path}},
	}
	var err error
	if data.Targets, err = v.revokeTargets(kind, target); err != nil {
		return err
	}
	if target != "" {
		if err := v.preview(&data, target); err != nil {
			return err
		}
	}
	return v.show(view{Page: "revoke_all", Title: "Revoke all " + kind.Name, Form: f, Data: data})
}

// preview finds out what a choice would hit.
func (v *visit) preview(data *revokeAllData, target string) (err error) {
	in := selecting(target)
	in.DryRun = true
	if data.Hits, err = data.Kind.revoke(v, in); err != nil {
		return err
	}
	ids := []string{target}
	for _, one := range data.Hits.Items {
		ids = append(ids, one.ProjectID, one.CreatedBy.ID)
	}
	if data.Names, err = v.Service.Names(v.ctx(), v.Actor, ids...); err != nil {
		return err
	}
	if data.Chosen = v.targetName(data.Names, target); data.Chosen == "" {
		return registry.NotFound("what to revoke by")
	}
	return nil
}

// targetName is the name to be typed before what it chooses is revoked; empty
// for what there is not.
func (v *visit) targetName(names map[string]string, target string) string {
	if target == v.Me.Organization.ID {
		return v.Me.Organization.Name
	}
	return names[target]
}

// revokeTargets are what can be chosen, and what was chosen if it is another.
func (v *visit) revokeTargets(kind revocable, target string) ([]option, error) {
	all := []option{{v.Me.Organization.ID, "Everything of " + v.Me.Organization.Name}}
	add := func(prefix string, options []option) {
		for _, o := range options {
			all = append(all, option{o.Value, prefix + o.Label})
		}
	}
	projects, err := v.projectOptions()
	if err != nil {
		return nil, err
	}
	add("Project ", projects)
	if kind.applications {
		applications, err := v.applicationOptions()
		if err != nil {
			return nil, err
		}
		add("Application ", applications)
	}
	members, err := v.Service.Members(v.ctx(), v.Actor, registry.MemberQuery{Limit: offered})
	if err != nil {
		return nil, err
	}
	for _, m := range members.Items {
		all = append(all, option{m.ID, "Created by " + m.Email})
	}
	if target == "" || slices.ContainsFunc(all, func(o option) bool { return o.Value == target }) {
		return all, nil
	}
	names, err := v.Service.Names(v.ctx(), v.Actor, target)
	if err != nil {
		return nil, err
	}
	return append(all, option{target, nameOr(names, target)}), nil
}

// By is who created a credential that is hit.
func (d revokeAllData) By(one revoked) string { return by(d.Names, one.CreatedBy) }

// More is how many are hit beyond those that are listed.
func (d revokeAllData) More() int64 { return int64(d.Hits.Count - len(d.Hits.Items)) }

// Total is how many are hit, with what they are.
func (d revokeAllData) Total() string { return d.Kind.counted(d.Hits.Count) }

// counted is a number of them, in words.
func (k revocable) counted(n int) string {
	if n == 1 {
		return "1 " + k.one
	}
	return number(int64(n)) + " " + k.Name
}

// Clients tells whether they get access tokens.
func (k revocable) Clients() bool { return k.applications }

// Back is their list.
func (k revocable) Back() string { return k.back }
