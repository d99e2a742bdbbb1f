package registry

import (
	"errors"
	"fmt"
)

// Kind is the class of an error; the edges turn it into a status.
type Kind int

// The kinds of error.
const (
	KindInvalid         Kind = iota + 1 // a field is wrong
	KindUnauthenticated                 // no or bad credential
	KindForbidden                       // known, but may not
	KindNotFound                        // absent, or of another organization
	KindConflict                        // the state forbids it
	KindPrecondition                    // stale If-Match
	KindUnavailable                     // the database cannot answer
	KindTooMany                         // slowed down
)

// Error codes that callers may rely on; docs/errors.md has a row for each.
const (
	CodeInvalidInput           = "invalid_input"
	CodeUnauthenticated        = "unauthenticated"
	CodeForbidden              = "forbidden"
	CodeConsoleSessionRequired = "console_session_required"
	CodeSignInAgain            = "sign_in_again"
	CodeGrantExceedsOwn        = "grant_exceeds_own"
	CodeNotFound               = "not_found"
	CodeConflict               = "conflict"
	CodeCredentialRevoked      = "credential_revoked"
	CodeCredentialExpired      = "credential_expired"
	CodeSecretInUse            = "secret_in_use"
	CodeCountChanged           = "count_changed"
	CodePreconditionFailed     = "precondition_failed"
	CodeUnavailable            = "unavailable"
	CodeMalformedRequest       = "malformed_request"
	CodeIdempotencyKeyReused   = "idempotency_key_reused"
	CodeOneTimeCodeRequired    = "one_time_code_required"
	CodeRateLimited            = "rate_limited"

	// Codes of RFC 6749 §5.2 and RFC 8707 §2 that the domain decides.
	CodeInvalidScope  = "invalid_scope"
	CodeInvalidTarget = "invalid_target"
)

// Error is a refusal or failure whose Message may be shown to the caller.
// What is internal is wrapped in Err and only logged.
type Error struct {
	Kind    Kind
	Code    string
	Message string
	Fields  []FieldError
	Err     error
}

// FieldError names a field by its path in the request, such as
// "ipWhitelist[2]", and the rule it breaks.
type FieldError struct {
	Field   string
	Message string
}

// Error returns the message, the fields and what was wrapped. It is for logs.
func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	for _, f := range e.Fields {
		s += "; " + f.Field + " " + f.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the internal error.
func (e *Error) Unwrap() error { return e.Err }

// NotFound is the error for a thing that is absent or of another organization.
func NotFound(what string) *Error {
	return &Error{Kind: KindNotFound, Code: CodeNotFound, Message: what + " not found"}
}

// Unavailable wraps a failure of the database. Nothing may be concluded from it.
func Unavailable(err error) *Error {
	return &Error{Kind: KindUnavailable, Code: CodeUnavailable, Message: "the service cannot answer at the moment", Err: err}
}

// Conflict is the error for a state that forbids the change.
func Conflict(code, format string, args ...any) *Error {
	return &Error{Kind: KindConflict, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Forbidden is the error for a known actor who may not.
func Forbidden(code, format string, args ...any) *Error {
	return &Error{Kind: KindForbidden, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Malformed is the error for a request whose syntax is wrong, such as a
// cursor that was not handed out.
func Malformed(format string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Code: CodeMalformedRequest, Message: fmt.Sprintf(format, args...)}
}

// MalformedParameter is Malformed for a parameter of a query and the rule that
// it breaks.
func MalformedParameter(name, format string, args ...any) *Error {
	rule := fmt.Sprintf(format, args...)
	e := Malformed("%s %s", name, rule)
	e.Fields = []FieldError{{name, rule}}
	return e
}

// KindOf returns the kind of err. An error that is not ours counts as
// unavailable: never a false yes, never a false no.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	if _, ok := errors.AsType[*Refused](err); ok {
		return KindUnauthenticated
	}
	return KindUnavailable
}

// invalid collects the field errors of one input.
type invalid struct{ fields []FieldError }

func (v *invalid) add(field, format string, args ...any) {
	v.fields = append(v.fields, FieldError{field, fmt.Sprintf(format, args...)})
}

func (v *invalid) err() error {
	if len(v.fields) == 0 {
		return nil
	}
	return &Error{Kind: KindInvalid, Code: CodeInvalidInput, Message: "the input breaks a rule", Fields: v.fields}
}

// asError returns err as one of ours; any other counts as unavailable.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Unavailable(err)
}
