package console

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"keywright/internal/signin"
	"keywright/internal/web"
	"keywright/registry"
)

// Config is what the console needs. Every field but Setup is required.
type Config struct {
	Service *registry.Service
	// Authenticator and ParseAccessToken read a token that somebody pastes, as
	// those of admin.Config.
	Authenticator    *registry.Authenticator
	ParseAccessToken func(text string) (registry.AccessToken, error)

	Sessions  *signin.Keeper
	Setup     *Setup       // nil: the installation has an owner
	TicketBox registry.Box // seals a password while its one-time code is asked for
	Issuer    string       // URL of the OAuth edge, for the commands it shows
	Now       func() time.Time
}

// root is the path under which everything lies; it is that of the overview.
const root = "/console"

// console is what all pages share.
type console struct {
	Config
	templates   templates
	crossOrigin *http.CrossOriginProtection
}

// Mount mounts the console under /console on an engine of web.NewEngine.
func Mount(e *gin.Engine, c Config) error {
	parsed, err := parseTemplates()
	if err != nil {
		return fmt.Errorf("parse the pages of the console: %w", err)
	}
	app := &console{Config: c, templates: parsed, crossOrigin: http.NewCrossOriginProtection()}
	r := router{app, e.Group("", secureHeaders)}
	r.routes.GET(staticPath+":file", serveStatic)
	for _, mount := range pages {
		mount(r)
	}
	return nil
}

// WriteError returns an ErrorWriter that answers within the console with a
// page, and elsewhere as next does.
func WriteError(next web.ErrorWriter) (web.ErrorWriter, error) {
	parsed, err := parseTemplates()
	if err != nil {
		return nil, fmt.Errorf("parse the pages of the console: %w", err)
	}
	app := &console{templates: parsed}
	return func(w http.ResponseWriter, req *http.Request, err error) {
		if req.URL.Path != root && !strings.HasPrefix(req.URL.Path, root+"/") {
			next(w, req, err)
			return
		}
		setSecureHeaders(w.Header())
		v := &visit{console: app, w: w, req: req}
		v.fail(err)
	}, nil
}

// policy lets nothing run, load or be sent that is not the console's own.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func setSecureHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	// A form whose referrer is suppressed is sent with Origin: null, in older
	// browsers that tell the site in no other way.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

func secureHeaders(g *gin.Context) { setSecureHeaders(g.Writer.Header()) }
