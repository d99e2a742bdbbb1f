package replica

import (
	"sync"
	"sync/atomic"
	"time"
	"weak"

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
	clients          *otter.Cache[string, *client]
	unknownIDs       *otter.Cache[string, registry.Position]
	apiTokens        *otter.Cache[string, *apiToken] // by id
	apiTokenIDs      *otter.Cache[digest, string]
	unknownAPITokens *otter.Cache[digest, registry.Position]
	endpoints        *otter.Cache[string, *endpoints] // by API
	denied           denylist

	// through is the position up to which the feed is applied.
	through atomic.Int64
	// Where the last change of these lies: what was read before is not true
	// any more. anyOrganization is for what belongs to no known organization.
	anyOrganization, anyAPIToken atomic.Int64

	// mu is held while the feed is applied and while something is added.
	mu            sync.Mutex
	begun         bool
	organizations map[string]*organization
}

// organization is what is known of one.
type organization struct {
	changed atomic.Int64 // where the last change lies that may concern anything of it

	// Those with which others may have much in common, for as long as they or
	// one of those others is remembered; guarded by memory.mu.
	client   weak.Pointer[client]
	apiToken weak.Pointer[apiToken]
}

type (
	client struct {
		state        *registry.ClientState
		at           registry.Position // it was read at this one or later
		organization *organization
		like         *client // the one with which it has parts in common; nil: none
	}
	apiToken struct {
		state        *registry.APITokenState
		at           registry.Position
		organization *organization
		like         *apiToken
	}
	endpoints struct {
		list []registry.Endpoint
		at   registry.Position
	}
)

func newMemory(size int) *memory {
	return &memory{
		organizations:    map[string]*organization{},
		clients:          remember[string, *client](size),
		unknownIDs:       remember[string, registry.Position](unknownSize),
		apiTokens:        remember[string, *apiToken](size),
		apiTokenIDs:      remember[digest, string](size),
		unknownAPITokens: remember[digest, registry.Position](unknownSize),
		endpoints:        remember[string, *endpoints](endpointsSize),
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
	m.apiTokens.InvalidateAll()
	m.apiTokenIDs.InvalidateAll()
	m.unknownAPITokens.InvalidateAll()
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

// alike are a client and an API token with which others of the organization may
// have much in common; nil: there is none.
func (m *memory) alike(organizationID string) (*client, *apiToken) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o, ok := m.organizations[organizationID]; ok {
		return o.client.Value(), o.apiToken.Value()
	}
	return nil, nil
}

// keepClient keeps a client that was read at that position.
func (m *memory) keepClient(s *registry.ClientState, seen registry.Position) {
	like, _ := m.alike(s.Client.OrganizationID)
	if like != nil {
		s = s.Sharing(like.state)
	}
	m.keep(seen, s.Client.OrganizationID, func(o *organization) {
		c := &client{s, seen, o, like}
		if like == nil || !holds(like.at, &o.changed) {
			c.like, o.client = nil, weak.Make(c)
		}
		m.clients.Set(s.Client.ID, c)
	})
}

// keepAPIToken keeps an API token that was found by that digest.
func (m *memory) keepAPIToken(s *registry.APITokenState, sum digest, seen registry.Position) {
	_, like := m.alike(s.APIToken.OrganizationID)
	if like != nil {
		s = s.Sharing(like.state)
	}
	m.keep(seen, s.APIToken.OrganizationID, func(o *organization) {
		t := &apiToken{s, seen, o, like}
		if like == nil || !holds(like.at, &o.changed) {
			t.like, o.apiToken = nil, weak.Make(t)
		}
		m.apiTokens.Set(s.APIToken.ID, t)
		m.apiTokenIDs.Set(sum, s.APIToken.ID)
	})
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
		m.apiTokens.Invalidate(row.TargetID)
		m.anyAPIToken.Store(at)
	case registry.FeedToken:
		m.denied.add(row.TargetID, now.Add(registry.MaxTokenTTL))
	case registry.FeedOrganization, registry.FeedProject, registry.FeedApplication, registry.FeedAPI, registry.FeedRole, registry.FeedScope:
		m.organization(row.OrganizationID).changed.Store(at)
		m.anyOrganization.Store(at)
		m.anyAPIToken.Store(at)
	default: // of a later version, which alone knows whom it concerns
		for _, o := range m.organizations {
			o.changed.Store(at)
		}
		m.anyOrganization.Store(at)
		m.anyAPIToken.Store(at)
	}
}

// holds tells whether something that was read at that position is true yet.
func holds(at registry.Position, changed *atomic.Int64) bool { return int64(at) >= changed.Load() }
