package console

import (
	"slices"
	"strings"
	"time"

	"keywright/registry"
)

func revokeAllPages(r router) {
	for _, kind := range []revocable{clientsToRevoke, tokensToRevoke} {
		r.getFresh(kind.path, func(v *visit) error { return v.showRevokeAll(kind, v.query.Get("target"), nil) })
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
	Choice  *form // its field target is what was chosen
	Targets picker
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
	name := v.targetName(names, target)
	if name == "" {
		return registry.NotFound("what to revoke by")
	}
	var hit revocation
	err = f.try(func() (err error) {
		if err := f.typed(name); err != nil {
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
	if data.Targets, err = v.picker("target", target); err != nil {
		return err
	}
	if !kind.applications {
		data.Targets.Options = slices.DeleteFunc(data.Targets.Options, func(o option) bool { return registry.IsID(o.Value, registry.PrefixApplication) })
	}
	if isID(target, pickable["target"].prefixes) {
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
// for what there is not. A creator who is gone has no name but their id: what
// they created is there still.
func (v *visit) targetName(names map[string]string, target string) string {
	name, known := names[target]
	switch {
	case target == v.Me.Organization.ID:
		return v.Me.Organization.Name
	case !known && isID(target, []string{registry.PrefixMember, registry.PrefixClient, registry.PrefixAPIToken}):
		return target
	}
	return name
}

// targetsFound are what can be chosen: everything, or what belongs to a
// project, to an application or to a creator with that in the name.
func (v *visit) targetsFound(search string) (all []option, more bool, err error) {
	everything := option{v.Me.Organization.ID, "Everything of " + v.Me.Organization.Name}
	if strings.Contains(strings.ToLower(everything.Label), strings.ToLower(search)) {
		all = append(all, everything)
	}
	for _, kind := range []struct {
		prefix string
		found  func(string) ([]option, bool, error)
	}{{"Project ", v.projectsFound}, {"Application ", v.applicationsFound}, {"Created by ", v.membersFound}} {
		found, beyond, err := kind.found(strings.TrimPrefix(search, kind.prefix))
		if err != nil {
			return nil, false, err
		}
		for _, o := range found {
			all = append(all, option{o.Value, kind.prefix + o.Label})
		}
		more = more || beyond
	}
	return all, more, nil
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
