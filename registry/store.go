package registry

import (
	"context"
	"time"
)

// Store is the port to the database. A record of another organization is not
// found: every read names the organization. Errors are *Error of kind
// NotFound, Conflict (a uniqueness rule) or Unavailable (anything else).
type Store interface {
	// Read runs fn on one consistent snapshot.
	Read(ctx context.Context, fn func(Reader) error) error
	// Change runs fn in one transaction, and rolls it back if fn fails. fn may
	// be run again if the database asks for a retry.
	Change(ctx context.Context, fn func(Tx) error) error
}

// Reader reads for administrators.
type Reader interface {
	// HasMember tells whether any organization has a member.
	HasMember(ctx context.Context) (bool, error)
	Organization(ctx context.Context, id string) (Organization, error)
	Project(ctx context.Context, organizationID, id string) (Project, error)
	Application(ctx context.Context, organizationID, id string) (Application, error)
	API(ctx context.Context, organizationID, id string) (API, error)
	APIs(ctx context.Context, organizationID string) ([]API, error)
	APIPage(ctx context.Context, organizationID string, page Page) ([]API, error)
	Role(ctx context.Context, organizationID, id string) (Role, error)
	Roles(ctx context.Context, organizationID string) ([]Role, error)
	Client(ctx context.Context, organizationID, clientID string) (Client, error)
	ClientPage(ctx context.Context, filter ClientFilter, page Page) ([]Client, error)
	// Secrets returns the secrets of a client, oldest first.
	Secrets(ctx context.Context, clientID string) ([]Secret, error)
	// SecretsOf returns the secrets of several clients, oldest first, by client id.
	SecretsOf(ctx context.Context, clientIDs []string) (map[string][]Secret, error)
	APIToken(ctx context.Context, organizationID, id string) (APIToken, error)
	// AuditEvents returns the events of an organization, oldest first.
	AuditEvents(ctx context.Context, organizationID string, after Position, limit int) ([]AuditEvent, error)
}

// Page asks for up to Limit rows that come after the row (At, ID), newest
// first. A zero At starts at the newest.
type Page struct {
	Limit   int
	AfterAt time.Time
	AfterID string
}

// ClientFilter selects clients of one organization. Empty fields do not filter.
type ClientFilter struct {
	OrganizationID string
	ProjectID      string
	ApplicationID  string
	CreatedBy      string    // id of a principal
	NotGoneAt      time.Time // leaves out clients that were not confirmed by then
	OnlyUnrevoked  bool
}

// Tx reads and changes inside one transaction. Locks are taken in the order
// organization, project, application, API, role, client, secret, API token,
// and last of all the feed's counter.
type Tx interface {
	Reader

	InsertOrganization(ctx context.Context, o Organization) error
	InsertProject(ctx context.Context, p Project) error
	InsertMember(ctx context.Context, m Member) error

	InsertAPI(ctx context.Context, a API) error
	// APIForUpdate, RoleForUpdate and the like lock the row for this transaction.
	APIForUpdate(ctx context.Context, organizationID, id string) (API, error)
	UpdateAPI(ctx context.Context, a API) error
	DeleteAPI(ctx context.Context, organizationID, id string) error

	InsertRole(ctx context.Context, r Role) error
	RoleForUpdate(ctx context.Context, organizationID, id string) (Role, error)
	UpdateRole(ctx context.Context, r Role) error

	InsertApplication(ctx context.Context, a Application) error
	ApplicationForUpdate(ctx context.Context, organizationID, id string) (Application, error)
	// UpdateApplication stores the record and replaces its connected endpoints.
	UpdateApplication(ctx context.Context, a Application) error

	InsertClient(ctx context.Context, c Client) error
	ClientForUpdate(ctx context.Context, organizationID, clientID string) (Client, error)
	// UpdateClient stores the record and replaces its roles.
	UpdateClient(ctx context.Context, c Client) error
	// DeleteClient deletes the client, its secrets and its usage.
	DeleteClient(ctx context.Context, organizationID, clientID string) error
	// RevokeClients sets revoked_at on every unrevoked client that the filter
	// selects, with a new revision, and returns their ids in order.
	RevokeClients(ctx context.Context, filter ClientFilter, at time.Time) ([]string, error)

	InsertSecret(ctx context.Context, s Secret) error
	UpdateSecret(ctx context.Context, s Secret) error
	DeleteSecret(ctx context.Context, clientID, id string) error

	InsertAPIToken(ctx context.Context, t APIToken) error
	APITokenForUpdate(ctx context.Context, organizationID, id string) (APIToken, error)
	UpdateAPIToken(ctx context.Context, t APIToken) error

	// DenyToken puts an access token on the denylist until it expires, and
	// tells whether it was not there before.
	DenyToken(ctx context.Context, t DeniedToken) (bool, error)

	// NextPosition locks the feed's counter, the last lock of a transaction,
	// and takes the next position.
	NextPosition(ctx context.Context) (Position, error)
	// CutOff sets the cut-off position of the targets.
	CutOff(ctx context.Context, kind CutOffKind, ids []string, at Position) error
	AppendFeed(ctx context.Context, row FeedRow) error
	AppendAudit(ctx context.Context, e AuditEvent) error
}

// DeniedToken is one revoked access token (RFC 7009).
type DeniedToken struct {
	JTI            string
	OrganizationID string
	ClientID       string
	ExpiresAt      time.Time
	RevokedAt      time.Time
}

// HotPath is the narrow port that token issue, introspection and /verify read
// through. A cache may stand in front of it.
type HotPath interface {
	// ClientState returns a client with all that decides what it may do, read
	// in one snapshot, or a NotFound error.
	ClientState(ctx context.Context, clientID string) (ClientState, error)
	// APITokenState returns the API token with one of these digests, or a NotFound error.
	APITokenState(ctx context.Context, digests []Digest) (APITokenState, error)
	// TokenDenied tells whether the access token with this jti is on the denylist.
	TokenDenied(ctx context.Context, jti string) (bool, error)
}

// ClientState is a client as the hot path sees it. It is shared between
// requests: nobody may change it.
type ClientState struct {
	Client            Client
	Secrets           []Secret
	Organization      Organization
	ProjectCutOff     Position
	ApplicationCutOff Position
	Roles             []Role     // those the client holds
	Endpoints         []Endpoint // those connected to its application
	APIs              []API      // all of the organization, without endpoints
	Rev               Position   // the feed position in force in the snapshot
}

// APITokenState is an API token as the hot path sees it.
type APITokenState struct {
	APIToken     APIToken
	Organization Organization
	APIs         []API
}

// KeyStore keeps the keys of the installation. The private part arrives sealed.
type KeyStore interface {
	Keys(ctx context.Context) ([]Key, error)
	// EnsureKey stores k unless there is a key of its purpose already, and
	// returns the one that stands. Replicas that start together agree.
	EnsureKey(ctx context.Context, k Key) (Key, error)
}

// KeyPurpose says what a key is for.
type KeyPurpose string

// The purposes.
const (
	KeyCheck   KeyPurpose = "check"   // a known value, to recognise a wrong master key
	KeyPepper  KeyPurpose = "pepper"  // digests of secrets
	KeyRefusal KeyPurpose = "refusal" // error ids
	KeyCursor  KeyPurpose = "cursor"  // page cursors
	KeyToken   KeyPurpose = "token"   // seals opaque access tokens
	KeySigning KeyPurpose = "signing" // signs JWT access tokens
)

// Key is one key of the installation.
type Key struct {
	ID        string
	Purpose   KeyPurpose
	Algorithm string
	Public    []byte // public half, for signing keys
	Sealed    []byte // private half or secret, sealed under the master key
	CreatedAt time.Time
}

// Health tells whether the database answers.
type Health interface {
	Ping(ctx context.Context) error
}
