package signin

import (
	"context"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"keywright/internal/web"
	"keywright/registry"
)

// Config is what a Keeper needs.
type Config struct {
	Service *registry.Service
	Store   scs.CtxStore     // keeps the hashed tokens of sessions; its data is their ids
	Now     func() time.Time // to slow down guessing
	// SecureCookies says that browsers reach the listener over TLS.
	SecureCookies bool
}

// Keeper signs people in and out, and tells who a request is from.
type Keeper struct {
	guesses *Guesses
	service *registry.Service
	cookies cookies
}

// NewKeeper returns a Keeper.
func NewKeeper(c Config) *Keeper {
	return &Keeper{NewGuesses(c.Now), c.Service, newCookies(c.Store, c.SecureCookies)}
}

// Token returns what the session cookie of a request holds; empty without one.
// A repeated cookie is malformed: one of them may be planted.
func (k *Keeper) Token(req *http.Request) (string, error) { return k.cookies.token(req) }

// Actor returns the person in whose session the token is. It fails with
// *registry.Refused where the session is no good.
func (k *Keeper) Actor(ctx context.Context, token string) (registry.Actor, error) {
	id, err := k.cookies.session(ctx, token)
	if err != nil {
		return registry.Actor{}, err
	}
	return k.service.SessionActor(ctx, id)
}

// SignIn begins a session, if what was given is right and not guessed too
// fast (*web.SlowDownError), and returns its cookie. The session of the token
// that the browser presented, if it was in one, is over then.
func (k *Keeper) SignIn(ctx context.Context, presented string, in registry.SignInInput) (registry.Session, http.Cookie, error) {
	var begun registry.Session
	err := k.Tried(ctx, in.Email, func() (err error) {
		begun, err = k.service.SignIn(ctx, in)
		return err
	})
	if err != nil {
		return begun, http.Cookie{}, err
	}
	k.endPresented(ctx, presented)
	cookie, err := k.cookies.begin(ctx, presented, begun.ID)
	return begun, cookie, err
}

// Tried runs check, which looks at a password or code, as one guess at an
// account: an e-mail address, or the id of a member.
func (k *Keeper) Tried(ctx context.Context, account string, check func() error) error {
	address := web.ClientAddress(ctx)
	if err := k.guesses.Try(account, address); err != nil {
		return err
	}
	err := check()
	if err == nil {
		k.guesses.Succeeded(account, address)
	}
	return err
}

// endPresented ends the session that a browser was in before it signed in
// again. One that is no good any more needs no end, and one that cannot be
// ended now ends by itself: the browser has its token no longer.
func (k *Keeper) endPresented(ctx context.Context, token string) {
	if token == "" {
		return
	}
	actor, err := k.Actor(ctx, token)
	if err != nil {
		return
	}
	actor.Address, actor.RequestID = web.ClientAddress(ctx), web.RequestID(ctx)
	if err := k.service.DeleteSession(ctx, actor, actor.SessionID); err != nil {
		web.NoteFailure(ctx, err)
	}
}

// Farewell is the cookie that takes the cookie of a session away.
func (k *Keeper) Farewell() http.Cookie { return k.cookies.farewell() }
