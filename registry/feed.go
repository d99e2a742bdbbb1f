package registry

import "time"

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
