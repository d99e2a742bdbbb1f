package registry

import "time"

// Status is the derived state of a credential or secret. It is computed from
// the record and a moment, never stored, and changed by no background job.
type Status string

// The states, the first that applies wins. Only active authenticates.
const (
	StatusRevoked  Status = "revoked"  // terminal
	StatusExpired  Status = "expired"  // by date
	StatusDisabled Status = "disabled" // isActive is false; reversible
	StatusPending  Status = "pending"  // created, not yet confirmed
	StatusActive   Status = "active"
)

// Statuses are all of them.
var Statuses = [...]Status{StatusRevoked, StatusExpired, StatusDisabled, StatusPending, StatusActive}

// ConfirmWithin is how long a pending client waits for its confirmation.
// After that it is not found anywhere.
const ConfirmWithin = time.Hour

func expiredAt(expiresAt, now time.Time) bool {
	return !expiresAt.IsZero() && !now.Before(expiresAt)
}
