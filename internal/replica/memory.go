package replica

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"keywright/registry"
)

const (
	// unknownSize is how many client ids, and how many digests of API tokens,
	// are remembered as being nobody's.
	unknownSize = 10_000
	// endpointsSize is how many APIs' endpoints are remembered.
	endpointsSize = 10_000
)

// digest is one of an API token, under the pepper that is in use.
type digest = [32]byte

// memory is the copy. What it knows is as old as the position through which
// the feed is applied, or younger.
type memory struct {
	clients       *otter.Cache[string, *client]
	unknownIDs    *otter.Cache[string, registry.Position]
	tokens        *otter.Cache[string, *token] // by id
	tokenIDs      *otter.Cache[digest, string]
	unknownTokens *otter.Cache[digest, registry.Position]
	endpoints     *otter.Cache[string, *endpoints] // by API
	denied        denylist

	// through is the position up to which the feed is applied.
	through atomic.Int64
	// Where the last change of these lies: what was read before is not true
	// any more. anyOrganization is for what belongs to no known organization.
	anyOrganization, anyToken atomic.Int64

	// mu is held while the feed is applied and while something is added.
	mu            sync.Mutex
	begun         bool
	organizations map[string]*organization
}

// organization is what is known of one.
type organization struct {
	changed atomic.Int64 // where the last change lies that may concern anything of it

	// The last ones that were kept, true or not, with which the next may have
	// much in common; guarded by memory.mu.
	client *registry.ClientState
	token  *registry.APITokenState
}

type (
	client struct {
		state        *registry.ClientState
		at           registry.Position // it was read at this one or later
		organization *organization
	}
	token struct {
		state        *registry.APITokenState
		at           registry.Position
		organization *organization
	}
	endpoints struct {
		list []registry.Endpoint
		at   registry.Position
	}
)

func newMemory(size int) *memory {
	return &memory{
		organizations: map[string]*organization{},
		clients:       remember[string, *client](size),
		unknownIDs:    remember[string, registry.Position](unknownSize),
		tokens:        remember[string, *token](size),
		tokenIDs:      remember[digest, string](size),
		unknownTokens: remember[digest, registry.Position](unknownSize),
		endpoints:     remember[string, *endpoints](endpointsSize),
	}
}

// remember returns a cache that forgets what is used least.
func remember[K comparable, V any](size int) *otter.Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{MaximumSize: size})
}

func (m *memory) applied() registry.Position { return registry.Position(m.through.Load()) }

// begin starts with the denylist and nothing else, at that position.
func (m *memory) begin(at registry.Position, denied []registry.DeniedToken) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.denied.replace(denied)
	m.through.Store(int64(at))
	m.begun = true
}

// end forgets everything, and keeps nothing until it was begun again.
func (m *memory) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begun = false
	m.clients.InvalidateAll()
	m.unknownIDs.InvalidateAll()
	m.tokens.InvalidateAll()
	m.tokenIDs.InvalidateAll()
	m.unknownTokens.InvalidateAll()
	m.endpoints.InvalidateAll()
	m.denied.forget()
	m.organizations = map[string]*organization{}
}

// keep runs add if nothing was applied since that position: what was read
// then is still true. add is given the organization of that id.
func (m *memory) keep(seen registry.Position, organizationID string, add func(*organization)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.begun && m.applied() == seen {
		add(m.organization(organizationID))
	}
}

// latest are the last client and API token of an organization that were kept;
// nil: there was none.
func (m *memory) latest(organizationID string) (*registry.ClientState, *registry.APITokenState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o, ok := m.organizations[organizationID]; ok {
		return o.client, o.token
	}
	return nil, nil
}

func (m *memory) organization(id string) *organization {
	o, ok := m.organizations[id]
	if !ok {
		o = &organization{}
		m.organizations[id] = o
	}
	return o
}

// apply forgets what the rows say has changed.
func (m *memory) apply(page registry.FeedPage, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, row := range page.Rows {
		m.applyRow(row, now)
	}
	m.through.Store(int64(page.Head))
}

func (m *memory) applyRow(row registry.FeedRow, now time.Time) {
	at := int64(row.Position)
	switch row.Kind {
	case registry.FeedNothing, registry.FeedMember, registry.FeedKey: // the hot path reads none of it
	case registry.FeedClient:
		m.clients.Invalidate(row.TargetID)
		m.unknownIDs.Invalidate(row.TargetID)
	case registry.FeedAPIToken:
		m.tokens.Invalidate(row.TargetID)
		m.anyToken.Store(at)
	case registry.FeedToken:
		m.denied.add(row.TargetID, now.Add(registry.MaxTokenTTL))
	case registry.FeedOrganization, registry.FeedProject, registry.FeedApplication, registry.FeedAPI, registry.FeedRole, registry.FeedScope:
		m.organization(row.OrganizationID).changed.Store(at)
		m.anyOrganization.Store(at)
		m.anyToken.Store(at)
	default: // of a later version, which alone knows whom it concerns
		for _, o := range m.organizations {
			o.changed.Store(at)
		}
		m.anyOrganization.Store(at)
		m.anyToken.Store(at)
	}
}

// holds tells whether something that was read at that position is true yet.
func holds(at registry.Position, changed *atomic.Int64) bool { return int64(at) >= changed.Load() }
