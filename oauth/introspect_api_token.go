package oauth

import (
	"context"

	"github.com/ory/fosite"

	"keywright/registry"
)

// apiTokenIntrospector recognises API tokens for fosite. It fails as
// accessTokenIntrospector does.
type apiTokenIntrospector struct{ *Server }

// IntrospectToken implements fosite.TokenIntrospector. Whether who asks may be
// told comes first: the question of one who may not counts neither as a use of
// the token nor as a failure.
func (s apiTokenIntrospector) IntrospectToken(ctx context.Context, token string, _ fosite.TokenUse, request fosite.AccessRequester, _ []string) (fosite.TokenUse, error) {
	if !registry.LooksLikeAPIToken(token) {
		return "", fosite.ErrUnknownRequest
	}
	in := sessionOf(request)
	state, err := s.Authenticator.FindAPIToken(ctx, token)
	if err != nil {
		return "", err
	}
	t := s.apiTokenClaims(state)
	if !in.fromOrganization(t.OrganizationID) {
		return "", &registry.Refused{Cause: registry.CauseOtherOrganization}
	}
	if !in.forAudience(t.Audience) {
		return "", in.otherAudience(t, registry.ActorAPIToken)
	}
	if err := s.Authenticator.UseAPIToken(state, in.address); err != nil {
		return "", err
	}
	in.token, in.credentialType = t, registry.CredentialAPIToken
	in.SetExpiresAt(fosite.AccessToken, t.ExpiresAt)
	return fosite.AccessToken, nil
}

// apiTokenClaims tells of an API token what an access token tells of itself.
// It is its own client, subject and token id, and has no roles.
func (s *Server) apiTokenClaims(state *registry.APITokenState) registry.AccessToken {
	t := &state.APIToken
	return registry.AccessToken{
		JTI: t.ID, Issuer: s.Issuer, ClientID: t.ID, OrganizationID: t.OrganizationID, ProjectID: t.ProjectID,
		Audience: state.Audiences(s.Issuer), Scopes: t.Scopes, Permissions: t.Permissions,
		IssuedAt: t.IssuedAt(), ExpiresAt: t.ExpiresAt,
	}
}
