package registry

import (
	"net/netip"
	"slices"
	"time"
)

// Kinds of actor.
const (
	ActorMember   = "member"
	ActorClient   = "client"
	ActorAPIToken = "api_token"
	ActorOperator = "operator" // a person at the command line, on the database
	ActorNobody   = "nobody"   // somebody who failed to sign in
	ActorServer   = "server"   // nobody asked; the server does it by itself
)

// Scopes that open the admin API. They are never granted unasked.
const (
	ScopeAdminRead  = "keywright:read"
	ScopeAdminWrite = "keywright:write"
	scopeAdmin      = "keywright:" // prefix of all of them
)

// AdminAudience is the audience of access tokens for the admin API.
const AdminAudience = "urn:keywright:admin"

// Actor is who asks for a change or an administrative read.
type Actor struct {
	Principal
	OrganizationID string
	ProjectID      string     // not empty: bound to this project
	Role           MemberRole // of a member
	Scopes         []string   // of a credential
	ConsoleSession bool       // a person's session, not a credential
	SessionID      string     // of a console session
	SignedInAt     time.Time  // of a console session: when password and code were last given
	Via            CreatedVia
	Address        netip.Addr
	RequestID      string
	Keyed          *KeyedCall // of a request with an Idempotency-Key; else nil
}

// mayRead tells whether the actor may read its organization's records.
func (a Actor) mayRead() bool {
	return a.Kind == ActorOperator || a.Role != "" || slices.Contains(a.Scopes, ScopeAdminRead) || slices.Contains(a.Scopes, ScopeAdminWrite)
}

// isAdmin tells whether the actor acts as an admin of its organization or,
// when bound, of its project.
func (a Actor) isAdmin() bool {
	switch a.Kind {
	case ActorOperator:
		return true
	case ActorMember:
		return a.Role == RoleOwner || a.Role == RoleAdmin
	}
	return slices.Contains(a.Scopes, ScopeAdminWrite)
}

// Administers tells whether the actor acts as an admin, so that a page may
// offer what only admins can do. Whoever is offered too much is still refused.
func (a Actor) Administers() bool { return a.isAdmin() }

// MayChange tells whether the actor may change a credential that was created
// by somebody: their own, which they may narrow and renew, or as an admin.
func (a Actor) MayChange(createdBy Principal) bool { return a.isAdmin() || createdBy == a.Principal }

// MayTouch tells whether the actor may make, change or remove members of a role.
func (a Actor) MayTouch(role MemberRole) bool { return a.isAdmin() && a.mayMakeOrTouch(role) == nil }

// FreshFor is how long after sign-in a person need not give password and code
// again before what is dangerous: security settings, revoke all.
const FreshFor = 15 * time.Minute

// FreshAt tells whether the actor signed in within FreshFor of that moment.
func (a Actor) FreshAt(now time.Time) bool {
	return a.ConsoleSession && now.Sub(a.SignedInAt) < FreshFor
}
