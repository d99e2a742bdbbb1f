package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/ory/fosite"

	"keywright/internal/web"
	"keywright/registry"
)

// authenticateClient is the fosite.ClientAuthenticationStrategy of every
// endpoint. It fails with a *refusal, and from its success on refusals concern
// the client.
func (s *Server) authenticateClient(ctx context.Context, req *http.Request, form url.Values) (fosite.Client, error) {
	given, err := readCredentials(req.Header, form)
	if err != nil {
		return nil, s.notAuthenticated(given.method, asRefusal(err))
	}
	c, err := s.check(ctx, given, req.URL.Path)
	if refused, ok := errors.AsType[*registry.Refused](err); ok {
		r := invalidClient(refused.Cause)
		if slowed, ok := errors.AsType[*registry.Slowed](err); ok {
			r = slowDown(slowed)
		}
		r.organizationID, r.credential = refused.OrganizationID, refused.Credential
		return nil, s.notAuthenticated(given.method, r)
	}
	if err != nil {
		return nil, s.notAuthenticated(given.method, asRefusal(err))
	}
	s.Metrics.ClientAuthentication(given.method, OutcomeAccepted)
	web.Identify(ctx, c.Client.OrganizationID, registry.Principal{Kind: registry.ActorClient, ID: c.Client.ID})
	return &client{AuthenticatedClient: c}, nil
}

// check looks whether the credentials are good at the endpoint of that path.
func (s *Server) check(ctx context.Context, given credentials, path string) (registry.AuthenticatedClient, error) {
	if given.method != methodAssertion {
		return s.Authenticator.ClientBySecret(ctx, given.id, given.secret, web.ClientAddress(ctx))
	}
	a, ok := readAssertion(given.secret)
	if !ok {
		return registry.AuthenticatedClient{}, &registry.Refused{Cause: registry.CauseMalformedCredential}
	}
	return s.Authenticator.ClientByAssertion(ctx, registry.Assertion{
		ClientID: a.claims.Subject, ID: a.claims.ID, ExpiresAt: a.claims.end(),
		Verify: func(keys []registry.ClientKey) (string, registry.Cause) {
			keyID := a.signer(keys)
			if keyID == "" {
				return "", registry.CauseWrongKey
			}
			return keyID, a.claims.check(s.Now(), s.audiencesOf(path), given.id)
		},
	}, web.ClientAddress(ctx))
}

// audiencesOf are the names under which an assertion may be meant for the
// endpoint of that path: the issuer and, as was usual before, the address of
// the token endpoint, there alone.
func (s *Server) audiencesOf(path string) []string {
	if strings.HasSuffix(path, pathToken) {
		return []string{s.Issuer, strings.TrimRight(s.Issuer, "/") + pathToken}
	}
	return []string{s.Issuer}
}

func (s *Server) notAuthenticated(method string, r *refusal) error {
	outcome := r.cause.String()
	if r.status == http.StatusTooManyRequests {
		outcome = OutcomeRateLimited
	}
	s.Metrics.ClientAuthentication(method, outcome)
	return r
}

// client is an authenticated client as fosite sees it.
type client struct {
	registry.AuthenticatedClient
	granted registry.Grant // set once a token request was decided
}

// clientOf returns our client behind fosite's interface, or nil for the empty
// one that fosite puts where nobody authenticated.
func clientOf(c fosite.Client) *client {
	ours, _ := c.(*client)
	return ours
}

// GetID is the client_id.
func (c *client) GetID() string { return c.Client.ID }

// GetHashedSecret is not used: the secret was checked before.
func (c *client) GetHashedSecret() []byte { return nil }

// GetRedirectURIs is empty: there is no authorization endpoint.
func (c *client) GetRedirectURIs() []string { return nil }

var grantTypes = fosite.Arguments{grantClientCredentials}

// GetGrantTypes is the one grant there is.
func (c *client) GetGrantTypes() fosite.Arguments { return grantTypes }

// GetResponseTypes is empty: there is no authorization endpoint.
func (c *client) GetResponseTypes() fosite.Arguments { return nil }

// GetScopes is what the registry granted to this request.
func (c *client) GetScopes() fosite.Arguments { return c.granted.Scopes }

// GetAudience is what the registry granted to this request.
func (c *client) GetAudience() fosite.Arguments { return c.granted.Audience }

// IsPublic is false: every client has a credential.
func (c *client) IsPublic() bool { return false }
