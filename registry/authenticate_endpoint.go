package registry

import (
	"context"
	"slices"
)

// Endpoint finds the endpoint of an API that a request of a client means, and
// refuses one that is not connected to the client's application. segments are
// those of ParsePath. A client without application may reach them all, and so
// may an API token, which has no client (nil): the answer is the zero Endpoint, which needs no scope.
//
// The endpoints that are not connected matter too: where /documents/{id} is
// connected and /documents/export is not, the latter stays closed.
func (a *Authenticator) Endpoint(ctx context.Context, s *ClientState, audience, method string, segments []string) (Endpoint, error) {
	if s == nil || s.Client.ApplicationID == "" {
		return Endpoint{}, nil
	}
	notConnected := refusedClient(&s.Client, CauseEndpointNotConnected)
	api := slices.IndexFunc(s.APIs, func(a API) bool { return a.Identifier == audience })
	if _, ok := MatchEndpoint(s.Endpoints, method, segments); !ok || api < 0 {
		return Endpoint{}, notConnected // without asking the database
	}
	all, err := a.HotPath.APIEndpoints(ctx, s.APIs[api].ID)
	if err != nil {
		return Endpoint{}, err
	}
	meant, ok := MatchEndpoint(all, method, segments)
	if !ok || !slices.ContainsFunc(s.Endpoints, func(e Endpoint) bool { return e.ID == meant.ID }) {
		return Endpoint{}, notConnected
	}
	return meant, nil
}
