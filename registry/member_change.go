package registry

import (
	"context"
	"fmt"
)

var (
	opMemberCreate = operation{"member.create", FeedMember, byPersonAdmin}
	opMemberUpdate = operation{"member.update", FeedMember, byPersonAdmin}
	opMemberDelete = operation{"member.delete", FeedMember, byPersonAdmin}
)

// MemberInput is what a member is created from.
type MemberInput struct {
	Email string
	Role  MemberRole
}

// MemberPatch is a partial change of a member.
type MemberPatch struct{ Role *MemberRole }

// MemberQuery pages the members of an organization.
type MemberQuery struct {
	Search string // in the e-mail address, letters of any case
	Limit  int    // 1 to 200; 0: 50
	Cursor string
}

// MemberList is one page of members, newest first.
type MemberList struct {
	Items      []Member
	NextCursor string // empty: the last page
}

// CreateMember makes a member, and returns the one showing of the password
// that they sign in with and then change.
func (s *Service) CreateMember(ctx context.Context, actor Actor, in MemberInput) (Member, SecretText, error) {
	id, err := NewID(s.Rand, PrefixMember)
	if err != nil {
		return Member{}, SecretText{}, err
	}
	m := Member{ID: id, OrganizationID: actor.OrganizationID, Revision: 1}
	var password SecretText
	if s.authorize(opMemberCreate, actor) == nil { // hashing is dear: for nobody else
		if password, err = newPassword(s.Rand); err != nil {
			return Member{}, SecretText{}, err
		}
		if m.PasswordHash, err = s.Hash(password.Reveal()); err != nil {
			return Member{}, SecretText{}, fmt.Errorf("hash a password: %w", err)
		}
	}
	err = s.change(ctx, actor, opMemberCreate, id, func(c *change) error {
		var v invalid
		m.Email, m.Role = v.email("email", in.Email), v.memberRole("role", in.Role)
		if err := v.err(); err != nil {
			return err
		}
		if err := c.actor.mayMakeOrTouch(m.Role); err != nil {
			return err
		}
		m.CreatedAt, m.UpdatedAt = c.now, c.now
		c.after = auditMember(m)
		return c.InsertMember(ctx, m)
	})
	if err != nil {
		return Member{}, SecretText{}, err
	}
	return m, password, nil
}

// UpdateMember gives a member another role, from their next request on. match
// is the revision of If-Match, or 0.
func (s *Service) UpdateMember(ctx context.Context, actor Actor, id string, p MemberPatch, match int64) (Member, error) {
	var m Member
	err := s.change(ctx, actor, opMemberUpdate, id, func(c *change) (err error) {
		if m, err = c.member(ctx, id, match); err != nil {
			return err
		}
		c.before = auditMember(m)
		if p.Role != nil {
			var v invalid
			role := v.memberRole("role", *p.Role)
			if err := v.err(); err != nil {
				return err
			}
			if err := c.actor.mayMakeOrTouch(role); err != nil {
				return err
			}
			if role != RoleOwner {
				if err := c.keepOwner(ctx, m); err != nil {
					return err
				}
			}
			m.Role = role
		}
		m.Revision++
		m.UpdatedAt = c.now
		c.after = auditMember(m)
		return c.UpdateMember(ctx, m)
	})
	return m, err
}

// DeleteMember removes a member and their sessions, at once. What they
// created stays. match is the revision of If-Match, or 0.
func (s *Service) DeleteMember(ctx context.Context, actor Actor, id string, match int64) error {
	return s.change(ctx, actor, opMemberDelete, id, func(c *change) error {
		m, err := c.member(ctx, id, match)
		if err != nil {
			return err
		}
		c.before = auditMember(m)
		if err := c.keepOwner(ctx, m); err != nil {
			return err
		}
		return c.DeleteMember(ctx, c.organizationID, id)
	})
}

// member locks a member that the actor may change, and checks If-Match. The
// organization is locked first: changes of its members come one by one, so
// that counting its owners counts.
func (c *change) member(ctx context.Context, id string, match int64) (Member, error) {
	if !IsID(id, PrefixMember) {
		return Member{}, NotFound("member")
	}
	if _, err := c.OrganizationForUpdate(ctx, c.organizationID); err != nil {
		return Member{}, err
	}
	m, err := c.MemberForUpdate(ctx, c.organizationID, id)
	if err != nil {
		return Member{}, err
	}
	if err := c.actor.mayMakeOrTouch(m.Role); err != nil {
		return Member{}, err
	}
	return m, matches(m.Revision, match)
}

// mayMakeOrTouch keeps owners to owners.
func (a Actor) mayMakeOrTouch(role MemberRole) error {
	if role == RoleOwner && a.Kind != ActorOperator && a.Role != RoleOwner {
		return Forbidden(CodeGrantExceedsOwn, "only an owner may make, change or remove an owner")
	}
	return nil
}

// keepOwner refuses to take the last owner from an organization.
func (c *change) keepOwner(ctx context.Context, m Member) error {
	if m.Role != RoleOwner {
		return nil
	}
	owners, err := c.Owners(ctx, c.organizationID)
	if err != nil {
		return err
	}
	if owners < 2 {
		return Conflict(CodeConflict, "an organization must keep an owner, and this is the last")
	}
	return nil
}

func (v *invalid) memberRole(field string, role MemberRole) MemberRole {
	if role != RoleOwner && role != RoleAdmin && role != RoleMember {
		v.add(field, "must be one of %s, %s, %s", RoleOwner, RoleAdmin, RoleMember)
	}
	return role
}

func auditMember(m Member) any {
	return map[string]any{
		"email": m.Email, "role": m.Role, "oneTimeCode": m.OneTime.InForce(), "revision": m.Revision,
	}
}

// Member returns one member of the actor's organization. An actor that is
// bound to a project sees none.
func (s *Service) Member(ctx context.Context, actor Actor, id string) (Member, error) {
	var m Member
	err := s.read(ctx, actor, func(r Reader) (err error) {
		if !IsID(id, PrefixMember) || !actor.reaches("") {
			return NotFound("member")
		}
		m, err = r.Member(ctx, actor.OrganizationID, id)
		return err
	})
	return m, err
}

// Members lists the members of the actor's organization, newest first.
func (s *Service) Members(ctx context.Context, actor Actor, q MemberQuery) (MemberList, error) {
	var list MemberList
	err := s.read(ctx, actor, func(r Reader) error {
		cursor := s.cursorFor("members", actor.OrganizationID, q.Search)
		page, err := cursor.searched(q.Search, q.Limit, q.Cursor)
		if err != nil || !actor.reaches("") {
			return err
		}
		rows, err := r.MemberPage(ctx, actor.OrganizationID, page.orOneMore())
		list.Items, list.NextCursor = cut(cursor, page, rows, func(m Member) Page {
			return Page{AfterAt: m.CreatedAt, AfterID: m.ID}
		})
		return err
	})
	return list, err
}
