package web

import (
	"time"

	"keywright/registry"
)

// SlowDownError refuses a caller who tries too often (429).
type SlowDownError struct {
	After time.Duration // until another try is worth it
}

// Error is that of the refusal.
func (e *SlowDownError) Error() string { return e.Unwrap().Error() }

// Unwrap returns the refusal.
func (e *SlowDownError) Unwrap() error {
	return &registry.Error{
		Kind: registry.KindTooMany, Code: registry.CodeRateLimited, Message: "too many attempts: wait, and try again",
	}
}

// seconds is After in whole seconds, at least one (RFC 9110 §10.2.3).
func (e *SlowDownError) seconds() int64 {
	return max(1, int64((e.After+time.Second-1)/time.Second))
}
