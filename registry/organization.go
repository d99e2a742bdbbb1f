package registry

import "time"

// Organization is the tenant. Everything belongs to exactly one.
type Organization struct {
	ID   string
	Name string

	// Policy. Zero means no limit of the organization's own.
	MaxCredentialLifetime time.Duration // longest time from now to a credential's expiry
	MaxTokenTTL           time.Duration // longest lifetime of an access token

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
	CreatedAt      time.Time
	UpdatedAt      time.Time
}
