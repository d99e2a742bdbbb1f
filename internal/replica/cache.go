package replica

import (
	"context"
	"slices"

	"keywright/registry"
)

var _ registry.HotPath = (*Replica)(nil)

// found is what the copy has to say: a state, or that there is none.
type found[T any] struct {
	state T
	err   error
}

// look answers from the copy if that may be used, before it was looked at and
// after: a process can stand still between any two steps.
func look[T any](r *Replica, tally *tally, find func() (found[T], bool)) (found[T], bool) {
	if r.Usable() {
		if f, ok := find(); ok && r.Usable() {
			tally.hits.Add(1)
			return f, true
		}
	}
	tally.misses.Add(1)
	return found[T]{}, false
}

// Reads of the database are not shared between requests: one that began before
// a change returned must not answer a request that starts after.

// ClientState implements registry.HotPath.
func (r *Replica) ClientState(ctx context.Context, clientID string) (*registry.ClientState, error) {
	if f, ok := look(r, &r.lookups.clients, func() (found[*registry.ClientState], bool) { return r.copy.client(clientID) }); ok {
		return f.state, f.err
	}
	seen := r.copy.applied()
	state, err := r.HotPath.ClientState(ctx, clientID)
	switch {
	case err == nil:
		r.copy.keepClient(state, seen)
	case registry.KindOf(err) == registry.KindNotFound:
		r.copy.keep(seen, "", func(*organization) { r.copy.unknownIDs.Set(clientID, seen) })
	}
	return state, err
}

func (m *memory) client(id string) (found[*registry.ClientState], bool) {
	if c, ok := m.clients.GetIfPresent(id); ok && holds(c.at, &c.organization.changed) {
		return found[*registry.ClientState]{state: c.state}, true
	}
	if at, ok := m.unknownIDs.GetIfPresent(id); ok && holds(at, &m.anyOrganization) {
		return found[*registry.ClientState]{err: registry.NotFound("client")}, true
	}
	return found[*registry.ClientState]{}, false
}

// APITokenState implements registry.HotPath.
func (r *Replica) APITokenState(ctx context.Context, digests []registry.Digest) (*registry.APITokenState, error) {
	if len(digests) == 0 {
		return r.HotPath.APITokenState(ctx, digests)
	}
	if f, ok := look(r, &r.lookups.apiTokens, func() (found[*registry.APITokenState], bool) { return r.copy.apiToken(digests) }); ok {
		return f.state, f.err
	}
	seen := r.copy.applied()
	state, err := r.HotPath.APITokenState(ctx, digests)
	switch {
	case err == nil:
		r.copy.keepAPIToken(state, digests[0].Sum, seen)
	case registry.KindOf(err) == registry.KindNotFound:
		r.copy.keep(seen, "", func(*organization) { r.copy.unknownAPITokens.Set(digests[0].Sum, seen) })
	}
	return state, err
}

// apiToken finds an API token by its digest. Which id a digest belongs to is never
// forgotten, so the token may have got another value since.
func (m *memory) apiToken(digests []registry.Digest) (found[*registry.APITokenState], bool) {
	if id, ok := m.apiTokenIDs.GetIfPresent(digests[0].Sum); ok {
		t, ok := m.apiTokens.GetIfPresent(id)
		if ok && holds(t.at, &t.organization.changed) && slices.Contains(digests, t.state.APIToken.Digest) {
			return found[*registry.APITokenState]{state: t.state}, true
		}
	}
	if at, ok := m.unknownAPITokens.GetIfPresent(digests[0].Sum); ok && holds(at, &m.anyAPIToken) {
		return found[*registry.APITokenState]{err: registry.NotFound("API token")}, true
	}
	return found[*registry.APITokenState]{}, false
}

// TokenDenied implements registry.HotPath.
func (r *Replica) TokenDenied(ctx context.Context, jti string) (bool, error) {
	if f, ok := look(r, &r.lookups.denied, func() (found[bool], bool) { return r.copy.denied.has(jti) }); ok {
		return f.state, nil
	}
	return r.HotPath.TokenDenied(ctx, jti)
}

// APIEndpoints implements registry.HotPath.
func (r *Replica) APIEndpoints(ctx context.Context, apiID string) ([]registry.Endpoint, error) {
	if f, ok := look(r, &r.lookups.endpoints, func() (found[[]registry.Endpoint], bool) { return r.copy.endpointsOf(apiID) }); ok {
		return f.state, nil
	}
	seen := r.copy.applied()
	list, err := r.HotPath.APIEndpoints(ctx, apiID)
	if err == nil {
		r.copy.keep(seen, "", func(*organization) { r.copy.endpoints.Set(apiID, &endpoints{list, seen}) })
	}
	return list, err
}

func (m *memory) endpointsOf(apiID string) (found[[]registry.Endpoint], bool) {
	e, ok := m.endpoints.GetIfPresent(apiID)
	if !ok || !holds(e.at, &m.anyOrganization) {
		return found[[]registry.Endpoint]{}, false
	}
	return found[[]registry.Endpoint]{state: e.list}, true
}
