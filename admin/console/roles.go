package console

import (
	"strconv"
	"strings"

	"keywright/registry"
)

const rolesPath = root + "/roles"

func rolePages(r router) {
	r.get(rolesPath, roleList)
	r.get(rolesPath+"/new", roleNew)
	r.post(rolesPath+"/new", roleCreate)
	r.get(rolesPath+"/:id", roleShow)
	r.get(rolesPath+"/:id/edit", roleEdit)
	r.post(rolesPath+"/:id/edit", roleUpdate)
	r.get(rolesPath+"/:id/delete", roleRemoval)
	r.post(rolesPath+"/:id/delete", roleDelete)
}

// rolesData is the list of roles.
type rolesData struct {
	Roles []registry.Role
	Used  map[string]int
}

func roleList(v *visit) error {
	l := v.listOf("q")
	found, err := v.Service.Roles(v.ctx(), v.Actor, registry.RoleQuery{Search: l.Text("q"), Cursor: l.Cursor()})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	ids := make([]string, len(found.Items))
	for i, role := range found.Items {
		ids[i] = role.ID
	}
	used, err := v.Service.UserCounts(v.ctx(), v.Actor, ids...)
	if err != nil {
		return err
	}
	return v.show(view{Page: "roles", Title: "Roles", List: l, Data: rolesData{found.Items, used}})
}

// roleData is one role.
type roleData struct {
	Role registry.Role
	Used users
}

func roleShow(v *visit) error {
	role, err := v.Service.Role(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	used, err := v.usersOf(role.ID)
	if err != nil {
		return err
	}
	return v.show(view{Page: "role", Title: role.Name, Data: roleData{role, used[role.ID]}})
}

func roleNew(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	return v.showRoleForm(newForm(), registry.Role{})
}

func roleCreate(v *visit, f *form) error {
	in := registry.RoleInput{
		Name: f.Text("name"), Description: f.Text("description"), Scopes: f.scopes(), Permissions: f.rows("permissions"),
	}
	var made registry.Role
	err := f.try(func() (err error) {
		made, err = v.Service.CreateRole(v.ctx(), v.Actor, in)
		return err
	})
	switch {
	case f.Rejected():
		return v.showRoleForm(f, registry.Role{})
	case err != nil:
		return err
	}
	return v.done(rolesPath+"/"+made.ID, "The role "+made.Name+" was made.")
}

func roleEdit(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	role, err := v.Service.Role(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	f := newForm("description", role.Description, "permissions", strings.Join(role.Permissions, "\n"), "revision", strconv.FormatInt(role.Revision, 10))
	f.values["scopes"] = role.Scopes
	return v.showRoleForm(f, role)
}

func roleUpdate(v *visit, f *form) error {
	role, err := v.Service.Role(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	description, scopes, permissions, revision := f.Text("description"), f.scopes(), f.rows("permissions"), f.Number("revision")
	err = f.try(func() error {
		_, err := v.Service.UpdateRole(v.ctx(), v.Actor, role.ID, registry.RolePatch{
			Description: &description, Scopes: &scopes, Permissions: &permissions,
		}, revision)
		return err
	})
	switch {
	case f.Rejected():
		return v.showRoleForm(f, role)
	case err != nil:
		return err
	}
	return v.done(rolesPath+"/"+role.ID, "The role was changed, for everybody who holds it.")
}

// roleFormData is the role that is changed, if any, and the scopes to choose from.
type roleFormData struct {
	Role   registry.Role
	Scopes []scopeGroup
}

// showRoleForm shows the form of a new role, or of one that there is.
func (v *visit) showRoleForm(f *form, role registry.Role) error {
	groups, _, err := v.scopeGroups()
	if err != nil {
		return err
	}
	f.setScopes(f.scopes(), groups)
	title := "New role"
	if role.ID != "" {
		title = "Edit " + role.Name
	}
	return v.show(view{Page: "role_form", Title: title, Form: f, Data: roleFormData{role, groups}})
}

func roleRemoval(v *visit) error { return v.roleRemoval(nil) }

func (v *visit) roleRemoval(f *form) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	role, err := v.Service.Role(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	used, err := v.usersOf(role.ID)
	if err != nil {
		return err
	}
	return v.showRemoval("Delete the role "+role.Name+"?", f, removal{
		Effects: []string{"No client holds it."},
		Users:   used[role.ID], Path: rolesPath + "/" + role.ID + "/delete", Back: rolesPath + "/" + role.ID, Button: "Delete role",
	})
}

func roleDelete(v *visit, f *form) error {
	err := f.try(func() error { return v.Service.DeleteRole(v.ctx(), v.Actor, v.param("id"), 0) })
	switch {
	case f.Rejected():
		return v.roleRemoval(f)
	case err != nil:
		return err
	}
	return v.done(rolesPath, "The role is deleted.")
}
