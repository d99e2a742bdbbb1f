package web

import (
	"encoding/json"
	"errors"
	"net/http"

	"keywright/registry"
)

// Problem is the body of an error answer (RFC 9457). Its type is about:blank,
// which the RFC lets out; Code is what programs decide by.
type Problem struct { //nolint:errname // it is named as the RFC names it, and is an error for huma alone
	Title   string         `json:"title" doc:"The meaning of the status." example:"Unprocessable Entity"`
	Status  int            `json:"status" doc:"The HTTP status." example:"422"`
	Detail  string         `json:"detail" doc:"What was wrong, for people." example:"the input breaks a rule"`
	Code    string         `json:"code" doc:"What was wrong, for programs; docs/errors.md lists them." example:"invalid_input"`
	ErrorID string         `json:"errorId" doc:"Names this refusal; GET /v1/refusals/{errorId} explains it."`
	Errors  []ProblemField `json:"errors,omitempty" nullable:"false" doc:"Each field that breaks a rule."`
}

// ProblemField is one field that breaks a rule.
type ProblemField struct {
	Field   string `json:"field" doc:"Its path in the request." example:"ipWhitelist[2]"`
	Message string `json:"message" doc:"The rule." example:"is not an address or a CIDR range"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of problem details, whatever was negotiated.
func (p *Problem) ContentType(string) string { return problemType }

const (
	problemType = "application/problem+json"
	// retryAfter, in seconds, goes with every 503.
	retryAfter = "1"
)

// NewProblem returns the problem to answer err with, and sets the headers
// that go with it: X-Error-Id, Retry-After at 429 and 503, a challenge at 401 and
// where a scope is missing. The text of an internal error goes to the access
// log alone.
func NewProblem(w http.ResponseWriter, req *http.Request, err error) *Problem {
	shown, o := translate(err)
	refusal := registry.Refusal{Cause: o.cause}
	switch refused, ok := errors.AsType[*registry.Refused](err); {
	case ok:
		refusal.OrganizationID, refusal.Credential = refused.OrganizationID, refused.Credential
		if o.status == http.StatusUnauthorized {
			challengeRefused(w, refused.Cause)
		}
	case o.status == http.StatusUnauthorized:
		Challenge(w, "", "")
	case o.status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAfter)
	}
	if o.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", RetryAfter(slowedBy(err)))
	}
	if missing, ok := errors.AsType[*MissingScopeError](err); ok {
		refusal.Cause = registry.CauseInsufficientScope
		Challenge(w, "insufficient_scope", missing.Scope)
	}
	if o.status >= http.StatusInternalServerError {
		NoteFailure(req.Context(), err)
	}
	p := &Problem{
		Title: http.StatusText(o.status), Status: o.status, Detail: shown.Message, Code: shown.Code,
		ErrorID: Refuse(w, req, refusal),
	}
	for _, f := range shown.Fields {
		p.Errors = append(p.Errors, ProblemField{f.Field, f.Message})
	}
	return p
}

// WriteProblem answers the request with the problem of err. It is the
// ErrorWriter of listeners that speak RFC 9457.
func WriteProblem(w http.ResponseWriter, req *http.Request, err error) {
	p := NewProblem(w, req, err)
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(p) // the status is out: nothing is left to tell the caller
}
