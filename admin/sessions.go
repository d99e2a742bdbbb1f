package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/internal/signin"
	"keywright/internal/web"
	"keywright/registry"
)

const signInPath = "/v1/sessions"

// sessions is the resource /v1/sessions: people, signed in.
type sessions struct {
	service *registry.Service
	keeper  *signin.Keeper
}

func (h sessions) mount(api huma.API) {
	const all, one = signInPath, signInPath + "/{sessionId}"
	signIn := created("create-session", all, tagSessions, "Sign in")
	signIn.Security = []map[string][]string{{}} // needs none
	huma.Register(api, signIn, h.create)
	huma.Register(api, operation("list-sessions", http.MethodGet, all, tagSessions, "List live sessions, newest first"), h.list)
	huma.Register(api, operation("get-session", http.MethodGet, one, tagSessions, "Get a live session"), h.get)
	huma.Register(api, operation("delete-session", http.MethodDelete, one, tagSessions, "End a session"), h.delete)
	huma.Register(api, operation("delete-sessions", http.MethodDelete, all, tagSessions, "Sign out everywhere, here too"), h.deleteAll)
}

// session is a console session on the wire. Every member is always there.
type session struct {
	ID             string    `json:"id" example:"ses_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	OrganizationID string    `json:"organizationId"`
	MemberID       string    `json:"memberId"`
	Current        bool      `json:"current" doc:"It is the one that asks."`
	Address        *string   `json:"address" doc:"Where sign-in came from."`
	UserAgent      string    `json:"userAgent" doc:"As the browser called itself at sign-in."`
	CreatedAt      time.Time `json:"createdAt"`
	LastSeenAt     time.Time `json:"lastSeenAt" doc:"To the minute."`
	ExpiresAt      time.Time `json:"expiresAt" doc:"When it ends if it is used no more."`
}

func sessionOf(s registry.Session, actor registry.Actor) session {
	wire := session{
		ID: s.ID, OrganizationID: s.OrganizationID, MemberID: s.MemberID, Current: s.ID == actor.SessionID,
		UserAgent: s.UserAgent, CreatedAt: s.CreatedAt.UTC(), LastSeenAt: s.SeenAt.UTC(), ExpiresAt: s.ExpiresAt().UTC(),
	}
	if s.Address.IsValid() {
		wire.Address = orNull(s.Address.String())
	}
	return wire
}

// SessionPath names one session.
type SessionPath struct {
	ID string `path:"sessionId"`
}

type createSessionRequest struct {
	UserAgent string `header:"User-Agent" hidden:"true"`
	Body      struct {
		Email       string `json:"email,omitempty" doc:"Required."`
		Password    string `json:"password,omitempty" doc:"Required."`
		OneTimeCode string `json:"oneTimeCode,omitempty" doc:"Where one-time codes are in force; without it the answer is then 401 one_time_code_required."`
	}
}

type createSessionAnswer struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Location  string      `header:"Location"`
	Body      session
}

func (h sessions) create(ctx context.Context, req *createSessionRequest) (*createSessionAnswer, error) {
	b := req.Body
	made, cookie, err := h.keeper.SignIn(ctx, presentedOf(ctx), registry.SignInInput{
		Email: b.Email, Password: b.Password, OneTimeCode: b.OneTimeCode, UserAgent: req.UserAgent,
		Address: web.ClientAddress(ctx), RequestID: web.RequestID(ctx),
	})
	if err != nil {
		return nil, err
	}
	return &createSessionAnswer{cookie, signInPath + "/" + made.ID, sessionOf(made, registry.Actor{SessionID: made.ID})}, nil
}

type listSessionsRequest struct {
	Page
	MemberID string `query:"memberId"`
}

type listSessionsAnswer struct {
	Body struct {
		Items      []session `json:"items" nullable:"false"`
		NextCursor *string   `json:"nextCursor" doc:"null: the last page"`
	}
}

func (h sessions) list(ctx context.Context, req *listSessionsRequest) (*listSessionsAnswer, error) {
	actor := actorOf(ctx)
	found, err := h.service.Sessions(ctx, actor, registry.SessionQuery{MemberID: req.MemberID, Limit: req.Limit, Cursor: req.Cursor})
	if err != nil {
		return nil, err
	}
	var answer listSessionsAnswer
	answer.Body.Items = make([]session, len(found.Items))
	for i, s := range found.Items {
		answer.Body.Items[i] = sessionOf(s, actor)
	}
	answer.Body.NextCursor = orNull(found.NextCursor)
	return &answer, nil
}

type sessionAnswer struct{ Body session }

func (h sessions) get(ctx context.Context, req *SessionPath) (*sessionAnswer, error) {
	actor := actorOf(ctx)
	found, err := h.service.Session(ctx, actor, req.ID)
	if err != nil {
		return nil, err
	}
	return &sessionAnswer{sessionOf(found, actor)}, nil
}

// farewellAnswer takes the cookie away, where its session is over.
type farewellAnswer struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

func (h sessions) delete(ctx context.Context, req *SessionPath) (*farewellAnswer, error) {
	actor := actorOf(ctx)
	if err := h.service.DeleteSession(ctx, actor, req.ID); err != nil {
		return nil, err
	}
	if req.ID != actor.SessionID {
		return &farewellAnswer{}, nil
	}
	return &farewellAnswer{[]http.Cookie{h.keeper.Farewell()}}, nil
}

func (h sessions) deleteAll(ctx context.Context, _ *struct{}) (*farewellAnswer, error) {
	if err := h.service.DeleteSessions(ctx, actorOf(ctx)); err != nil {
		return nil, err
	}
	return &farewellAnswer{[]http.Cookie{h.keeper.Farewell()}}, nil
}
