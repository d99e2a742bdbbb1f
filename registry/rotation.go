package registry

import (
	"context"
	"slices"
	"time"
)

// Rotation is recommended, not enforced: a secret, key or API token that is
// as old as its organization's rotation age is marked as due, while it lives.

// RotationDueAt tells whether one of the client's live secrets or keys is due
// for rotation at that moment.
func (d ClientDetails) RotationDueAt(now time.Time) bool {
	if s := d.StatusAt(now); s == StatusRevoked || s == StatusExpired {
		return false
	}
	for _, s := range d.Secrets {
		if s.StatusAt(now) == StatusActive && dueForRotation(s.CreatedAt, d.RotationAge, now) {
			return true
		}
	}
	return slices.ContainsFunc(d.Keys, func(k ClientKey) bool { return dueForRotation(k.CreatedAt, d.RotationAge, now) })
}

// RotationDueAt tells whether the API token's value is due for rotation at
// that moment.
func (t APIToken) RotationDueAt(now time.Time) bool {
	if s := t.StatusAt(now); s == StatusRevoked || s == StatusExpired {
		return false
	}
	return dueForRotation(t.IssuedAt(), t.RotationAge, now)
}

// dueForRotation is false where no age is known, as for what was just made.
func dueForRotation(made time.Time, age time.Duration, now time.Time) bool {
	return age > 0 && !now.Before(made.Add(age))
}

// dueFrom completes a narrowing to what is due for rotation, if that was asked for.
func (q ListQuery) dueFrom(ctx context.Context, r Reader, organizationID string, n *Narrowing) error {
	if !q.RotationDue {
		return nil
	}
	organization, err := r.Organization(ctx, organizationID)
	n.DueFrom = n.At.Add(-organization.RotationAge)
	return err
}
