package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"keywright/oauth/signing"
	"keywright/registry"
)

// tokenType is what a caller puts before the token (RFC 6750 §2.1).
const tokenType = "Bearer"

// jtiBytes of randomness name an access token.
const jtiBytes = 16

// clientCredentials is fosite's handler with our decisions around it: the
// registry grants, and the injected clock decides iat, exp and expires_in,
// where fosite validates without granting and reads the system clock.
type clientCredentials struct {
	*oauth2.ClientCredentialsGrantHandler
	server *Server
}

// HandleTokenEndpointRequest implements fosite.TokenEndpointHandler.
func (h *clientCredentials) HandleTokenEndpointRequest(ctx context.Context, request fosite.AccessRequester) error {
	c, s := clientOf(request.GetClient()), sessionOf(request)
	if c == nil || s == nil {
		return errors.New("token request without a client and session of ours")
	}
	granted, err := c.Grant(registry.GrantRequest{
		Resources: request.GetRequestedAudience(), Scopes: request.GetRequestedScopes(),
	}, h.server.Issuer)
	if err != nil {
		return err
	}
	c.granted = granted
	if err := h.ClientCredentialsGrantHandler.HandleTokenEndpointRequest(ctx, request); err != nil {
		return err
	}
	if s.token, err = h.server.mint(c); err != nil {
		return err
	}
	s.SetExpiresAt(fosite.AccessToken, s.token.ExpiresAt)
	request.SetID(s.token.JTI)
	for _, audience := range granted.Audience {
		request.GrantAudience(audience)
	}
	for _, scope := range granted.Scopes {
		request.GrantScope(scope)
	}
	return nil
}

// PopulateTokenEndpointResponse implements fosite.TokenEndpointHandler.
func (h *clientCredentials) PopulateTokenEndpointResponse(ctx context.Context, request fosite.AccessRequester, response fosite.AccessResponder) error {
	if err := h.ClientCredentialsGrantHandler.PopulateTokenEndpointResponse(ctx, unstored{request}, response); err != nil {
		return err
	}
	t := sessionOf(request).token
	response.SetTokenType(tokenType)
	response.SetExpiresIn(t.ExpiresAt.Sub(t.IssuedAt))
	return nil
}

// unstored is a request of which fosite need not make the copy that it would
// store: nothingStored takes none.
type unstored struct{ fosite.AccessRequester }

// Sanitize implements fosite.Requester.
func (u unstored) Sanitize([]string) fosite.Requester { return u }

// mint decides what the token of a granted request says. Its times are whole
// seconds, rounded down, so that exp never lies beyond the client's expiry. Its
// rev is the feed position of the very state that was authenticated.
func (s *Server) mint(c *client) (registry.AccessToken, error) {
	now := s.Now().UTC()
	issued, expires := now.Truncate(time.Second), now.Add(c.TokenTTL(now)).Truncate(time.Second)
	if !expires.After(issued) {
		// The client expires within this second: no token can live at all, and
		// to some clients an expires_in of 0 means for ever.
		return registry.AccessToken{}, invalidClient(registry.CauseExpired)
	}
	var id [jtiBytes]byte
	if _, err := io.ReadFull(s.Random, id[:]); err != nil {
		return registry.AccessToken{}, fmt.Errorf("read randomness for a token id: %w", err)
	}
	return registry.AccessToken{
		JTI: base64.RawURLEncoding.EncodeToString(id[:]), Issuer: s.Issuer,
		ClientID: c.Client.ID, SecretID: c.SecretID, KeyID: c.KeyID, OrganizationID: c.Client.OrganizationID,
		ProjectID: c.Client.ProjectID, ApplicationID: c.Client.ApplicationID,
		Audience: c.granted.Audience, Scopes: c.granted.Scopes,
		Roles: c.granted.Roles, Permissions: c.granted.Permissions,
		IssuedAt: issued, ExpiresAt: expires, Rev: c.Rev,
	}, nil
}

// tokenStrategy is fosite's access token strategy over the key ring.
type tokenStrategy struct{ keys *signing.Ring }

// GenerateAccessToken writes the session's token in the format of its client.
func (t tokenStrategy) GenerateAccessToken(_ context.Context, request fosite.Requester) (token, signature string, err error) {
	c, s := clientOf(request.GetClient()), sessionOf(request)
	if c.Client.TokenFormat == registry.FormatOpaque {
		token, err = t.keys.Seal(s.token)
	} else {
		token, err = t.keys.Sign(s.token)
	}
	return token, s.token.JTI, err
}

// AccessTokenSignature is what fosite would store a token under; nothing is stored.
func (t tokenStrategy) AccessTokenSignature(context.Context, string) string { return "" }

// ValidateAccessToken refuses: tokens are recognised by accessTokenIntrospector.
func (t tokenStrategy) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrInactiveToken
}
