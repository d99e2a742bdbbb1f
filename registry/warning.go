package registry

import (
	"context"
	"errors"
	"time"
)

var (
	opClientExpiring      = operation{"client.expiring", FeedClient, byServer}
	opClientRotationDue   = operation{"client.rotation_due", FeedClient, byServer}
	opSecretExpiring      = operation{"client.secret.expiring", FeedClient, byServer}
	opAPITokenExpiring    = operation{"api_token.expiring", FeedAPIToken, byServer}
	opAPITokenRotationDue = operation{"api_token.rotation_due", FeedAPIToken, byServer}
)

// ExpiryWindow is how long before an expiry it is warned of.
type ExpiryWindow struct {
	Name string
	Span time.Duration
}

// ExpiryWindows are all of them, the narrowest first.
var ExpiryWindows = [...]ExpiryWindow{{"1d", 24 * time.Hour}, {"7d", 7 * 24 * time.Hour}, {"30d", 30 * 24 * time.Hour}}

// WarningRotationDue is the warning that a value is due for rotation.
const WarningRotationDue = "rotation_due"

// Warning is what the server says once of a credential or of a client's secret
// or key. An expiry is warned of in each of the ExpiryWindows as it is entered,
// the narrowest alone where several are entered at once, and again when it
// was moved. What is revoked, expired or not confirmed is not warned of, and
// of secrets only that whose end leaves its client without any: not one that
// another outlives, as in a rotation with overlap.
type Warning struct {
	OrganizationID string
	Kind           string // CredentialClient, CredentialSecret, CredentialKey or CredentialAPIToken
	ID             string
	ClientID       string    // of a secret or key
	Warning        string    // the name of the window, or WarningRotationDue
	Moment         time.Time // of the expiry, or when the value was made that is due
}

// warningsAtOnce bounds how long giving warnings takes. The others follow the
// next time.
const warningsAtOnce = 500

// GiveWarnings writes an audit event for each warning that is due and was not
// given, for the server itself, and returns how many. One that cannot be given
// keeps none of the others back.
func (s *Service) GiveWarnings(ctx context.Context, actor Actor) (int, error) {
	var due []Warning
	errs := s.readAll(ctx, actor, func(r Reader) (err error) {
		due, err = r.DueWarnings(ctx, s.now(), warningsAtOnce)
		return err
	})
	given := 0
	for _, w := range due {
		fresh, err := s.warn(ctx, actor, w)
		errs = errors.Join(errs, err)
		if fresh {
			given++
		}
		if ctx.Err() != nil {
			break
		}
	}
	return given, errs
}

// warn gives one warning, unless another replica was first.
func (s *Service) warn(ctx context.Context, actor Actor, w Warning) (fresh bool, err error) {
	actor.OrganizationID = w.OrganizationID
	op, target := w.operation()
	err = s.change(ctx, actor, op, target, func(c *change) error {
		kind := CredentialClient
		if w.Kind == CredentialAPIToken {
			kind = CredentialAPIToken
		}
		rotationAge, err := c.watched(ctx, kind, target)
		if err != nil || c.nothing {
			return err
		}
		if fresh, err = c.InsertWarning(ctx, w); err != nil {
			return err
		}
		c.nothing, c.feedKind = !fresh, FeedNothing
		c.after = w.audited(rotationAge)
		return nil
	})
	return fresh && err == nil, err
}

// operation returns what the audit calls the warning, and the id of its target.
func (w Warning) operation() (operation, string) {
	due := w.Warning == WarningRotationDue
	switch {
	case w.Kind == CredentialAPIToken && due:
		return opAPITokenRotationDue, w.ID
	case w.Kind == CredentialAPIToken:
		return opAPITokenExpiring, w.ID
	case due:
		return opClientRotationDue, w.ClientID
	case w.Kind == CredentialSecret:
		return opSecretExpiring, w.ClientID
	}
	return opClientExpiring, w.ID
}

func (w Warning) audited(rotationAge time.Duration) map[string]any {
	v := map[string]any{}
	if w.Warning == WarningRotationDue {
		v["madeAt"], v["rotationAgeSeconds"] = w.Moment, int64(rotationAge.Seconds())
	} else {
		v["expiresAt"], v["within"] = w.Moment, w.Warning
	}
	switch w.Kind {
	case CredentialSecret:
		v["secretId"] = w.ID
	case CredentialKey:
		v["keyId"] = w.ID
	}
	return v
}
