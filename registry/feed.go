package registry

import (
	"context"
	"time"
)

// Position is a place in the change feed. Every change takes the next one
// from a single counter row inside its own transaction, as the last lock it
// takes, so positions are in commit order.
type Position int64

// Change kinds of the feed: what a reader of the feed must forget.
const (
	FeedOrganization = "organization" // anything of that organization may have changed
	FeedProject      = "project"
	FeedApplication  = "application"
	FeedAPI          = "api"
	FeedRole         = "role"
	FeedScope        = "scope"
	FeedClient       = "client"
	FeedAPIToken     = "api_token"
	FeedToken        = "token" // one access token, by its jti
	FeedMember       = "member"
	FeedKey          = "key"
	FeedNothing      = "nothing" // only an audit event: a refused attempt
)

// FeedRow is one change, as a follower sees it.
type FeedRow struct {
	Position       Position
	Kind           string
	OrganizationID string
	TargetID       string
	At             time.Time
}

// CutOffKind says of what a cut-off position is the position.
type CutOffKind string

// Access tokens that carry a lower rev than the cut-off of their client,
// secret, application, project or organization are dead.
const (
	CutOffOrganization CutOffKind = "organization"
	CutOffProject      CutOffKind = "project"
	CutOffApplication  CutOffKind = "application"
	CutOffClient       CutOffKind = "client"
	CutOffSecret       CutOffKind = "secret"
)

// FeedStore is what a replica reads to keep its copy of the hot path true.
type FeedStore interface {
	// Feed returns the changes behind a position, oldest first and at most
	// limit, and the position in force, all in one snapshot.
	Feed(ctx context.Context, after Position, limit int) (FeedPage, error)
	// DeniedTokens returns a page of the denylist in order of the jti, behind
	// one; "" begins. Only those that expire after that time.
	DeniedTokens(ctx context.Context, afterJTI string, expiresAfter time.Time, limit int) ([]DeniedToken, error)
}

// FeedPage is a part of the feed.
type FeedPage struct {
	Rows []FeedRow
	Head Position // in force: with fewer rows than the limit, nothing is missing up to here
	// Pruned tells that changes between the position asked for and the first
	// row may be gone. Whoever follows the feed has to start over.
	Pruned bool
}

// LeaseStore keeps the leases of the replicas that share a database.
type LeaseStore interface {
	// RenewLease commits the lease of a replica, in place of its last one.
	RenewLease(ctx context.Context, l Lease) error
	// Leases returns the leases that were committed, of all replicas.
	Leases(ctx context.Context) ([]Lease, error)
	// EndLease deletes a lease, unless it was renewed since.
	EndLease(ctx context.Context, l Lease) error
	// WakeReplicas tells whoever listens that there is something new. It may
	// get lost.
	WakeReplicas(ctx context.Context) error
	// Listen calls wake at once and whenever replicas are woken. It returns when ctx is
	// done or with what ended the connection it needs.
	Listen(ctx context.Context, wake func()) error
}

// Lease says that a replica may answer from its copy of the hot path for a
// while. How long is a matter of the clocks of the replica and of whoever
// waits for it; there is no time in it.
type Lease struct {
	Replica  string   // random, new with each start
	Renewals int64    // counts up, so that a renewal can be told from the one before
	Applied  Position // the feed is applied up to here
}
