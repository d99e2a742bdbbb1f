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
	// ChangeMany is Change with more time, 20 seconds at least, for what may
	// concern very many records. fn must not hold the feed's counter, which
	// every other change waits for, while it works through them.
	ChangeMany(ctx context.Context, fn func(Tx) error) error
}

// Reader reads for administrators.
type Reader interface {
	UsageReader
	WatchReader

	// HasMember tells whether any organization has a member.
	HasMember(ctx context.Context) (bool, error)
	Organization(ctx context.Context, id string) (Organization, error)
	Project(ctx context.Context, organizationID, id string) (Project, error)
	// ProjectPage leaves out all but one project, if that is named.
	ProjectPage(ctx context.Context, organizationID, id string, page Page) ([]Project, error)
	// ProjectUsers returns what belongs to a project, at most limit of each kind.
	ProjectUsers(ctx context.Context, organizationID, id string, limit int) ([]User, error)
	Member(ctx context.Context, organizationID, id string) (Member, error)
	// MemberByEmail finds a member of any organization, for sign-in.
	MemberByEmail(ctx context.Context, email string) (Member, error)
	MemberPage(ctx context.Context, organizationID string, page Page) ([]Member, error)
	// Owners counts the owners of an organization.
	Owners(ctx context.Context, organizationID string) (int, error)
	// Session finds a session of any organization, for whoever presents its token.
	Session(ctx context.Context, id string) (Session, error)
	SessionPage(ctx context.Context, filter SessionFilter, page Page) ([]Session, error)
	Application(ctx context.Context, organizationID, id string) (Application, error)
	// ApplicationPage leaves out what lies in another project, if one is named.
	ApplicationPage(ctx context.Context, organizationID, projectID string, page Page) ([]Application, error)
	// ClientCounts counts the clients of each application at that moment, those
	// not confirmed by then left out.
	ClientCounts(ctx context.Context, organizationID string, applicationIDs []string, at time.Time) (map[string]ApplicationClients, error)
	API(ctx context.Context, organizationID, id string) (API, error)
	APIs(ctx context.Context, organizationID string) ([]API, error)
	APIPage(ctx context.Context, organizationID string, page Page) ([]API, error)
	Role(ctx context.Context, organizationID, id string) (Role, error)
	Roles(ctx context.Context, organizationID string) ([]Role, error)
	RolePage(ctx context.Context, organizationID string, page Page) ([]Role, error)
	Scope(ctx context.Context, organizationID, id string) (Scope, error)
	ScopePage(ctx context.Context, organizationID string, page Page) ([]Scope, error)
	Client(ctx context.Context, organizationID, clientID string) (Client, error)
	ClientPage(ctx context.Context, filter ClientFilter, page Page) ([]Client, error)
	CountClients(ctx context.Context, filter ClientFilter) (int, error)
	// ClientHolding returns the id of the newest client that the filter selects
	// and that holds a scope with that prefix, itself or by a role; empty for none.
	ClientHolding(ctx context.Context, filter ClientFilter, prefix string) (string, error)
	// Secrets returns the secrets of a client, oldest first.
	Secrets(ctx context.Context, clientID string) ([]Secret, error)
	// SecretsOf returns the secrets of several clients, oldest first, by client id.
	SecretsOf(ctx context.Context, clientIDs []string) (map[string][]Secret, error)
	// ClientKeysOf returns the public keys of several clients, oldest first, by client id.
	ClientKeysOf(ctx context.Context, clientIDs []string) (map[string][]ClientKey, error)
	APIToken(ctx context.Context, organizationID, id string) (APIToken, error)
	APITokenPage(ctx context.Context, filter APITokenFilter, page Page) ([]APIToken, error)
	CountAPITokens(ctx context.Context, filter APITokenFilter) (int, error)
	// APITokenHolding is ClientHolding for API tokens, which have no roles.
	APITokenHolding(ctx context.Context, filter APITokenFilter, prefix string) (string, error)
	// The users of a thing are up to limit records that would miss it: of an
	// API the applications that are connected to it and the clients that name
	// it, of a role its holders, of a scope all that list it.
	APIUsers(ctx context.Context, a API, limit int) ([]User, error)
	RoleUsers(ctx context.Context, r Role, limit int) ([]User, error)
	ScopeUsers(ctx context.Context, s Scope, limit int) ([]User, error)
	// UserCounts counts the users of APIs, roles, scopes and projects by their
	// ids. What has none, is gone or of another kind is left out.
	UserCounts(ctx context.Context, organizationID string, ids []string) (map[string]int, error)
	// RecordNames finds what records are called by their ids: those that have a
	// name or an e-mail address, but for clients not confirmed by that moment.
	RecordNames(ctx context.Context, organizationID string, ids []string, at time.Time) (map[string]RecordName, error)
	// AuditEvents returns the events of an organization, oldest first.
	AuditEvents(ctx context.Context, organizationID string, after Position, limit int) ([]AuditEvent, error)
	// AuditPage returns the events that the filter selects below a position,
	// newest first; zero begins at the newest.
	AuditPage(ctx context.Context, filter AuditFilter, before Position, limit int) ([]AuditEvent, error)
	// AuditOrganizations returns the ids of all organizations that have, had or
	// should have a chain, in order.
	AuditOrganizations(ctx context.Context) ([]string, error)
	// AuditChain returns where an organization's chain ends, or NotFound.
	AuditChain(ctx context.Context, organizationID string) (AuditChain, error)
	// AuditLinks returns the events of a chain behind a sequence, in its order.
	AuditLinks(ctx context.Context, organizationID string, after int64, limit int) ([]AuditEvent, error)
	// AuditUnchained returns how many events are in no chain, and the position of the last.
	AuditUnchained(ctx context.Context, organizationID string) (int64, Position, error)
	// AuditSequenceBefore returns the last sequence up to which every event is
	// from before that time.
	AuditSequenceBefore(ctx context.Context, organizationID string, before time.Time) (int64, error)
	// SigningKeys returns the keys that sign access tokens, oldest first.
	SigningKeys(ctx context.Context) ([]Key, error)
	// KeyedRequest returns what a request with an Idempotency-Key left, or NotFound.
	KeyedRequest(ctx context.Context, id string) (KeyedRequest, error)
}

// Page asks for up to Limit rows that come after a row, newest first unless
// the list can be sorted. Without AfterID it starts at the first.
type Page struct {
	Limit  int
	Sort   Sort
	Search string // narrows a list whose query has none of its own; see the queries of registry

	AfterAt   time.Time // of the row, the time that the list is sorted by; zero where it has none
	AfterName string    // of the row, where the list is sorted by name
	AfterID   string
}

// SessionFilter selects sessions of one organization. Empty fields do not filter.
type SessionFilter struct {
	OrganizationID string
	MemberID       string
	SeenAfter      time.Time
	CreatedAfter   time.Time
}

// ClientFilter selects clients of one organization. Empty fields do not filter.
type ClientFilter struct {
	OrganizationID string
	ProjectID      string
	ApplicationID  string
	CreatedBy      string    // id of a principal
	NotGoneAt      time.Time // leaves out clients that were not confirmed by then
	OnlyUnrevoked  bool
	Environment    string
	Narrowing      // of pages alone
}

// APITokenFilter selects API tokens of one organization. Empty fields do not filter.
type APITokenFilter struct {
	OrganizationID string
	ProjectID      string
	CreatedBy      string // id of a principal
	Type           string
	OnlyUnrevoked  bool
	Narrowing      // of pages alone
}

// User is a record that uses another one, by the feed kind of what it is.
type User struct{ Kind, ID, Name string }

// Tx reads and changes inside one transaction. Locks are taken in the order
// organization, project, member, application, API, role, client, secret, API
// token, and last of all the feed's counter.
type Tx interface {
	Reader
	WatchTx

	InsertOrganization(ctx context.Context, o Organization) error
	OrganizationForUpdate(ctx context.Context, id string) (Organization, error)
	UpdateOrganization(ctx context.Context, o Organization) error

	InsertProject(ctx context.Context, p Project) error
	ProjectForUpdate(ctx context.Context, organizationID, id string) (Project, error)
	UpdateProject(ctx context.Context, p Project) error
	DeleteProject(ctx context.Context, organizationID, id string) error

	InsertMember(ctx context.Context, m Member) error
	MemberForUpdate(ctx context.Context, organizationID, id string) (Member, error)
	UpdateMember(ctx context.Context, m Member) error
	// DeleteMember deletes the member and their sessions.
	DeleteMember(ctx context.Context, organizationID, id string) error

	InsertSession(ctx context.Context, s Session) error
	// TouchSession notes that the session was seen; it never brings one back.
	TouchSession(ctx context.Context, id string, at time.Time) error
	DeleteSession(ctx context.Context, organizationID, id string) error
	// DeleteSessions deletes the sessions of a member but the one named, if any.
	DeleteSessions(ctx context.Context, organizationID, memberID, but string) error
	// EndSessions deletes all sessions of an organization.
	EndSessions(ctx context.Context, organizationID string) error
	// PruneSessions deletes those sessions of a member that were not seen, or
	// not begun, after these times.
	PruneSessions(ctx context.Context, organizationID, memberID string, seenAfter, createdAfter time.Time) error

	InsertAPI(ctx context.Context, a API) error
	// APIForUpdate, RoleForUpdate and the like lock the row for this transaction.
	APIForUpdate(ctx context.Context, organizationID, id string) (API, error)
	UpdateAPI(ctx context.Context, a API) error
	DeleteAPI(ctx context.Context, organizationID, id string) error
	// DisconnectEndpoints disconnects endpoints from every application, which
	// get a new revision, and returns the ids of those in order.
	DisconnectEndpoints(ctx context.Context, organizationID string, ids []string, at time.Time) ([]string, error)

	InsertRole(ctx context.Context, r Role) error
	RoleForUpdate(ctx context.Context, organizationID, id string) (Role, error)
	UpdateRole(ctx context.Context, r Role) error
	DeleteRole(ctx context.Context, organizationID, id string) error

	InsertScope(ctx context.Context, s Scope) error
	ScopeForUpdate(ctx context.Context, organizationID, id string) (Scope, error)
	UpdateScope(ctx context.Context, s Scope) error
	DeleteScope(ctx context.Context, organizationID, id string) error

	InsertApplication(ctx context.Context, a Application) error
	ApplicationForUpdate(ctx context.Context, organizationID, id string) (Application, error)
	// UpdateApplication stores the record and replaces its connected endpoints.
	UpdateApplication(ctx context.Context, a Application) error
	DeleteApplication(ctx context.Context, organizationID, id string) error

	InsertClient(ctx context.Context, c Client) error
	ClientForUpdate(ctx context.Context, organizationID, clientID string) (Client, error)
	// UpdateClient stores the record and replaces its roles.
	UpdateClient(ctx context.Context, c Client) error
	// DeleteClient deletes the client, its secrets and keys, and its usage.
	DeleteClient(ctx context.Context, organizationID, clientID string) error
	// LockClients locks every client that the filter selects, and returns their
	// ids, newest first.
	LockClients(ctx context.Context, filter ClientFilter) ([]string, error)
	// RevokeClients revokes locked clients at that time, with a new revision. It
	// cuts nothing off: the access tokens of a client that is revoked are dead.
	RevokeClients(ctx context.Context, ids []string, at time.Time) error

	InsertSecret(ctx context.Context, s Secret) error
	UpdateSecret(ctx context.Context, s Secret) error
	DeleteSecret(ctx context.Context, clientID, id string) error

	InsertClientKey(ctx context.Context, k ClientKey) error
	// DeleteClientKey deletes the key and its usage.
	DeleteClientKey(ctx context.Context, clientID, id string) error

	InsertAPIToken(ctx context.Context, t APIToken) error
	APITokenForUpdate(ctx context.Context, organizationID, id string) (APIToken, error)
	UpdateAPIToken(ctx context.Context, t APIToken) error
	// DeleteAPIToken deletes the API token and its usage.
	DeleteAPIToken(ctx context.Context, organizationID, id string) error
	// LockAPITokens and RevokeAPITokens are LockClients and RevokeClients for
	// API tokens.
	LockAPITokens(ctx context.Context, filter APITokenFilter) ([]string, error)
	RevokeAPITokens(ctx context.Context, ids []string, at time.Time) error

	// DenyToken puts an access token on the denylist until it expires, and
	// tells whether it was not there before.
	DenyToken(ctx context.Context, t DeniedToken) (bool, error)

	// NextPosition locks the feed's counter, the last lock of a transaction,
	// and takes the next position.
	NextPosition(ctx context.Context) (Position, error)
	// SkipPositions locks the feed's counter and leaves n positions out.
	SkipPositions(ctx context.Context, n int64) error
	// CutOff sets the cut-off position of the targets.
	CutOff(ctx context.Context, kind CutOffKind, ids []string, at Position) error
	AppendFeed(ctx context.Context, row FeedRow) error
	AppendAudit(ctx context.Context, e AuditEvent) error
	// PutAuditChain stores where a chain ends. Only who holds the feed's
	// counter may read and move it.
	PutAuditChain(ctx context.Context, c AuditChain) error
	// PruneAudit deletes the events of a chain through a sequence, and those in
	// no chain from before that time, and returns how many.
	PruneAudit(ctx context.Context, organizationID string, through int64, before time.Time) (int64, error)

	// ChangeKeys is that of KeyStore, within this transaction. It locks the
	// feed's counter.
	ChangeKeys(ctx context.Context, purpose KeyPurpose, fn func(standing []Key) (KeyChange, error)) error

	// InsertKeyedRequest stores a request with an Idempotency-Key, in place of
	// one from before the time expired. One that is there otherwise is a Conflict.
	InsertKeyedRequest(ctx context.Context, r KeyedRequest, expired time.Time) error
	// KeepAnswer adds the answer to a keyed request.
	KeepAnswer(ctx context.Context, id string, a KeptAnswer) error
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
	ClientState(ctx context.Context, clientID string) (*ClientState, error)
	// APITokenState returns the API token with one of these digests, or a NotFound error.
	APITokenState(ctx context.Context, digests []Digest) (*APITokenState, error)
	// TokenDenied tells whether the access token with this jti is on the denylist.
	TokenDenied(ctx context.Context, jti string) (bool, error)
	// APIEndpoints returns the endpoints of an API, connected or not; none for
	// one that does not exist.
	APIEndpoints(ctx context.Context, apiID string) ([]Endpoint, error)
}

// AssertionStore makes client assertions single-use, for all replicas together.
type AssertionStore interface {
	// UseAssertion notes that an assertion was used, and tells whether it is
	// the first with its id and client.
	UseAssertion(ctx context.Context, u UsedAssertion) (first bool, err error)
}

// UsedAssertion is a client assertion that cannot be used again.
type UsedAssertion struct {
	ClientID  string
	ID        string    // its jti, of any length
	ExpiresAt time.Time // from when on it would be refused anyway
}

// ClientState is a client as the hot path sees it, made by NewClientState. It
// is shared between requests: nobody may change it.
type ClientState struct {
	Client            Client
	Secrets           []Secret
	Keys              []ClientKey
	Organization      Organization
	ProjectCutOff     Position
	ApplicationCutOff Position
	Roles             []Role     // those the client holds
	Endpoints         []Endpoint // those connected to its application
	APIs              []API      // all of the organization, without endpoints
	Rev               Position   // the feed position in force in the snapshot

	rights *rights // what follows from all that
}

// APITokenState is an API token as the hot path sees it. It is shared between
// requests: nobody may change it.
type APITokenState struct {
	APIToken     APIToken
	Organization Organization
	APIs         []API
}

// KeyStore keeps the keys of the installation. The private part arrives sealed.
type KeyStore interface {
	Keys(ctx context.Context) ([]Key, error)
	// ChangeKeys makes the change that fn wants of the keys of a purpose, which
	// are those that stand, oldest first. No other change of keys overlaps it,
	// on any replica. fn may be run again if the database asks for a retry.
	ChangeKeys(ctx context.Context, purpose KeyPurpose, fn func(standing []Key) (KeyChange, error)) error
}

// KeyChange is a change of keys.
type KeyChange struct {
	Put  []Key    // new ones, and standing ones with another ActiveFrom or sealed anew
	Drop []string // ids of those to delete
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
	KeyOneTime KeyPurpose = "onetime" // seals the secrets of one-time codes
	KeyAudit   KeyPurpose = "audit"   // chains the audit events
)

// Key is one key of the installation.
type Key struct {
	ID        string
	Purpose   KeyPurpose
	Algorithm string
	Public    []byte // public half, for signing keys
	Sealed    []byte // private half or secret, sealed under the master key
	CreatedAt time.Time
	// ActiveFrom is when the key comes into use. Only keys of access tokens are
	// stored before that.
	ActiveFrom time.Time
}

// Health tells whether the database answers.
type Health interface {
	Ping(ctx context.Context) error
}
