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
	roles, err := v.Service.Roles(v.ctx(), v.Actor, registry.RoleQuery{Limit: offered})
	if err != nil {
		return nil, err
	}
	groups, apis, err := v.scopeGroups()
	if err != nil {
		return nil, err
	}
	data.Scopes = groups
	for _, r := range roles.Items {
		data.Roles = append(data.Roles, option{r.ID, r.Name})
	}
	data.Roles = withChosen(data.Roles, c.RoleIDs)
	data.Audiences = withChosen(apis, c.Audiences)
	data.Introspects = withChosen(append([]option{{"*", "all of the organization"}}, apis...), c.Introspects)

	f := newForm("permissions", strings.Join(c.Permissions, "\n"))
	f.values["roles"], f.values["audiences"], f.values["introspects"] = c.RoleIDs, c.Audiences, c.Introspects
	var others []string
	for _, scope := range c.Scopes {
		if listed(data.Scopes, scope) {
			f.values.Add("scopes", scope)
		} else {
			others = append(others, scope)
		}
	}
	f.values.Set("otherScopes", strings.Join(others, " "))
	return f, nil
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
		Roles:       changedSet(f.All("roles"), c.RoleIDs),
		Scopes:      changedSet(slices.Concat(f.All("scopes"), f.Lines("otherScopes")), c.Scopes),
		Permissions: changedSet(f.rows("permissions"), c.Permissions),
		Audiences:   changedSet(f.All("audiences"), c.Audiences),
		Introspects: changedSet(f.All("introspects"), c.Introspects),
	}
}
