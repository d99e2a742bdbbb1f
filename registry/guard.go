package registry

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Attempt is one try to authenticate a machine.
type Attempt struct {
	Name       string     // the client id; empty for an API token, which has none
	Credential SecretText // what is tried; empty if it is good for one time only
	Address    netip.Addr // where it comes from; not valid if that is not known
	// Hopeless says that the credential is wrong by its form alone.
	Hopeless bool
}

// Guard bounds what guessing costs. Whatever it has seen, a right credential
// is never refused for it: it is accepted, or waits, or fails with an error of
// KindUnavailable.
type Guard interface {
	// Enter waits until the attempt may be looked up; leave is called once it
	// was. It fails if that takes too long, and at once for a hopeless attempt
	// that would have to wait.
	Enter(ctx context.Context, a Attempt) (leave func(), err error)
	// Proved says that the credential was right. While it is remembered it
	// does not wait; and one that is good for one time only does not, if the
	// last with that name from that address was right.
	Proved(a Attempt)
	// Wrong says that the attempt was refused. It returns how long the caller
	// should wait before the next, or 0 if there were not too many.
	Wrong(a Attempt) (retryAfter time.Duration)
}

// Slowed is a refusal after too many others. It unwraps to the *Refused that
// it would have been without them.
type Slowed struct {
	*Refused
	RetryAfter time.Duration
}

// Unwrap returns the *Refused.
func (s *Slowed) Unwrap() error { return s.Refused }

// guarded checks a credential under the guard, which is told of the outcome.
func guarded[T any](ctx context.Context, g Guard, a Attempt, check func() (T, error)) (checked T, err error) {
	leave, err := g.Enter(ctx, a)
	switch {
	case err == nil:
		defer leave()
		checked, err = check()
	case a.Hopeless:
		err = &Refused{Cause: CauseRateLimited}
	default:
		return checked, Unavailable(err)
	}
	if err == nil {
		g.Proved(a)
		return checked, nil
	}
	if refused, ok := errors.AsType[*Refused](err); ok {
		if after := g.Wrong(a); after > 0 {
			err = &Slowed{refused, after}
		}
	}
	return checked, err
}

// unguarded is a Guard that bounds nothing.
type unguarded struct{}

func (unguarded) Enter(context.Context, Attempt) (func(), error) { return func() {}, nil }
func (unguarded) Proved(Attempt)                                 {}
func (unguarded) Wrong(Attempt) time.Duration                    { return 0 }
