package signin

import (
	"context"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"keywright/registry"
)

// Names of the session cookie. The prefix makes browsers demand Secure, the
// path / and no domain, so that no other host can plant one (RFC 6265bis §4.1.3).
const (
	CookieName       = "keywright"
	SecureCookieName = hostPrefix + CookieName
	hostPrefix       = "__Host-"
)

// cookies keeps the cookies of console sessions. A cookie holds a random
// token, and the store its hash; when a session is over is registry's to say.
type cookies struct {
	tokens *scs.SessionManager
	secure bool
}

// newCookies does without scs.New, which starts a goroutine that nothing stops.
func newCookies(store scs.Store, secure bool) cookies {
	return cookies{secure: secure, tokens: &scs.SessionManager{
		Store: store, Codec: idCodec{}, HashTokenInStore: true, Lifetime: registry.SessionAbsoluteLimit,
	}}
}

const sessionKey = "session"

// idCodec lets the data of a session be its id.
type idCodec struct{}

// Encode returns the id.
func (idCodec) Encode(_ time.Time, values map[string]any) ([]byte, error) {
	id, _ := values[sessionKey].(string)
	return []byte(id), nil
}

// Decode returns the id under its key. The deadline that scs keeps is not ours.
func (idCodec) Decode(id []byte) (time.Time, map[string]any, error) {
	return time.Time{}, map[string]any{sessionKey: string(id)}, nil
}

func (c cookies) name() string { return c.named(CookieName, "").Name }

// token returns what the session cookie of the request holds, if there is one.
func (c cookies) token(req *http.Request) (string, error) {
	all := req.CookiesNamed(c.name())
	switch len(all) {
	case 0:
		return "", nil
	case 1:
		return all[0].Value, nil
	}
	return "", registry.Malformed("the session cookie must not be repeated")
}

// session returns the id of the session that a token stands for.
func (c cookies) session(ctx context.Context, token string) (string, error) {
	ctx, err := c.tokens.Load(ctx, token)
	if err != nil {
		return "", err
	}
	id := c.tokens.GetString(ctx, sessionKey)
	if id == "" {
		return "", &registry.Refused{Cause: registry.CauseUnknownSession}
	}
	return id, nil
}

// begin returns the cookie of a session. Its token is new, whatever token the
// request brought, and that one is worth nothing from now on: nobody can plant
// a token and wait for a person to sign in with it.
func (c cookies) begin(ctx context.Context, presented, id string) (http.Cookie, error) {
	ctx, err := c.tokens.Load(ctx, presented)
	if err != nil {
		return http.Cookie{}, err
	}
	if err := c.tokens.RenewToken(ctx); err != nil {
		return http.Cookie{}, err
	}
	c.tokens.Put(ctx, sessionKey, id)
	token, _, err := c.tokens.Commit(ctx)
	if err != nil {
		return http.Cookie{}, err
	}
	return c.cookie(token), nil
}

// cookie is gone when the browser is closed; the session ends by itself.
func (c cookies) cookie(token string) http.Cookie { return c.named(CookieName, token) }

func (c cookies) named(name, value string) http.Cookie {
	if c.secure {
		name = hostPrefix + name
	}
	return http.Cookie{ //nolint:gosec // without TLS, which is for loopback alone, it cannot be Secure
		Name: name, Value: value, Path: "/", Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// farewell is the cookie that takes the cookie away.
func (c cookies) farewell() http.Cookie {
	gone := c.cookie("") //nolint:gosec // as above
	gone.MaxAge = -1
	return gone
}
