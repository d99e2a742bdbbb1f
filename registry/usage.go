package registry

import (
	"context"
	"net/netip"
	"time"
)

// Usage is what is known of the use of a credential or secret. It lags the
// truth by at most one flush of the ledger.
type Usage struct {
	Count      int64
	Failures   int64
	LastUsedAt time.Time // zero: never
	LastUsedIP netip.Addr
}

// Kinds of credential in usage and metrics.
const (
	CredentialClient   = "client"
	CredentialSecret   = "secret"
	CredentialAPIToken = "api_token"
)

// Use is one event at the OAuth edge or admin listener.
type Use struct {
	Kind     string // CredentialClient or CredentialAPIToken
	ID       string
	SecretID string // the secret that was used, for clients
	At       time.Time
	Address  netip.Addr

	// Counted says that this use adds one to the usage count: a token was
	// issued to the client, or an API token was validated. Without it the use
	// only moves the time and address of last use.
	Counted bool
	// Watch says that the credential is flagged to watch: its series come first.
	Watch bool
	// Cause is set for a failure; such an event adds one to the failure count
	// and moves nothing else.
	Cause Cause
}

// Recorder takes note of uses without touching the database. It never blocks.
type Recorder interface {
	Record(Use)
}

// UsageDelta is what one batch adds to one credential or secret.
type UsageDelta struct {
	Kind       string // CredentialClient, CredentialSecret or CredentialAPIToken
	ID         string
	Uses       int64
	Failures   int64
	LastUsedAt time.Time // zero: unchanged
	LastUsedIP netip.Addr
}

// UsageStore keeps the totals.
type UsageStore interface {
	// AddUsage adds a batch to the totals, once: a batch whose id is known is
	// left alone, so that a flush whose outcome was lost can be repeated.
	AddUsage(ctx context.Context, batchID string, at time.Time, deltas []UsageDelta) error
}
