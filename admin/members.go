package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// members is the resource /v1/members.
type members struct{ service *registry.Service }

func (h members) mount(api huma.API) {
	const all, one = "/v1/members", "/v1/members/{memberId}"
	huma.Register(api, created("create-member", all, tagMembers, "Make a member; needs a console session"), h.create)
	huma.Register(api, operation("list-members", http.MethodGet, all, tagMembers, "List members, newest first"), h.list)
	huma.Register(api, operation("get-member", http.MethodGet, one, tagMembers, "Get a member"), h.get)
	huma.Register(api, operation("update-member", http.MethodPatch, one, tagMembers, "Give a member another role; needs a console session"), h.update)
	huma.Register(api, operation("delete-member", http.MethodDelete, one, tagMembers, "Remove a member; needs a console session"), h.delete)
}

// member is a member on the wire. Every member of it is always there.
type member struct {
	ID             string    `json:"id" example:"mem_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	OrganizationID string    `json:"organizationId"`
	Email          string    `json:"email" doc:"Unique in the installation." example:"owner@example.com"`
	Role           string    `json:"role" enum:"owner,admin,member"`
	OneTimeCode    bool      `json:"oneTimeCode" doc:"Sign-in asks for a one-time code."`
	CreatedAt      time.Time `json:"createdAt"`
	UpdatedAt      time.Time `json:"updatedAt"`
}

func memberOf(m registry.Member) member {
	return member{
		ID: m.ID, OrganizationID: m.OrganizationID, Email: m.Email, Role: string(m.Role), OneTimeCode: m.OneTime.InForce(),
		CreatedAt: m.CreatedAt.UTC(), UpdatedAt: m.UpdatedAt.UTC(),
	}
}

// MemberPath names one member.
type MemberPath struct {
	ID string `path:"memberId"`
}

// MemberMatch names one member in, if wanted, one revision.
type MemberMatch struct {
	MemberPath
	IfMatch string `header:"If-Match" doc:"The ETag of the revision to change."`
}

type memberAnswer struct {
	ETag string `header:"ETag"`
	Body member
}

func answerMember(m registry.Member, err error) (*memberAnswer, error) {
	if err != nil {
		return nil, err
	}
	return &memberAnswer{etag(m.Revision), memberOf(m)}, nil
}

type createMemberRequest struct {
	Body struct {
		Email string `json:"email,omitempty" doc:"Required."`
		Role  string `json:"role,omitempty" doc:"owner, admin or member; required."`
	}
}

// createdMember is a new member with the one showing of the first password.
type createdMember struct {
	member
	Password string `json:"password" doc:"To sign in with and then change. Shown once."`
}

type createMemberAnswer struct {
	Location string `header:"Location"`
	ETag     string `header:"ETag"`
	Body     createdMember
}

func (h members) create(ctx context.Context, req *createMemberRequest) (*createMemberAnswer, error) {
	m, password, err := h.service.CreateMember(ctx, actorOf(ctx), registry.MemberInput{
		Email: req.Body.Email, Role: registry.MemberRole(req.Body.Role),
	})
	if err != nil {
		return nil, err
	}
	return &createMemberAnswer{"/v1/members/" + m.ID, etag(m.Revision), createdMember{memberOf(m), password.Reveal()}}, nil
}

type listMembersAnswer struct {
	Body struct {
		Items      []member `json:"items" nullable:"false"`
		NextCursor *string  `json:"nextCursor" doc:"null: the last page"`
	}
}

func (h members) list(ctx context.Context, req *SearchedPage) (*listMembersAnswer, error) {
	found, err := h.service.Members(ctx, actorOf(ctx), registry.MemberQuery{Search: req.Search, Limit: req.Limit, Cursor: req.Cursor})
	if err != nil {
		return nil, err
	}
	var answer listMembersAnswer
	answer.Body.Items = make([]member, len(found.Items))
	for i, m := range found.Items {
		answer.Body.Items[i] = memberOf(m)
	}
	answer.Body.NextCursor = orNull(found.NextCursor)
	return &answer, nil
}

func (h members) get(ctx context.Context, req *MemberPath) (*memberAnswer, error) {
	return answerMember(h.service.Member(ctx, actorOf(ctx), req.ID))
}

type updateMemberRequest struct {
	MemberMatch
	Body memberPatch `contentType:"application/merge-patch+json"`
}

// memberPatch is the merge patch of a member.
type memberPatch struct {
	Role field[string] `json:"role,omitzero" doc:"owner, admin or member."`
}

func (h members) update(ctx context.Context, req *updateMemberRequest) (*memberAnswer, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	var patch registry.MemberPatch
	if req.Body.Role.present {
		role := registry.MemberRole(req.Body.Role.value)
		patch.Role = &role
	}
	return answerMember(h.service.UpdateMember(ctx, actorOf(ctx), req.ID, patch, match))
}

func (h members) delete(ctx context.Context, req *MemberMatch) (*struct{}, error) {
	match, err := ifMatch(req.IfMatch)
	if err != nil {
		return nil, err
	}
	return nil, h.service.DeleteMember(ctx, actorOf(ctx), req.ID, match)
}
