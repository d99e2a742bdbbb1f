package oauth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"keywright/internal/web"
	"keywright/registry"
)

// accept answers 200 with what an API behind the gateway may want to know. A
// header that does not apply is sent without a value: a gateway that copies it
// to the API then overwrites what the caller may have sent under that name.
func accept(w http.ResponseWriter, t registry.AccessToken) {
	noStore(w)
	h := w.Header()
	h.Set("X-Keywright-Client-Id", t.ClientID)
	h.Set("X-Keywright-Subject", t.ClientID)
	h.Set("X-Keywright-Scope", strings.Join(t.Scopes, " "))
	h.Set("X-Keywright-Roles", headerList(t.Roles))
	h.Set("X-Keywright-Permissions", headerList(t.Permissions))
	h.Set("X-Keywright-Organization", t.OrganizationID)
	h.Set("X-Keywright-Project", t.ProjectID)
	w.WriteHeader(http.StatusOK)
}

// headerList writes free-form labels with spaces between them. What is no
// visible ASCII character in a label, a space too, is percent-encoded, and so
// is the percent sign.
func headerList(labels []string) string {
	var b strings.Builder
	for i, label := range labels {
		if i > 0 {
			b.WriteByte(' ')
		}
		for _, c := range []byte(label) {
			if c <= 0x20 || c > 0x7e || c == '%' {
				fmt.Fprintf(&b, "%%%02X", c)
			} else {
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}

// noToken refuses a request without a bearer token. Its challenge has no error
// code (RFC 6750 §3.1).
func noToken() *refusal {
	return &refusal{
		status: http.StatusUnauthorized, code: codeUnauthenticated,
		description: "a bearer token is required", cause: registry.CauseNoCredential,
	}
}

// invalidToken is the same for the caller whatever the cause.
func invalidToken(cause registry.Cause) *refusal {
	return &refusal{
		status: http.StatusUnauthorized, code: codeInvalidToken,
		description: "the token is not valid here", cause: cause,
	}
}

// insufficientScope refuses a good token. The scopes, if that is what it lacks,
// are all that the request needs (RFC 6750 §3).
func insufficientScope(cause registry.Cause, description string, scopes []string) *refusal {
	return &refusal{
		status: http.StatusForbidden, code: codeInsufficientScope,
		description: description, cause: cause, scope: strings.Join(scopes, " "),
	}
}

// badQuestion refuses what is wrong with the request whoever sent it. RFC 6750
// §3.1 would have 400 here, which gateways do not know.
func badQuestion(description string) *refusal {
	r := invalidRequest(description)
	r.status = http.StatusForbidden
	return r
}

// asBearerRefusal turns any error of a verification into a refusal that a
// gateway knows. What is not ours counts as unavailable.
func asBearerRefusal(err error) *refusal {
	if refused, ok := errors.AsType[*registry.Refused](err); ok {
		r := invalidToken(refused.Cause)
		r.organizationID, r.credential = refused.OrganizationID, refused.Credential
		return r
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	return unavailable(err)
}

// refuseBearer answers a refusal with a challenge as RFC 6750 §3 has it, and
// returns the error code for the metrics.
func refuseBearer(w http.ResponseWriter, req *http.Request, r *refusal) string {
	id := noteRefusal(w, req, r)
	description := describe(r.description)
	switch {
	case r.status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAfter)
	case r.code == codeUnauthenticated:
		web.Challenge(w, "", "")
	default:
		web.ChallengeDescribed(w, r.code, description, r.scope)
	}
	answer(w, r.status, errorBody{r.code, description, id})
	return r.code
}
