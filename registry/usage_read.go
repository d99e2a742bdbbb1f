package registry

import (
	"context"
	"net/netip"
	"time"
)

// Grain is how long a bucket of usage is. Buckets are of UTC.
type Grain string

// The grains. Hours are kept for a time and become part of days then; a day is
// answered whole wherever its hours are.
const (
	GrainHour Grain = "hour"
	GrainDay  Grain = "day"
)

// UsageBucket is how often something was used, or failed of one cause, within
// an hour or a day.
type UsageBucket struct {
	Kind           string
	ID             string
	OrganizationID string
	StartsAt       time.Time
	Cause          Cause // CauseNone: uses
	Count          int64 // 0 for what only authenticated
}

// UsageRange selects buckets that start at From or later and before To.
type UsageRange struct {
	From, To time.Time
	Grain    Grain
}

// CredentialUsage is the use of one credential over a range of time.
type CredentialUsage struct {
	Kind     string // CredentialClient or CredentialAPIToken
	ID       string
	Uses     int64
	Failures int64
}

// UsageNetwork is a network that a credential was used from; see NetworkOf.
type UsageNetwork struct {
	Kind      string // CredentialClient or CredentialAPIToken
	ID        string
	Network   netip.Prefix
	FirstSeen time.Time
	LastSeen  time.Time
}

// UsageReader reads usage. Sums lag the truth by at most one flush.
type UsageReader interface {
	// UsageBuckets returns the buckets of one credential, secret, key or
	// organization, in order of time and then cause; those without a use or
	// failure are left out.
	UsageBuckets(ctx context.Context, kind, id string, r UsageRange) ([]UsageBucket, error)
	// ProjectUsage returns the sums over the credentials of a project that are
	// not deleted, as UsageBuckets does.
	ProjectUsage(ctx context.Context, organizationID, projectID string, r UsageRange) ([]UsageBucket, error)
	// TopUsage returns the credentials of an organization, and of one project
	// if it is named, that were most used in the range, at most limit.
	TopUsage(ctx context.Context, organizationID, projectID string, r UsageRange, limit int) ([]CredentialUsage, error)
	// UsageNetworks returns the networks of a credential, first seen first.
	UsageNetworks(ctx context.Context, kind, id string) ([]UsageNetwork, error)
}
