package web

import (
	"errors"
	"net/http"

	"keywright/registry"
)

// Codes of what is refused before the domain is asked; docs/errors.md has a
// row for each.
const (
	CodeBodyTooLarge     = "body_too_large"
	CodeMethodNotAllowed = "method_not_allowed"
	CodeInternal         = "internal"
)

var (
	errNoRoute          = registry.NotFound("path")
	errMethodNotAllowed = &registry.Error{Code: CodeMethodNotAllowed, Message: "the path does not know this method: see the Allow header"}
	errBodyTooLarge     = &registry.Error{Code: CodeBodyTooLarge, Message: "the body is over the limit"}
)

type outcome struct {
	status int
	cause  registry.Cause
}

// outcomes is the one table from the code of an error to its status, and to
// the cause that its error id carries.
var outcomes = map[string]outcome{
	registry.CodeMalformedRequest:       {http.StatusBadRequest, registry.CauseInvalidRequest},
	registry.CodeInvalidScope:           {http.StatusBadRequest, registry.CauseInvalidScope},
	registry.CodeInvalidTarget:          {http.StatusBadRequest, registry.CauseInvalidTarget},
	registry.CodeUnauthenticated:        {http.StatusUnauthorized, registry.CauseNoCredential},
	registry.CodeOneTimeCodeRequired:    {http.StatusUnauthorized, registry.CauseOneTimeCodeMissing},
	registry.CodeForbidden:              {http.StatusForbidden, registry.CauseForbidden},
	registry.CodeConsoleSessionRequired: {http.StatusForbidden, registry.CauseConsoleSessionRequired},
	registry.CodeSignInAgain:            {http.StatusForbidden, registry.CauseSignInAgain},
	registry.CodeGrantExceedsOwn:        {http.StatusForbidden, registry.CauseGrantExceedsOwn},
	registry.CodeNotFound:               {http.StatusNotFound, registry.CauseNotFound},
	CodeMethodNotAllowed:                {http.StatusMethodNotAllowed, registry.CauseMethodNotAllowed},
	registry.CodeConflict:               {http.StatusConflict, registry.CauseConflict},
	registry.CodeCredentialRevoked:      {http.StatusConflict, registry.CauseConflict},
	registry.CodeCredentialExpired:      {http.StatusConflict, registry.CauseConflict},
	registry.CodeSecretInUse:            {http.StatusConflict, registry.CauseConflict},
	registry.CodeCountChanged:           {http.StatusConflict, registry.CauseConflict},
	registry.CodePreconditionFailed:     {http.StatusPreconditionFailed, registry.CausePrecondition},
	CodeBodyTooLarge:                    {http.StatusRequestEntityTooLarge, registry.CauseBodyTooLarge},
	registry.CodeInvalidInput:           {http.StatusUnprocessableEntity, registry.CauseInvalidRequest},
	registry.CodeIdempotencyKeyReused:   {http.StatusUnprocessableEntity, registry.CauseInvalidRequest},
	registry.CodeRateLimited:            {http.StatusTooManyRequests, registry.CauseRateLimited},
	CodeInternal:                        {http.StatusInternalServerError, registry.CauseInternal},
	registry.CodeUnavailable:            {http.StatusServiceUnavailable, registry.CauseUnavailable},
}

// StatusOf returns the status that answers err on a listener that speaks the
// statuses of the contract's table.
func StatusOf(err error) int {
	_, o := translate(err)
	return o.status
}

// translate returns the error to show for err, and its outcome. A refusal
// shows nothing of its cause. What is not ours shows nothing of itself, and
// counts as unavailable: never a false yes, never a false no.
func translate(err error) (*registry.Error, outcome) {
	if slowed, ok := errors.AsType[*registry.Slowed](err); ok {
		return errSlowDown, outcome{http.StatusTooManyRequests, slowed.Cause}
	}
	if refused, ok := errors.AsType[*registry.Refused](err); ok {
		shown := &registry.Error{Kind: registry.KindUnauthenticated, Code: registry.CodeUnauthenticated, Message: "a valid credential is required"}
		return shown, outcome{http.StatusUnauthorized, refused.Cause}
	}
	if e, ok := errors.AsType[*registry.Error](err); ok {
		if o, known := outcomes[e.Code]; known {
			return e, o
		}
	}
	return registry.Unavailable(err), outcomes[registry.CodeUnavailable]
}
