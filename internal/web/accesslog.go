package web

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
)

// exchange gives the request its id and address, and when it is answered
// writes the one line of the access log. Never logged: bodies, query strings,
// Authorization, Cookie, and what looks like a secret in the path.
func (c Config) exchange(g *gin.Context) {
	start := c.Now()
	x := &exchange{errorIDs: c.ErrorIDs, now: c.Now}
	var proxied bool
	x.address, proxied = c.Proxies.clientAddress(g.Request)
	g.Request = g.Request.WithContext(context.WithValue(g.Request.Context(), exchangeKey{}, x))
	defer func() { c.observe(g, x, c.Now().Sub(start)) }()

	var err error
	if x.requestID, err = newRequestID(c.Rand, g.Request.Header.Get(HeaderRequestID), proxied); err != nil {
		g.Abort()
		c.WriteError(g.Writer, g.Request, err)
		return
	}
	g.Writer.Header().Set(HeaderRequestID, x.requestID)
	g.Next()
}

// maxAttrs is how many attributes a line of the access log has at most.
const maxAttrs = 12

func (c Config) observe(g *gin.Context, x *exchange, took time.Duration) {
	route, status := g.FullPath(), g.Writer.Status()
	attrs := append(make([]slog.Attr, 0, maxAttrs),
		slog.String("listener", c.Listener),
		slog.String("method", methodLabel(g.Request.Method)),
		slog.String("route", route),
		slog.Int("status", status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("request_id", x.requestID),
		slog.String("address", x.address.String()),
	)
	if route == "" {
		route = "unmatched"
		attrs = append(attrs, slog.String("path", loggedPath(g.Request.URL.EscapedPath())))
	}
	if x.caller.ID != "" {
		attrs = append(attrs, slog.String("caller", x.caller.ID))
	}
	if x.errorID != "" {
		attrs = append(attrs, slog.String("error_id", x.errorID), slog.String("cause", x.refusal.Cause.String()))
	}
	if x.failure != nil {
		attrs = append(attrs, slog.String("error", x.failure.Error()))
	}
	c.Logger.LogAttrs(g.Request.Context(), logLevel(route, status), "request", attrs...)
	if c.Observe != nil {
		c.Observe(route, methodLabel(g.Request.Method), status, took)
	}
}

// logLevel keeps the probes of an orchestrator out of the ordinary log.
func logLevel(route string, status int) slog.Level {
	switch {
	case route == "/livez" || route == "/readyz":
		return slog.LevelDebug
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	}
	return slog.LevelInfo
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// methodLabel bounds what a caller can put into logs and metrics.
func methodLabel(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return "other"
}
