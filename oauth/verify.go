package oauth

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/ory/fosite"

	"keywright/internal/web"
	"keywright/registry"
)

// verify answers /verify and /verify/{path}: whether the request that a gateway
// holds may pass to an API. Gateways know three answers, yes (200), no (401,
// 403) and not now (503), and turn others into a fault of their own. So nothing
// else is ever said, whatever the method is, and the body is not read.
func (s *Server) verify(w http.ResponseWriter, req *http.Request) {
	if req.ContentLength != 0 {
		// Some gateways send the length of a body and keep the body: it is not
		// waited for, which the server would do to use the connection again.
		w.Header().Set("Connection", "close")
	}
	in, err := s.checkVerification(req)
	if err != nil {
		s.Metrics.Verification(refuseBearer(w, req, asBearerRefusal(err)))
		return
	}
	accept(w, in.token)
	s.Metrics.Verification(OutcomeAccepted)
}

// checkVerification passes the bearer's token through fosite, and returns the
// session if it is good for all that the request needs.
func (s *Server) checkVerification(req *http.Request) (*session, error) {
	q, err := s.readQuestion(req)
	if err != nil {
		return nil, err
	}
	ctx := req.Context()
	in := &session{audience: q.audience, address: web.ClientAddress(ctx)}
	if _, _, err := s.provider.IntrospectToken(ctx, q.token, fosite.AccessToken, in); err != nil {
		return nil, err
	}
	web.Identify(ctx, in.token.OrganizationID, in.principal())
	if err := s.authorize(ctx, q, in); err != nil {
		return nil, err
	}
	return in, nil
}

// authorize checks that a good token is good for that request: its endpoint,
// and the scopes and permissions asked for.
func (s *Server) authorize(ctx context.Context, q question, in *session) error {
	endpoint, err := s.Authenticator.Endpoint(ctx, in.client, q.audience, q.method, q.segments)
	if refused, ok := errors.AsType[*registry.Refused](err); ok {
		return insufficientScope(refused.Cause, "this client's application is not connected to the endpoint", nil)
	}
	if err != nil {
		return err
	}
	needed := q.scopes
	if endpoint.Scope != "" && !slices.Contains(needed, endpoint.Scope) {
		needed = append(slices.Clone(needed), endpoint.Scope)
	}
	if !containsAll(in.token.Scopes, needed) {
		return insufficientScope(registry.CauseInsufficientScope, "the token lacks a scope", needed)
	}
	if !containsAll(in.token.Permissions, q.permissions) {
		return insufficientScope(registry.CauseInsufficientPermission, "the token lacks a permission", nil)
	}
	return nil
}

func containsAll(held, needed []string) bool {
	return !slices.ContainsFunc(needed, func(n string) bool { return !slices.Contains(held, n) })
}
