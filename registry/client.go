package registry

import (
	"encoding/json"
	"net/netip"
	"time"
)

// How a client authenticates.
const (
	AuthClientSecret  = "client_secret"   // RFC 6749 §2.3.1, header or body
	AuthPrivateKeyJWT = "private_key_jwt" // RFC 7523
)

// Formats of an access token.
const (
	FormatJWT    = "jwt"    // RFC 9068
	FormatOpaque = "opaque" // sealed by the server, readable by introspection alone
)

// Lifetimes of an access token.
const (
	DefaultTokenTTL = 900 * time.Second
	MinTokenTTL     = 60 * time.Second
	MaxTokenTTL     = 86400 * time.Second
)

// Principal names who did something: a member, a client, an API token, or the
// operator at the command line.
type Principal struct {
	Kind string // one of the Actor kinds
	ID   string
}

// Client is an OAuth client. Its secrets are records of their own.
type Client struct {
	ID             string // the client_id
	OrganizationID string
	ProjectID      string // empty: organization-wide
	ApplicationID  string // empty: belongs to none
	Name           string
	Description    string
	Environment    string

	IsActive  bool
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time // zero: not revoked
	ConfirmBy time.Time // zero: confirmed, or needs no confirmation

	RoleIDs     []string // roles of the organization; sorted
	Scopes      []string // its own; empty: those of the application's connected endpoints; sorted
	Permissions []string // sorted
	Audiences   []string // API identifiers it may reach; empty: derived from its scopes and endpoints
	Introspects []string // API identifiers it serves as a resource server; "*": all of the organization
	IPWhitelist []netip.Prefix

	AuthMethod  string
	JWKS        json.RawMessage // public keys, for private_key_jwt
	TokenFormat string
	TokenTTL    time.Duration
	Watch       bool // its usage series come first in the metrics

	CutOff     Position
	CreatedBy  Principal
	CreatedVia CreatedVia
	Revision   int64 // of the configuration; untouched by use
	CreatedAt  time.Time
	UpdatedAt  time.Time

	// Filled by reads for administrators, not on the hot path.
	Usage       Usage
	RotationAge time.Duration // of its organization
}

// CreatedVia tells through which door a credential came.
type CreatedVia string

// The doors.
const (
	ViaConsole   CreatedVia = "console"
	ViaAPI       CreatedVia = "api"
	ViaBootstrap CreatedVia = "bootstrap"
)

// StatusAt derives the state of the client at that moment.
func (c Client) StatusAt(now time.Time) Status {
	switch {
	case !c.RevokedAt.IsZero():
		return StatusRevoked
	case expiredAt(c.ExpiresAt, now):
		return StatusExpired
	case !c.IsActive:
		return StatusDisabled
	case !c.ConfirmBy.IsZero():
		return StatusPending
	}
	return StatusActive
}

// GoneAt tells whether the client was never confirmed in time, and so is not
// found anywhere although its row may still exist.
func (c Client) GoneAt(now time.Time) bool {
	return !c.ConfirmBy.IsZero() && c.RevokedAt.IsZero() && !now.Before(c.ConfirmBy)
}

// ttl is the lifetime of the client's access tokens, before what limits it.
func (c Client) ttl() time.Duration {
	if c.TokenTTL == 0 {
		return DefaultTokenTTL
	}
	return c.TokenTTL
}

// Types of an API token.
const (
	TokenTypeOrganization = "organization"
	TokenTypeProject      = "project"
)

// APIToken is a static bearer token for callers that cannot do OAuth.
type APIToken struct {
	ID             string
	OrganizationID string
	ProjectID      string // set for type project
	Type           string
	Name           string
	Description    string

	IsActive  bool
	ExpiresAt time.Time // always set
	RevokedAt time.Time

	Scopes      []string
	Permissions []string
	IPWhitelist []netip.Prefix

	Digest     Digest
	Hint       string
	CreatedBy  Principal
	CreatedVia CreatedVia
	Revision   int64
	CreatedAt  time.Time
	UpdatedAt  time.Time

	RegeneratedAt time.Time // zero: never

	// Filled by reads for administrators, not on the hot path.
	Usage       Usage
	RotationAge time.Duration // of its organization
}

// IssuedAt is when its present value was made: with it or, later, by
// regenerating it.
func (t APIToken) IssuedAt() time.Time {
	if t.RegeneratedAt.After(t.CreatedAt) {
		return t.RegeneratedAt
	}
	return t.CreatedAt
}

// StatusAt derives the state of the API token at that moment.
func (t APIToken) StatusAt(now time.Time) Status {
	switch {
	case !t.RevokedAt.IsZero():
		return StatusRevoked
	case expiredAt(t.ExpiresAt, now):
		return StatusExpired
	case !t.IsActive:
		return StatusDisabled
	}
	return StatusActive
}
