package console

import (
	"slices"
	"strings"

	"keywright/registry"
)

// roleChoice are the roles that a client can be given: boxes by their names
// and, where there are more than are offered, a field for the names of others.
type roleChoice struct {
	Roles []registry.Role
	Many  bool
}

func (v *visit) roleChoice() (roleChoice, error) {
	found, err := v.Service.Roles(v.ctx(), v.Actor, registry.RoleQuery{Limit: offered})
	return roleChoice{found.Items, found.NextCursor != ""}, err
}

// roles are the names of those that were ticked or typed.
func (f *form) roles() []string { return slices.Concat(f.All("roles"), f.rows("otherRoles")) }

// setRoles ticks the roles that are among those to choose from, and writes the
// others into the field for them.
func (f *form) setRoles(names []string, choice roleChoice) {
	f.values.Del("roles")
	var others []string
	for _, name := range names {
		if slices.ContainsFunc(choice.Roles, func(r registry.Role) bool { return r.Name == name }) {
			f.values.Add("roles", name)
		} else {
			others = append(others, name)
		}
	}
	f.values.Set("otherRoles", strings.Join(others, "\n"))
}
