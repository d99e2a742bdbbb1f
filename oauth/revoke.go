package oauth

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ory/fosite"

	"keywright/internal/web"
	"keywright/registry"
)

// revoke answers POST /oauth2/revoke: 200 with an empty body once the token is
// certainly of no use (RFC 7009 §2.2).
func (s *Server) revoke(w http.ResponseWriter, req *http.Request) {
	form, err := readForm(w, req)
	if err == nil {
		err = tokenIsGiven(form)
	}
	if err == nil {
		err = s.provider.NewRevocationRequest(req.Context(), req)
	}
	if err != nil {
		s.Metrics.Revocation(refuse(w, req, asRefusal(err)))
		return
	}
	noStore(w)
	w.WriteHeader(http.StatusOK)
	s.Metrics.Revocation(OutcomeRevoked)
}

func tokenIsGiven(form url.Values) error {
	if form.Get(paramToken) == "" {
		return invalidRequest("parameter token is missing")
	}
	return nil
}

// accessTokenRevoker takes access tokens of both formats back, for fosite.
type accessTokenRevoker struct{ *Server }

// RevokeToken implements fosite.RevocationHandler. A token that is not one of
// ours or has expired needs no revoking, and an API token is revoked through
// the admin API alone: no error, nothing written.
func (s accessTokenRevoker) RevokeToken(ctx context.Context, token string, _ fosite.TokenType, requester fosite.Client) error {
	c := clientOf(requester)
	t, err := s.Keys.ParseAccessToken(token)
	switch {
	case err != nil && registry.KindOf(err) == registry.KindUnavailable:
		return unavailable(err)
	case err != nil || !s.Now().Before(t.ExpiresAt):
		return nil
	}
	if t.ClientID != c.Client.ID {
		return anotherClientsToken()
	}
	err = s.Revoker.RevokeAccessToken(ctx, registry.Actor{
		Principal:      registry.Principal{Kind: registry.ActorClient, ID: c.Client.ID},
		OrganizationID: c.Client.OrganizationID,
		ProjectID:      c.Client.ProjectID,
		Via:            registry.ViaAPI,
		Address:        web.ClientAddress(ctx),
		RequestID:      web.RequestID(ctx),
	}, t)
	if err != nil {
		return unavailable(err)
	}
	return nil
}
