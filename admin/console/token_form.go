package console

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"keywright/registry"
)

// tokenFormData is what the form of an API token offers.
type tokenFormData struct {
	Token    *registry.APIToken // nil: a new one
	Projects picker
	Scopes   []string // that are known; others may be typed
	Back     string   // where to go without doing anything
}

func tokenNew(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	f := newForm("life", lifeYear)
	if project := v.query.Get("projectId"); project != "" {
		f = newForm("life", lifeYear, "projectId", project)
	}
	return v.showTokenForm(nil, f)
}

func tokenCreate(v *visit, f *form) error {
	in := registry.APITokenInput{
		Name: f.Text("name"), Description: f.Text("description"), Type: f.Text("type"), ProjectID: f.Text("projectId"),
		ExpiresAt: f.expiry(v.Now()), Scopes: f.Lines("scopes"), Permissions: f.rows("permissions"), IPWhitelist: f.Lines("ipWhitelist"),
	}
	if in.Type == registry.TokenTypeOrganization {
		in.ProjectID = "" // without script there is a project chosen all the same
	}
	var made registry.APIToken
	var value registry.SecretText
	err := f.try(func() (err error) {
		made, value, err = v.Service.CreateAPIToken(v.ctx(), v.Actor, in)
		return err
	})
	switch {
	case f.Rejected():
		return v.showTokenForm(nil, f)
	case err != nil:
		return err
	}
	return v.showOnce(newSecret{Name: made.Name, Secret: value, Back: tokenPath(made)})
}

func tokenEdit(v *visit) error {
	t, err := v.managedToken()
	if err != nil {
		return err
	}
	f := newForm("name", t.Name, "description", t.Description, "life", lifeKept, "revision", strconv.FormatInt(t.Revision, 10),
		"scopes", strings.Join(t.Scopes, "\n"), "permissions", strings.Join(t.Permissions, "\n"),
		"ipWhitelist", strings.Join(ranges(t.IPWhitelist), "\n"))
	return v.showTokenForm(&t, f)
}

func tokenUpdate(v *visit, f *form) error {
	t, err := v.Service.APIToken(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	name, description := f.Text("name"), f.Text("description")
	scopes, permissions, whitelist := f.Lines("scopes"), f.rows("permissions"), f.Lines("ipWhitelist")
	p := registry.APITokenPatch{Name: &name, Description: &description, Scopes: &scopes, Permissions: &permissions, IPWhitelist: &whitelist}
	if f.Text("life") != lifeKept {
		expiresAt := f.expiry(v.Now())
		p.ExpiresAt = &expiresAt
	}
	match := f.Number("revision")
	err = f.try(func() error {
		_, err := v.Service.UpdateAPIToken(v.ctx(), v.Actor, t.ID, p, match)
		return err
	})
	switch {
	case f.Rejected():
		return v.showTokenForm(&t, f)
	case err != nil:
		return err
	}
	return v.done(tokenPath(t), "The API token was changed.")
}

// showTokenForm shows the form of an API token, of a new one if t is nil.
func (v *visit) showTokenForm(t *registry.APIToken, f *form) error {
	data := tokenFormData{Token: t, Back: tokensPath}
	title := "Create an API token"
	if t != nil {
		data.Back, title = tokenPath(*t), "Edit "+t.Name
	}
	var err error
	if data.Scopes, err = v.knownScopes(); err != nil {
		return err
	}
	if data.Projects, err = v.picker("projectId", f.Text("projectId")); err != nil {
		return err
	}
	return v.show(view{Page: "token_form", Title: title, Form: f, Data: data})
}

// knownScopes are the scopes of the catalogue and those that APIs declare.
func (v *visit) knownScopes() ([]string, error) {
	catalogue, err := v.Service.Scopes(v.ctx(), v.Actor, registry.ScopeQuery{Limit: offered})
	if err != nil {
		return nil, err
	}
	apis, err := v.Service.APIs(v.ctx(), v.Actor, registry.APIQuery{Limit: offered})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, s := range catalogue.Items {
		all = append(all, s.Name)
	}
	for _, a := range apis.Items {
		all = append(all, a.Scopes...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// Choices of how long an API token lives.
const (
	lifeKept = "kept" // as it is
	lifeYear = "365"
	lifeDate = "date" // that in the field expiresAt
)

// expiry is the end of the life that was chosen, or zero for the default.
func (f *form) expiry(now time.Time) time.Time {
	switch life := f.Text("life"); life {
	case "", lifeKept:
		return time.Time{}
	case lifeDate:
		if f.Text("expiresAt") == "" {
			f.unreadable("expiresAt", "is missing: choose a date")
		}
		return f.Day("expiresAt")
	case "30", "90":
		return now.AddDate(0, 0, int(f.Number("life")))
	case lifeYear:
		return time.Time{} // registry's default, which keeps to the organization's longest
	}
	f.unreadable("life", "is none of those offered")
	return time.Time{}
}

// rows are the lines of a field, without empty ones.
func (f *form) rows(name string) []string {
	var all []string
	for line := range strings.Lines(f.Raw(name)) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// ranges writes an IP whitelist as it is typed.
func ranges(whitelist []netip.Prefix) []string {
	all := make([]string, len(whitelist))
	for i, p := range whitelist {
		all[i] = rangeText(p)
	}
	return all
}
