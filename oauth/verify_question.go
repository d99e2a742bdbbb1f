package oauth

import (
	"net/http"
	"net/url"
	"strings"

	"keywright/registry"
)

// What a gateway tells of the request it holds, besides its Authorization
// header and the address it came from.
const (
	headerMethod   = "X-Forwarded-Method"
	headerURI      = "X-Forwarded-Uri"
	headerAudience = "X-Keywright-Audience" // at /verify/{path} alone

	paramPermission = "permission"
)

// question is what a gateway asks: may the bearer of this token send that
// request to that API?
type question struct {
	token       string
	audience    string   // identifier of the API
	scopes      []string // all of them are needed
	permissions []string // likewise
	method      string   // empty: method or path was not told
	segments    []string // of the path
}

// readQuestion fails with a *refusal. The credential is looked at first: who
// brings none learns no more than that.
func (s *Server) readQuestion(req *http.Request) (question, error) {
	token, err := bearerToken(req.Header)
	if err != nil {
		return question{}, err
	}
	q := question{token: token}
	tail, _ := s.verifyTail(req)
	query, err := url.ParseQuery(req.URL.RawQuery)
	if err != nil {
		return q, badQuestion("the query is not form-encoded")
	}
	if q.audience, err = s.askedAudience(req.Header, query, tail != ""); err != nil {
		return q, err
	}
	if q.scopes, err = askedScopes(query[paramScope]); err != nil {
		return q, err
	}
	if q.permissions, err = askedPermissions(query[paramPermission]); err != nil {
		return q, err
	}
	err = q.readRequest(req, tail)
	return q, err
}

// bearerToken returns the token of the Authorization header, the one place
// where it may stand (RFC 6750 §2.1). Another scheme counts as no credential
// (§3.1).
func bearerToken(header http.Header) (string, error) {
	lines := header.Values("Authorization")
	if len(lines) > 1 {
		return "", invalidToken(registry.CauseMalformedCredential)
	}
	scheme, token, _ := strings.Cut(strings.Join(lines, ""), " ")
	if !strings.EqualFold(scheme, tokenType) {
		return "", noToken()
	}
	if token = strings.Trim(token, " "); token == "" {
		return "", invalidToken(registry.CauseMalformedCredential)
	}
	return token, nil
}

// askedAudience returns the API that the gateway stands in front of. Where the
// gateway appends the path, the query is the caller's, so there the gateway may
// name the API in a header, and the query must not contradict it; in front of
// /verify that header may be the caller's, and means nothing.
//
// The issuer and the admin API are audiences that all organizations have in
// common: a gateway that asked for one would let any of them in.
func (s *Server) askedAudience(header http.Header, query url.Values, appended bool) (string, error) {
	named := query[paramAudience]
	if appended {
		named = append(header.Values(headerAudience), named...)
		if len(header.Values(headerAudience)) == 1 && len(named) == 2 && named[0] == named[1] {
			named = named[:1]
		}
	}
	switch {
	case len(named) == 0 || named[0] == "":
		return "", badQuestion("parameter audience is missing: it names the API behind the gateway")
	case len(named) > 1:
		return "", badQuestion("the audience is named more than once")
	case named[0] == s.Issuer || named[0] == registry.AdminAudience:
		return "", badQuestion("parameter audience must name an API")
	}
	return named[0], nil
}

// askedScopes reads the values of scope: each a list of scopes (RFC 6749 §3.3).
func askedScopes(values []string) ([]string, error) {
	scopes := strings.Fields(strings.Join(values, " "))
	if len(scopes) > maxScopes {
		return nil, badQuestion("parameter scope has too many values")
	}
	for _, scope := range scopes {
		if !isScopeToken(scope) {
			return nil, badQuestion("parameter scope breaks the grammar of RFC 6749 section 3.3")
		}
	}
	return scopes, nil
}

// askedPermissions reads the values of permission: each a list of permissions
// with spaces between them, in which a space or percent sign of a permission
// itself is percent-encoded, as in X-Keywright-Permissions.
func askedPermissions(values []string) ([]string, error) {
	permissions := strings.Fields(strings.Join(values, " "))
	if len(permissions) > maxScopes {
		return nil, badQuestion("parameter permission has too many values")
	}
	for i, p := range permissions {
		decoded, err := url.PathUnescape(p)
		if err != nil {
			return nil, badQuestion("parameter permission is not percent-encoded")
		}
		permissions[i] = decoded
	}
	return permissions, nil
}

// readRequest reads method and path of the request behind the gateway. Where
// the gateway appends the path, they are those of the request itself, and the
// headers may be the caller's; at /verify they are the gateway's.
func (q *question) readRequest(req *http.Request, tail string) error {
	method, path := req.Method, tail
	if tail == "" {
		methods, uris := req.Header.Values(headerMethod), req.Header.Values(headerURI)
		if len(methods) > 1 || len(uris) > 1 {
			return badQuestion("X-Forwarded-Method or X-Forwarded-Uri occurs more than once")
		}
		if len(uris) == 0 {
			return nil
		}
		method = strings.Join(methods, "")
		path, _, _ = strings.Cut(uris[0], "?")
	}
	segments, broken := registry.ParsePath(path)
	if broken != "" {
		r := badQuestion("the path " + broken)
		r.cause = registry.CauseUnsafePath
		return r
	}
	q.method, q.segments = method, segments
	return nil
}

// verifyTail returns what follows /verify in the path of a request, as it was
// sent, and whether this is a request to /verify at all.
func (s *Server) verifyTail(req *http.Request) (tail string, ok bool) {
	for _, base := range s.bases() {
		tail, ok := strings.CutPrefix(req.URL.EscapedPath(), base+pathVerify)
		if ok && (tail == "" || tail[0] == '/') {
			return tail, true
		}
	}
	return "", false
}
