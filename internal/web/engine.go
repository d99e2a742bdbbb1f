package web

import (
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"keywright/registry"
)

// Limits of a request body, in bytes.
const (
	MaxPublicBody = 64 << 10
	MaxAdminBody  = 1 << 20
)

// Config is what the engine of a listener needs. All fields but Observe are
// required.
type Config struct {
	Listener string // its name in the log: "public" or "admin"
	MaxBody  int64  // bytes; a longer body is refused unread
	Proxies  Proxies
	Health   *Health
	// WriteError answers what the engine itself refuses: a path or method that
	// does not exist, a body that is too large, a panic.
	WriteError ErrorWriter
	// Observe is told of each answered request: its route template, or
	// "unmatched"; its method, or "other"; its status. May be nil.
	Observe func(route, method string, status int, took time.Duration)

	ErrorIDs *registry.ErrorIDs
	Now      func() time.Time
	Rand     io.Reader
	Logger   *slog.Logger
}

// ErrorWriter answers a request with an error, in the form that the callers of
// its listener expect. StatusOf tells the status.
type ErrorWriter func(w http.ResponseWriter, req *http.Request, err error)

// NewEngine returns a Gin engine whose every request passes the middleware of
// this package, with /livez and /readyz mounted.
//
// Gin itself trusts no proxy and redirects nowhere: a path is right or 404, as
// it was written, so that an encoded slash never becomes a separator.
func NewEngine(c Config) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.ForwardedByClientIP = false
	_ = e.SetTrustedProxies(nil) // nil cannot fail: there is nothing to parse
	e.RedirectTrailingSlash = false
	e.RedirectFixedPath = false
	e.HandleMethodNotAllowed = true
	e.UseRawPath = true
	e.UnescapePathValues = true

	e.Use(c.exchange, c.recoverPanic, secureHeaders, c.limitBody)
	e.NoRoute(func(g *gin.Context) { c.WriteError(g.Writer, g.Request, errNoRoute) })
	e.NoMethod(func(g *gin.Context) { c.WriteError(g.Writer, g.Request, errMethodNotAllowed) })
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		e.Handle(method, "/livez", gin.WrapF(c.Health.Livez))
		e.Handle(method, "/readyz", gin.WrapF(c.Health.Readyz))
	}
	return e
}

// What stands in every answer of an API. The values are shared between answers:
// a header is replaced, never written into.
var (
	noStore       = []string{"no-store"}
	contentPolicy = []string{"default-src 'none'; frame-ancestors 'none'"}
	noReferrer    = []string{"no-referrer"}
	noSniff       = []string{"nosniff"}
)

// secureHeaders sets what is right for every answer of an API. A handler that
// answers something else overrides it.
func secureHeaders(g *gin.Context) {
	h := g.Writer.Header()
	h["Cache-Control"] = noStore
	h["Content-Security-Policy"] = contentPolicy
	h["Referrer-Policy"] = noReferrer
	h["X-Content-Type-Options"] = noSniff
}
