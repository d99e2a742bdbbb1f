package console

import (
	"slices"
	"strings"

	"keywright/registry"
)

// grantOptions fills in what can be granted, and returns the form with what the
// client is granted now. What it has is offered even where no list has it, so
// that saving takes nothing away unseen.
func (v *visit) grantOptions(c registry.ClientDetails, data *clientAccessData) (*form, error) {
	var err error
	if data.Roles, err = v.roleChoice(); err != nil {
		return nil, err
	}
	groups, apis, err := v.scopeGroups()
	if err != nil {
		return nil, err
	}
	data.Scopes = groups
	data.Audiences = withChosen(apis, c.Audiences)
	data.Introspects = withChosen(withAllAPIs(apis), c.Introspects)

	f := newForm("permissions", strings.Join(c.Permissions, "\n"))
	f.values["audiences"], f.values["introspects"] = c.Audiences, c.Introspects
	f.setRoles(c.RoleNames, data.Roles)
	f.setScopes(c.Scopes, groups)
	return f, nil
}

// scopes are those that were ticked or typed.
func (f *form) scopes() []string { return slices.Concat(f.All("scopes"), f.Lines("otherScopes")) }

// setScopes ticks the scopes that are among those to choose from, and writes
// the others into the field for them.
func (f *form) setScopes(scopes []string, groups []scopeGroup) {
	f.values.Del("scopes")
	var others []string
	for _, scope := range scopes {
		if listed(groups, scope) {
			f.values.Add("scopes", scope)
		} else {
			others = append(others, scope)
		}
	}
	f.values.Set("otherScopes", strings.Join(others, " "))
}

// withAllAPIs are APIs that tokens can be introspected for, and the choice of all.
func withAllAPIs(apis []option) []option {
	return append([]option{{"*", "all of the organization"}}, apis...)
}

// listed tells whether a scope is among those to choose from.
func listed(groups []scopeGroup, name string) bool {
	return slices.ContainsFunc(groups, func(g scopeGroup) bool { return offers(g.Scopes, name) })
}

// withChosen adds to options the values that are chosen but not among them.
func withChosen(options []option, chosen []string) []option {
	all := slices.Clone(options)
	for _, value := range chosen {
		if !offers(all, value) {
			all = append(all, option{value, value})
		}
	}
	return all
}

func offers(options []option, value string) bool {
	return slices.ContainsFunc(options, func(o option) bool { return o.Value == value })
}

// grantsPatch has what differs from what the client is granted now.
func grantsPatch(c registry.ClientDetails, f *form) registry.ClientPatch {
	return registry.ClientPatch{
		Roles:       changedSet(f.roles(), c.RoleNames),
		Scopes:      changedSet(f.scopes(), c.Scopes),
		Permissions: changedSet(f.rows("permissions"), c.Permissions),
		Audiences:   changedSet(f.All("audiences"), c.Audiences),
		Introspects: changedSet(f.All("introspects"), c.Introspects),
	}
}
