package oauth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"keywright/oauth/signing"
	"keywright/registry"
)

// Config is what a Server needs.
type Config struct {
	// Issuer is the issuer URL (RFC 8414 §2): http or https, no query, no
	// fragment. It is the iss of every token and the root of every advertised
	// address; request headers never change it. Required.
	Issuer string
	// Authenticator checks secrets and issued tokens. Required.
	Authenticator *registry.Authenticator
	// Revoker takes access tokens back; *registry.Service is one. Required.
	Revoker Revoker
	// Keys makes and reads access tokens of Issuer. Required.
	Keys *signing.Ring
	// Metrics is told of every request. Nil discards.
	Metrics Metrics
	// OpenIDAlias also serves the metadata where OpenID Connect clients look for it.
	OpenIDAlias bool
	// Now is the clock. Required.
	Now func() time.Time
	// Random gives token ids; a CSPRNG. Required.
	Random io.Reader
}

// Revoker is the one change that this edge makes.
type Revoker interface {
	// RevokeAccessToken puts a token of the client that asks on the denylist.
	// It fails with an error of kind Unavailable when that is not certain.
	RevokeAccessToken(ctx context.Context, actor registry.Actor, t registry.AccessToken) error
}

// Server answers the OAuth endpoints. It is safe for concurrent use.
type Server struct {
	Config
	provider provider
	issuer   *url.URL
	metadata document
}

// New returns a server, or an error naming what is wrong with the Config.
func New(cfg Config) (*Server, error) {
	if cfg.Authenticator == nil || cfg.Revoker == nil || cfg.Keys == nil || cfg.Now == nil || cfg.Random == nil {
		return nil, errors.New("oauth: a required field of Config is missing")
	}
	if cfg.Metrics == nil {
		cfg.Metrics = noMetrics{}
	}
	issuer, err := parseIssuer(cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("oauth: issuer: %w", err)
	}
	s := &Server{Config: cfg, issuer: issuer}
	s.provider = newProvider(s)
	if s.metadata, err = newMetadata(cfg.Issuer); err != nil {
		return nil, fmt.Errorf("oauth: encode the metadata: %w", err)
	}
	return s, nil
}

// parseIssuer checks an issuer. Its path becomes part of routes, so it is held
// to characters that mean nothing there.
func parseIssuer(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("it is not a URL")
	}
	if (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || strings.ContainsAny(text, "?#") {
		return nil, errors.New("it must be an http or https URL without user, query and fragment")
	}
	for _, c := range []byte(u.EscapedPath()) {
		if !isUnreserved(c) && c != '/' {
			return nil, fmt.Errorf("its path must not contain %q", c)
		}
	}
	if trimmed := strings.TrimRight(u.Path, "/"); trimmed != "" && path.Clean(trimmed) != trimmed {
		return nil, errors.New("its path must not have empty or dot segments")
	} else if trimmed == pathVerify || strings.HasPrefix(trimmed, pathVerify+"/") {
		return nil, fmt.Errorf("its path must not begin with %s", pathVerify)
	}
	return u, nil
}

// isUnreserved tells whether c is an unreserved character of RFC 3986 §2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

// Paths of the endpoints below the issuer.
const (
	pathToken      = "/oauth2/token"
	pathIntrospect = "/oauth2/introspect"
	pathRevoke     = "/oauth2/revoke"
	pathVerify     = "/verify"
	pathJWKS       = "/.well-known/jwks.json"
	pathMetadata   = "/.well-known/oauth-authorization-server"
	pathOpenID     = "/.well-known/openid-configuration"
)

// issuerBase is the path of the issuer, without a slash at its end.
func (s *Server) issuerBase() string { return strings.TrimRight(s.issuer.Path, "/") }

// bases are what the paths of the endpoints begin with. For an issuer with a
// path they answer below that path and, for a proxy that strips it, at the root.
func (s *Server) bases() []string {
	if base := s.issuerBase(); base != "" {
		return []string{"", base}
	}
	return []string{""}
}

// Mount adds the endpoints to the engine of a listener, made by internal/web
// with this server's WriteError, which answers every other method and path. The
// metadata is where RFC 8414 §3.1 puts it: the well-known path inserted before
// the issuer's.
func (s *Server) Mount(r gin.IRouter) {
	for _, base := range s.bases() {
		r.POST(base+pathToken, gin.WrapF(s.token))
		r.POST(base+pathIntrospect, gin.WrapF(s.introspect))
		r.POST(base+pathRevoke, gin.WrapF(s.revoke))
		// A method that Gin does not know comes to WriteError, and from there.
		r.Any(base+pathVerify, gin.WrapF(s.verify))
		r.Any(base+pathVerify+"/*path", gin.WrapF(s.verify))
		mountDocument(r, base+pathJWKS, s.keySet)
	}
	base := s.issuerBase()
	mountDocument(r, pathMetadata+base, s.metadata.serve)
	if !s.OpenIDAlias {
		return
	}
	// OpenID Connect Discovery §4 appends the well-known path; RFC 8414 §5 inserts it.
	for _, path := range slices.Compact([]string{pathOpenID + base, base + pathOpenID}) {
		mountDocument(r, path, s.metadata.serve)
	}
}
