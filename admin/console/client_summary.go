package console

import (
	"strings"

	"keywright/registry"
)

// summary says in words what the form would make as it is filled in. It judges
// nothing: what is wrong is said when the client is made.
func (d clientNewData) summary(f *form) []fact {
	all := []fact{
		{"Name", orDash(f.Text("name"))},
		{"Belongs to", d.place(f)},
		{"Environment", orDash(f.Text("environment"))},
		{"Roles", orDash(strings.Join(f.roles(), ", "))},
		{"Scopes", d.scopes(f)},
		{"Authenticates by", "a secret, shown once"},
		{"Access tokens", tokens(f)},
		{"Expires", d.expires(f)},
		{"From", fromWhere(filled(f.All("ipWhitelist")))},
	}
	if f.Text("authMethod") == registry.AuthPrivateKeyJWT {
		all[5].Value = "its own private key"
	}
	return all
}

func (d clientNewData) place(f *form) string {
	if application := d.Applications.Name(); application != "" {
		return "the application " + application
	}
	if project := d.Projects.Name(); project != "" {
		return "the project " + project
	}
	return "the whole organization"
}

func (d clientNewData) scopes(f *form) string {
	own := f.scopes()
	switch {
	case len(own) > 0:
		return strings.Join(own, ", ")
	case f.Text("applicationId") != "":
		return "those of the application's endpoints"
	case len(f.roles()) > 0:
		return "those of its roles"
	}
	return "–"
}

func (d clientNewData) expires(f *form) string {
	switch lifetime := f.Text("lifetime"); {
	case lifetime == lifeDate:
		return "at the end of " + orDash(f.Text("expiresAt"))
	case lifetime != "":
		return "in " + lifetime + " days"
	case d.MaxLifetime > 0:
		return "in " + days(d.MaxLifetime)
	}
	return "never"
}

func tokens(f *form) string {
	format := "JWT"
	if f.Text("tokenFormat") == registry.FormatOpaque {
		format = "opaque"
	}
	if seconds := f.Text("tokenTtlSeconds"); seconds != "" {
		return format + ", for " + seconds + " seconds"
	}
	return format + ", for 900 seconds"
}

func fromWhere(ranges []string) string {
	if len(ranges) == 0 {
		return "any address"
	}
	return strings.Join(ranges, ", ")
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}
