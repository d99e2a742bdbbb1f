package registry

import (
	"context"
	"net/netip"
	"time"
)

// Usage is what is known of the use of a credential, secret or key. It lags the
// truth by at most one flush of the ledger.
type Usage struct {
	Count      int64
	Failures   int64
	LastUsedAt time.Time // zero: never
	LastUsedIP netip.Addr

	LastFailedAt    time.Time // zero: never
	LastFailedIP    netip.Addr
	LastFailedCause Cause
}

// Kinds of what has usage: the kinds of credential in usage and metrics, and
// the organization, whose sums outlive its credentials.
const (
	CredentialClient   = "client"
	CredentialSecret   = "secret"
	CredentialKey      = "key" // of a client
	CredentialAPIToken = "api_token"
	UsageOrganization  = "organization"
)

// Use is one event at the OAuth edge or admin listener.
type Use struct {
	Kind           string // CredentialClient or CredentialAPIToken
	ID             string
	OrganizationID string
	SecretID       string // the secret that was used, for clients; or
	KeyID          string // the key
	At             time.Time
	Address        netip.Addr

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

// UsageDelta is what one batch adds to the usage of a credential, secret, key
// or organization: a number of uses, or of failures of one cause, all of them
// within the hour (UTC) of the last one.
type UsageDelta struct {
	Kind           string
	ID             string
	OrganizationID string
	Cause          Cause // CauseNone: uses
	Count          int64 // 0 for a credential that only authenticated
	LastAt         time.Time
	LastIP         netip.Addr
}

// UsageStore keeps the usage.
type UsageStore interface {
	// AddUsage adds a batch to totals, hourly buckets and networks, once: a
	// batch whose id was added within the last day is left alone, so that a
	// flush whose outcome was lost can be repeated. What is deleted by now is
	// left out; its organization is not.
	AddUsage(ctx context.Context, batchID string, at time.Time, deltas []UsageDelta) error
	// AgeUsage makes days of hourly buckets, deletes days and surplus networks,
	// up to about limit rows of each, and returns how many. No sum changes by
	// it, however many do it at once and whatever is added meanwhile, but for
	// the days that are deleted.
	AgeUsage(ctx context.Context, until UsageAge, limit int) (int64, error)
}

// UsageAge says which buckets are old; of a time that is zero, none.
type UsageAge struct {
	Hours time.Time // hourly buckets of days before that become part of days
	Days  time.Time // days that start before that are deleted
	// Networks: credentials that were first used from some network then or
	// later are those that may have too many.
	Networks time.Time
}

// MaxUsageNetworks is how many networks of a credential are remembered: those
// it was last used from. Ageing takes away what is beyond.
const MaxUsageNetworks = 64

// NetworkOf returns the network that an address counts as in usage: /24 of
// IPv4, /48 of IPv6. That of no address is not valid.
func NetworkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 48
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
