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

	Whitelist rangeEditor
	Summary   []fact
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

// tokenCreate makes an API token. Asked for the summary, or for other rows of
// addresses, it makes nothing.
func tokenCreate(v *visit, f *form) error {
	if f.edits(v.Actor.Address) {
		if err := v.mustAdminister(); err != nil {
			return err
		}
		return v.showTokenForm(nil, f)
	}
	in := registry.APITokenInput{
		Name: f.Text("name"), Description: f.Text("description"), Type: f.Text("type"), ProjectID: f.Text("projectId"),
		ExpiresAt: f.expiry(v.Now()), Scopes: f.Lines("scopes"), Permissions: f.rows("permissions"), IPWhitelist: filled(f.All("ipWhitelist")),
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
		"scopes", strings.Join(t.Scopes, "\n"), "permissions", strings.Join(t.Permissions, "\n"))
	f.values["ipWhitelist"] = ranges(t.IPWhitelist)
	return v.showTokenForm(&t, f)
}

func tokenUpdate(v *visit, f *form) error {
	if f.edits(v.Actor.Address) {
		t, err := v.managedToken()
		if err != nil {
			return err
		}
		return v.showTokenForm(&t, f)
	}
	t, err := v.Service.APIToken(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	name, description := f.Text("name"), f.Text("description")
	scopes, permissions, whitelist := f.Lines("scopes"), f.rows("permissions"), filled(f.All("ipWhitelist"))
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
	data := tokenFormData{Token: t, Back: tokensPath, Whitelist: v.rangeEditor(spare(f.All("ipWhitelist")), f)}
	title, project := "Create an API token", f.Text("projectId")
	if t != nil {
		data.Back, title, project = tokenPath(*t), "Edit "+t.Name, t.ProjectID
	}
	var err error
	if data.Scopes, err = v.knownScopes(); err != nil {
		return err
	}
	if data.Projects, err = v.picker("projectId", project); err != nil {
		return err
	}
	data.Summary = data.summary(f)
	return v.show(view{Page: "token_form", Title: title, Form: f, Data: data})
}

// edits tells whether nothing is to be stored, and brings the rows of addresses
// to what the button that was pressed makes of them.
func (f *form) edits(mine netip.Addr) bool {
	if f.On("summary") {
		return true
	}
	rows := editedRanges(f, mine)
	if rows == nil {
		f.values["ipWhitelist"] = filled(f.All("ipWhitelist")) // as errors count them
		return false
	}
	f.values["ipWhitelist"] = rows
	return true
}

// spare are rows with one at their end to type into.
func spare(rows []string) []string {
	if len(rows) > 0 && strings.TrimSpace(rows[len(rows)-1]) == "" {
		return rows
	}
	return append(slices.Clone(rows), "")
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
