package registry

import "time"

// DefaultRotationAge is the rotation age of an organization that sets none.
const DefaultRotationAge = 90 * 24 * time.Hour

// Organization is the tenant. Everything belongs to exactly one.
type Organization struct {
	ID   string
	Name string

	// Policy. Zero means no limit of the organization's own.
	MaxCredentialLifetime time.Duration // longest time from now to a credential's expiry
	MaxTokenTTL           time.Duration // longest lifetime of an access token

	// RotationAge is the age from which a secret is marked as due for
	// rotation.
	RotationAge time.Duration

	CutOff    Position
	Revision  int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Project is a part of an organization.
type Project struct {
	ID             string
	OrganizationID string
	Name           string
	Description    string
	CutOff         Position
	Revision       int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// MemberRole is what a member may do: owner, admin or member.
type MemberRole string

// The roles of a member, from most to least.
const (
	RoleOwner  MemberRole = "owner"
	RoleAdmin  MemberRole = "admin"
	RoleMember MemberRole = "member"
)

// Member is a human with a role in one organization.
type Member struct {
	ID             string
	OrganizationID string
	Email          string
	Role           MemberRole
	PasswordHash   string // argon2id, PHC string format
	OneTime        OneTime
	Revision       int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// OneTime is a member's second factor: one-time codes (RFC 6238).
type OneTime struct {
	Sealed      []byte    // the secret, sealed; nil: none was enrolled
	ConfirmedAt time.Time // zero: enrolled at most, and not asked for
	LastStep    int64     // time step of the last code accepted; none is accepted twice
}

// InForce tells whether sign-in asks for a code.
func (o OneTime) InForce() bool { return !o.ConfirmedAt.IsZero() }
