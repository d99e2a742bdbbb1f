package console

import (
	"strconv"
	"strings"
	"time"
)

// formLike fills in the form of a new client as another is: all but its
// secrets, its state and its use. A lifetime or an expiry that could not be
// asked for today is left out.
func (v *visit) formLike(id string) (*form, error) {
	c, err := v.Service.Client(v.ctx(), v.Actor, id)
	if err != nil {
		return nil, err
	}
	groups, _, err := v.scopeGroups()
	if err != nil {
		return nil, err
	}
	f := newForm(
		"name", copyName(c.Name), "description", c.Description, "environment", c.Environment,
		"projectId", c.ProjectID, "applicationId", c.ApplicationID,
		"authMethod", c.AuthMethod, "jwks", indented(c.JWKS), "tokenFormat", c.TokenFormat,
		"permissions", strings.Join(c.Permissions, "\n"),
	)
	f.values["ipWhitelist"] = ranges(c.IPWhitelist)
	f.values["roles"], f.values["audiences"], f.values["introspects"] = c.RoleNames, c.Audiences, c.Introspects
	f.setScopes(c.Scopes, groups)
	if limit := v.Me.Organization.MaxTokenTTL; c.TokenTTL != 0 && (limit == 0 || c.TokenTTL <= limit) {
		f.values.Set("tokenTtlSeconds", strconv.Itoa(int(c.TokenTTL/time.Second)))
	}
	if c.ExpiresAt.After(v.Now()) {
		f.values.Set("lifetime", lifeDate)
		f.values.Set("expiresAt", dayOf(c.ExpiresAt))
	}
	if c.Watch {
		f.values.Set("watch", "on")
	}
	return f, nil
}

// copyName is the name that is proposed for a client like another.
func copyName(name string) string {
	const ending, longest = " (copy)", 100 // characters that registry allows
	if runes := []rune(name); len(runes)+len(ending) > longest {
		name = string(runes[:longest-len(ending)])
	}
	return name + ending
}
