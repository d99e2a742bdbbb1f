package console

import (
	"strconv"

	"keywright/registry"
)

const membersPath = root + "/members"

func memberPages(r router) {
	r.get(membersPath, memberList)
	r.getFresh(membersPath+"/new", memberNew)
	r.postFresh(membersPath+"/new", memberCreate)
	r.get(membersPath+"/:id", memberShow)
	r.getFresh(membersPath+"/:id/role", memberRole)
	r.postFresh(membersPath+"/:id/role", memberChange)
	r.getFresh(membersPath+"/:id/remove", memberRemoval)
	r.postFresh(membersPath+"/:id/remove", memberRemove)
}

func memberList(v *visit) error {
	l := v.listOf("q")
	found, err := v.Service.Members(v.ctx(), v.Actor, registry.MemberQuery{Search: l.Text("q"), Cursor: l.Cursor()})
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	return v.show(view{Page: "members", Title: "Members", List: l, Data: found.Items})
}

// memberData is one member.
type memberData struct {
	Member   registry.Member
	Touching bool // the visitor may change them
}

func memberShow(v *visit) error {
	m, err := v.Service.Member(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	return v.show(view{Page: "member", Title: m.Email, Data: memberData{m, v.Actor.MayTouch(m.Role)}})
}

// grantable are the roles that the visitor may give.
func (v *visit) grantable() []option {
	all := []option{
		{string(registry.RoleMember), "member: sees everything, changes what is their own"},
		{string(registry.RoleAdmin), "admin: makes and changes everything but owners"},
	}
	if v.Actor.MayTouch(registry.RoleOwner) {
		all = append(all, option{string(registry.RoleOwner), "owner: everything"})
	}
	return all
}

// memberFormData is the form of a new member, or of the role of one.
type memberFormData struct {
	Member registry.Member
	Roles  []option
}

func memberNew(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	return v.showMemberNew(nil)
}

func (v *visit) showMemberNew(f *form) error {
	return v.show(view{Page: "member_form", Title: "New member", Form: f, Data: memberFormData{Roles: v.grantable()}})
}

// newMember is what the answer to its making shows, once.
type newMember struct{ ID, Email, Password string }

func memberCreate(v *visit, f *form) error {
	var made registry.Member
	var password registry.SecretText
	err := f.try(func() (err error) {
		made, password, err = v.Service.CreateMember(v.ctx(), v.Actor, registry.MemberInput{
			Email: f.Text("email"), Role: registry.MemberRole(f.Text("role")),
		})
		return err
	})
	switch {
	case f.Rejected():
		return v.showMemberNew(f)
	case err != nil:
		return err
	}
	return v.show(view{Page: "member_made", Title: "New member", Data: newMember{made.ID, made.Email, password.Reveal()}})
}

func memberRole(v *visit) error {
	m, err := v.Service.Member(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	return v.showMemberRole(m, newForm("role", string(m.Role), "revision", strconv.FormatInt(m.Revision, 10)))
}

func (v *visit) showMemberRole(m registry.Member, f *form) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	return v.show(view{Page: "member_form", Title: "Role of " + m.Email, Form: f, Data: memberFormData{m, v.grantable()}})
}

func memberChange(v *visit, f *form) error {
	m, err := v.Service.Member(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	role, revision := registry.MemberRole(f.Text("role")), f.Number("revision")
	err = f.try(func() error {
		_, err := v.Service.UpdateMember(v.ctx(), v.Actor, m.ID, registry.MemberPatch{Role: &role}, revision)
		return err
	})
	switch {
	case f.Rejected():
		return v.showMemberRole(m, f)
	case err != nil:
		return err
	}
	return v.done(membersPath+"/"+m.ID, m.Email+" is "+string(role)+" now.")
}

func memberRemoval(v *visit) error { return v.memberRemoval(nil) }

func (v *visit) memberRemoval(f *form) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	m, err := v.Service.Member(v.ctx(), v.Actor, v.param("id"))
	if err != nil {
		return err
	}
	return v.showRemoval("Remove "+m.Email+"?", f, removal{
		Effects: []string{
			"Their sessions end at once, and they cannot sign in again.",
			"The credentials that they created stay, and go on working. To end those too, revoke them by the lists on the page of the member.",
		},
		Path: membersPath + "/" + m.ID + "/remove", Back: membersPath + "/" + m.ID, Button: "Remove member",
	})
}

func memberRemove(v *visit, f *form) error {
	err := f.try(func() error { return v.Service.DeleteMember(v.ctx(), v.Actor, v.param("id"), 0) })
	switch {
	case f.Rejected():
		return v.memberRemoval(f)
	case err != nil:
		return err
	}
	return v.done(membersPath, "The member was removed.")
}
