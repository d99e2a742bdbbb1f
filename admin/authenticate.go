package admin

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"keywright/internal/signin"
	"keywright/internal/web"
	"keywright/registry"
)

// authentication finds out who sends a request: a credential by its bearer
// token, or a person by the cookie of a console session. A request that brings
// both could be a browser that was tricked into sending the cookie along, and
// is refused.
type authentication struct {
	bearer
	sessions    *signin.Keeper
	crossOrigin *http.CrossOriginProtection
}

type (
	actorKey     struct{}
	presentedKey struct{}
)

// actorOf returns who sent the request. Behind authenticate there is always
// one, but at sign-in.
func actorOf(ctx context.Context) registry.Actor {
	actor, _ := ctx.Value(actorKey{}).(registry.Actor)
	return actor
}

// presentedOf returns the token of the session cookie that the request
// brought, good or not.
func presentedOf(ctx context.Context) string {
	token, _ := ctx.Value(presentedKey{}).(string)
	return token
}

func (a authentication) authenticate(g *gin.Context) {
	actor, presented, err := a.who(g)
	if err != nil {
		g.Abort()
		web.WriteProblem(g.Writer, g.Request, err)
		return
	}
	ctx := g.Request.Context()
	actor.Address, actor.RequestID = web.ClientAddress(ctx), web.RequestID(ctx)
	if actor.ID != "" {
		web.Identify(ctx, actor.OrganizationID, actor.Principal)
	}
	ctx = context.WithValue(context.WithValue(ctx, actorKey{}, actor), presentedKey{}, presented)
	g.Request = g.Request.WithContext(ctx)
}

// isSignIn tells whether the request needs no credential.
func isSignIn(g *gin.Context) bool {
	return g.Request.Method == http.MethodPost && g.FullPath() == signInPath
}

func (a authentication) who(g *gin.Context) (_ registry.Actor, presented string, _ error) {
	req, ctx := g.Request, g.Request.Context()
	hasBearer := len(req.Header["Authorization"]) > 0
	presented, err := a.sessions.Token(req)
	switch {
	case err != nil:
		return registry.Actor{}, "", err
	case hasBearer && presented != "":
		return registry.Actor{}, "", registry.Malformed("the request brings a session cookie and an Authorization header: send one of them")
	case !hasBearer:
		// Browsers add cookies by themselves, and sign-in would replace one.
		if err := a.crossOrigin.Check(req); err != nil {
			return registry.Actor{}, "", registry.Forbidden(registry.CodeForbidden, "the request comes from another site")
		}
	}
	switch {
	case isSignIn(g):
		return registry.Actor{}, presented, nil
	case presented != "":
		actor, err := a.sessions.Actor(ctx, presented)
		return actor, presented, err
	}
	token, err := bearerToken(req)
	if err != nil {
		if registry.KindOf(err) == registry.KindInvalid {
			web.Challenge(g.Writer, "invalid_request", "")
		}
		return registry.Actor{}, "", err
	}
	actor, err := a.actor(ctx, token)
	actor.Via = registry.ViaAPI
	return actor, "", err
}
