package web

import (
	"net/http"

	"keywright/registry"
)

const realm = "keywright"

// Challenge sets a WWW-Authenticate header of the Bearer scheme (RFC 6750 §3).
// code and scope may be empty; neither may hold a quote or backslash.
func Challenge(w http.ResponseWriter, code, scope string) { ChallengeDescribed(w, code, "", scope) }

// ChallengeDescribed is Challenge with a description of the error, for people;
// it is held to the same characters, and may be empty.
func ChallengeDescribed(w http.ResponseWriter, code, description, scope string) {
	value := `Bearer realm="` + realm + `"`
	if code != "" {
		value += `, error="` + code + `"`
	}
	if description != "" {
		value += `, error_description="` + description + `"`
	}
	if scope != "" {
		value += `, scope="` + scope + `"`
	}
	w.Header().Set("WWW-Authenticate", value)
}

// challengeRefused tells a caller without bearer token no error code, as RFC
// 6750 §3.1 asks, and any other that its token is invalid, whatever the cause.
func challengeRefused(w http.ResponseWriter, cause registry.Cause) {
	switch cause {
	case registry.CauseNoCredential, registry.CauseUnknownMember, registry.CauseWrongPassword, registry.CauseWrongOneTimeCode,
		registry.CauseUnknownSession, registry.CauseSessionExpired:
		Challenge(w, "", "")
	default:
		Challenge(w, "invalid_token", "")
	}
}

// MissingScopeError says that a refusal comes from a scope the token lacks.
type MissingScopeError struct {
	Scope string
	Err   error
}

// Error is that of the refusal.
func (e *MissingScopeError) Error() string { return e.Err.Error() }

// Unwrap returns the refusal.
func (e *MissingScopeError) Unwrap() error { return e.Err }
