package oauth

import (
	"errors"
	"net/http"
	"time"

	"keywright/internal/web"
	"keywright/oauth/signing"
	"keywright/registry"
)

// Error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 7009 §2.2.1 and RFC 8707 §2.
const (
	codeInvalidRequest         = "invalid_request"
	codeInvalidClient          = "invalid_client"
	codeInvalidScope           = "invalid_scope"
	codeInvalidTarget          = "invalid_target"
	codeUnauthorizedClient     = "unauthorized_client"
	codeUnsupportedGrantType   = "unsupported_grant_type"
	codeAccessDenied           = "access_denied"
	codeServerError            = "server_error"
	codeTemporarilyUnavailable = "temporarily_unavailable"
)

// Error codes of bearer challenges (RFC 6750 §3.1), and of the answer to who
// brings no token, which has none in its challenge.
const (
	codeInvalidToken      = "invalid_token"
	codeInsufficientScope = "insufficient_scope"
	codeUnauthenticated   = "unauthenticated"
)

// refusal is why a request is not answered as asked: what the caller is told,
// and what is sealed into the error id for administrators. It travels through
// fosite as an error.
type refusal struct {
	status      int
	code        string
	description string // shown to the caller

	cause          registry.Cause
	organizationID string             // whom it concerns; empty: the caller, if known
	credential     registry.Principal // likewise
	failure        error              // internal, for the log alone
	scope          string             // what a bearer token needs, where that is the cause
	retryAfter     time.Duration      // at 429
}

// Error is the OAuth error code and the cause.
func (r *refusal) Error() string { return r.code + ": " + r.cause.String() }

func invalidRequest(description string) *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: codeInvalidRequest,
		description: description, cause: registry.CauseInvalidRequest,
	}
}

// invalidClient is the same for the caller whatever the cause.
func invalidClient(cause registry.Cause) *refusal {
	return &refusal{
		status: http.StatusUnauthorized, code: codeInvalidClient,
		description: "client authentication failed", cause: cause,
	}
}

// slowDown is what invalidClient would be, after too many others.
func slowDown(s *registry.Slowed) *refusal {
	return &refusal{
		status: http.StatusTooManyRequests, code: codeTemporarilyUnavailable,
		description: "client authentication failed, as it did too often: wait, and correct the credential",
		cause:       s.Cause, retryAfter: s.RetryAfter,
	}
}

func invalidScope(description string) *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: codeInvalidScope,
		description: description, cause: registry.CauseInvalidScope,
	}
}

func invalidTarget(description string) *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: codeInvalidTarget,
		description: description, cause: registry.CauseInvalidTarget,
	}
}

func unsupportedGrantType() *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: codeUnsupportedGrantType,
		description: "grant_type must be client_credentials", cause: registry.CauseUnsupportedGrant,
	}
}

func notResourceServer() *refusal {
	return &refusal{
		status: http.StatusForbidden, code: codeAccessDenied,
		description: "this client is no resource server: it introspects no API",
		cause:       registry.CauseNotResourceServer,
	}
}

func anotherClientsToken() *refusal {
	return &refusal{
		status: http.StatusBadRequest, code: codeUnauthorizedClient,
		description: "the token was issued to another client", cause: registry.CauseUnauthorizedClient,
	}
}

func unavailable(failure error) *refusal {
	return &refusal{
		status: http.StatusServiceUnavailable, code: codeTemporarilyUnavailable,
		description: "the service cannot answer at the moment", cause: registry.CauseUnavailable, failure: failure,
	}
}

// knownCodes are how the decisions of the registry, and what the router and the
// middleware refuse before an endpoint is reached, look on this listener.
var knownCodes = map[string]struct {
	status int
	code   string
	cause  registry.Cause
}{
	registry.CodeInvalidScope:     {http.StatusBadRequest, codeInvalidScope, registry.CauseInvalidScope},
	registry.CodeInvalidTarget:    {http.StatusBadRequest, codeInvalidTarget, registry.CauseInvalidTarget},
	registry.CodeMalformedRequest: {http.StatusBadRequest, codeInvalidRequest, registry.CauseInvalidRequest},
	registry.CodeNotFound:         {http.StatusNotFound, codeInvalidRequest, registry.CauseNotFound},
	web.CodeMethodNotAllowed:      {http.StatusMethodNotAllowed, codeInvalidRequest, registry.CauseMethodNotAllowed},
	web.CodeBodyTooLarge:          {http.StatusRequestEntityTooLarge, codeInvalidRequest, registry.CauseBodyTooLarge},
	web.CodeInternal:              {http.StatusInternalServerError, codeServerError, registry.CauseInternal},
}

// asRefusal turns any error that came back through fosite into a refusal. What
// is not ours counts as unavailable: never a false yes, never a false no.
func asRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	if errors.Is(err, signing.ErrTooLong) {
		return invalidScope("the token would be too long: ask for fewer scopes")
	}
	if e, ok := errors.AsType[*registry.Error](err); ok {
		if known, ok := knownCodes[e.Code]; ok {
			return &refusal{status: known.status, code: known.code, description: e.Message, cause: known.cause, failure: e.Err}
		}
	}
	return unavailable(err)
}
