package console

import (
	"strings"

	"keywright/registry"
)

// summary says in words what the form would make as it is filled in. It judges
// nothing: what is wrong is said when the API token is made.
func (d tokenFormData) summary(f *form) []fact {
	return []fact{
		{"Name", orDash(f.Text("name"))},
		{"Belongs to", d.place(f)},
		{"Permissions", orDash(strings.Join(f.rows("permissions"), ", "))},
		{"Scopes", orDash(strings.Join(f.Lines("scopes"), ", "))},
		{"Expires", d.expires(f)},
		{"From", fromWhere(filled(f.All("ipWhitelist")))},
	}
}

func (d tokenFormData) place(f *form) string {
	kind := f.Text("type")
	if d.Token != nil {
		kind = d.Token.Type
	}
	project := d.Projects.Name()
	switch {
	case kind == registry.TokenTypeOrganization:
		return "the whole organization"
	case project != "":
		return "the project " + project
	}
	return "one project"
}

func (d tokenFormData) expires(f *form) string {
	switch life := f.Text("life"); {
	case life == lifeKept && d.Token != nil:
		return "on " + dayOf(d.Token.ExpiresAt) + ", as it is"
	case life == lifeDate:
		return "at the end of " + orDash(f.Text("expiresAt"))
	case life == lifeYear:
		return "in one year, or the longest that is allowed"
	case life == "30", life == "90":
		return "in " + life + " days"
	}
	return "–"
}
