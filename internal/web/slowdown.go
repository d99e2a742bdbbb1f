package web

import (
	"errors"
	"strconv"
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
func (e *SlowDownError) Unwrap() error { return errSlowDown }

var errSlowDown = &registry.Error{
	Kind: registry.KindTooMany, Code: registry.CodeRateLimited, Message: "too many attempts: wait, and try again",
}

// slowedBy is how long the caller who is refused with err should wait.
func slowedBy(err error) time.Duration {
	if slowed, ok := errors.AsType[*registry.Slowed](err); ok {
		return slowed.RetryAfter
	}
	if slowed, ok := errors.AsType[*SlowDownError](err); ok {
		return slowed.After
	}
	return 0
}

// RetryAfter is a Retry-After header: whole seconds, at least one (RFC 9110
// §10.2.3).
func RetryAfter(wait time.Duration) string {
	return strconv.FormatInt(max(1, int64((wait+time.Second-1)/time.Second)), 10)
}
