package console

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"keywright/registry"
)

// pages are all pages; each function mounts those of one file.
var pages = []func(router){
	setupPages,
	signInPages,
	overviewPages,
	applicationPages,
	clientPages,
	clientNewPages,
	clientDetailPages,
	tokenPages,
	revokeAllPages,
	showOncePages,
	auditPages,
	refusalPages,
	apiPages,
	scopePages,
	rolePages,
	projectPages,
	memberPages,
	sessionPages,
	securityPages,
	oneTimeCodePages,
	signingKeyPages,
}

// section is an entry of the navigation.
type section struct{ Name, Path string }

// sections are the navigation, in its order.
var sections = []section{
	{Name: "Overview", Path: root},
	{Name: "Applications", Path: applicationsPath},
	{Name: "Clients", Path: root + "/clients"},
	{Name: "API tokens", Path: tokensPath},
	{Name: "APIs", Path: apisPath},
	{Name: "Scopes", Path: scopesPath},
	{Name: "Roles", Path: rolesPath},
	{Name: "Projects", Path: projectsPath},
	{Name: "Audit", Path: auditPath},
	{Name: "Why refused?", Path: refusalsPath},
	{Name: "Members", Path: membersPath},
	{Name: "Sessions", Path: sessionsPath},
	{Name: "Security", Path: securityPath},
	{Name: "Signing keys", Path: signingKeysPath},
}

// router mounts pages.
type router struct {
	app    *console
	routes *gin.RouterGroup
}

// shows answers a GET, and takes a POST.
type (
	shows func(*visit) error
	takes func(*visit, *form) error
)

// get mounts a page for people who are signed in.
func (r router) get(path string, h shows) { r.mount(http.MethodGet, path, r.app.signedIn(plain(h))) }

// post mounts what a form of people who are signed in is posted to.
func (r router) post(path string, h takes) {
	r.mount(http.MethodPost, path, r.app.signedIn(posted(h)))
}

// getFresh and postFresh are get and post for people who gave password and
// code a short while ago, or are asked for them again.
func (r router) getFresh(path string, h shows) { r.get(path, fresh(h)) }

func (r router) postFresh(path string, h takes) {
	r.mount(http.MethodPost, path, r.app.signedIn(fresh(posted(h))))
}

// open mounts a page that needs no session.
func (r router) open(path string, show shows, take takes) {
	r.mount(http.MethodGet, path, plain(show))
	r.mount(http.MethodPost, path, posted(take))
}

func (r router) mount(method, path string, h shows) {
	r.routes.Handle(method, path, func(g *gin.Context) {
		v := &visit{console: r.app, w: g.Writer, req: g.Request, params: g.Param}
		if err := h(v); err != nil {
			v.fail(err)
		}
	})
}

func plain(h shows) shows {
	return func(v *visit) error {
		v.query = v.req.URL.Query()
		if err := wellFormed(v.query); err != nil {
			return err
		}
		if err := v.resolve(v.query); err != nil {
			return err
		}
		return h(v)
	}
}

// posted reads the form, once it is sure that it comes from a page of ours.
func posted(h takes) shows {
	return plain(func(v *visit) error {
		if err := v.crossOrigin.Check(v.req); err != nil {
			return registry.Forbidden(registry.CodeForbidden, "the form comes from another site")
		}
		f, err := v.readForm()
		if err != nil {
			return err
		}
		if err := v.resolve(f.values); err != nil {
			return err
		}
		return h(v, f)
	})
}

// signedIn finds out who asks, and asks them to sign in where it cannot.
func (c *console) signedIn(h shows) shows {
	return func(v *visit) error {
		if err := v.identify(); err != nil {
			if registry.KindOf(err) != registry.KindUnauthenticated {
				return err
			}
			if v.presented != "" {
				farewell := c.Sessions.Farewell()
				http.SetCookie(v.w, &farewell)
			}
			return v.redirect(signInPath + "?next=" + url.QueryEscape(v.here()))
		}
		return h(v)
	}
}

// fresh asks for password and code again where they were given too long ago.
func fresh(h shows) shows {
	return func(v *visit) error {
		if !v.Actor.FreshAt(v.Now()) {
			return v.redirect(againPath + "?next=" + url.QueryEscape(v.here()))
		}
		return h(v)
	}
}
