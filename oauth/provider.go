package oauth

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
)

// provider is the part of fosite that the endpoints go through.
type provider interface {
	AuthenticateClient(ctx context.Context, req *http.Request, form url.Values) (fosite.Client, error)
	NewAccessRequest(ctx context.Context, req *http.Request, session fosite.Session) (fosite.AccessRequester, error)
	NewAccessResponse(ctx context.Context, request fosite.AccessRequester) (fosite.AccessResponder, error)
	IntrospectToken(ctx context.Context, token string, use fosite.TokenUse, session fosite.Session, scopes ...string) (fosite.TokenUse, fosite.AccessRequester, error)
	NewRevocationRequest(ctx context.Context, req *http.Request) error
}

// newProvider composes fosite. The handlers are slice literals, because Append
// drops a second handler of the same type; and every field whose getter would
// fill it on first use is set, because those getters race.
func newProvider(s *Server) *fosite.Fosite {
	config := &fosite.Config{
		AccessTokenIssuer:             s.Issuer,
		ScopeStrategy:                 fosite.ExactScopeStrategy,
		AudienceMatchingStrategy:      fosite.ExactAudienceMatchingStrategy,
		ClientAuthenticationStrategy:  s.authenticateClient,
		DisableRefreshTokenValidation: true,
	}
	config.ClientSecretsHasher = &fosite.BCrypt{Config: config}
	config.TokenEndpointHandlers = fosite.TokenEndpointHandlers{&clientCredentials{
		ClientCredentialsGrantHandler: &oauth2.ClientCredentialsGrantHandler{
			HandleHelper: &oauth2.HandleHelper{
				AccessTokenStrategy: tokenStrategy{s.Keys},
				AccessTokenStorage:  nothingStored{},
				Config:              config,
			},
			Config: config,
		},
		server: s,
	}}
	config.TokenIntrospectionHandlers = fosite.TokenIntrospectionHandlers{accessTokenIntrospector{s}, apiTokenIntrospector{s}}
	config.RevocationHandlers = fosite.RevocationHandlers{accessTokenRevoker{s}}
	return fosite.NewOAuth2Provider(nothingStored{}, config)
}

// nothingStored is fosite's storage. Clients are read by the client
// authentication strategy, and no row is stored for an issued token, so fosite
// has nothing to look up.
type nothingStored struct{}

// GetClient finds nothing.
func (nothingStored) GetClient(context.Context, string) (fosite.Client, error) {
	return nil, fosite.ErrNotFound
}

// ClientAssertionJWTValid accepts no assertion.
func (nothingStored) ClientAssertionJWTValid(context.Context, string) error {
	return fosite.ErrJTIKnown
}

// SetClientAssertionJWT accepts no assertion.
func (nothingStored) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

// CreateAccessTokenSession stores nothing: the token itself carries all there is.
func (nothingStored) CreateAccessTokenSession(context.Context, string, fosite.Requester) error {
	return nil
}

// GetAccessTokenSession finds nothing.
func (nothingStored) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

// DeleteAccessTokenSession has nothing to delete.
func (nothingStored) DeleteAccessTokenSession(context.Context, string) error { return nil }
