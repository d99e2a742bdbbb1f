package oauth

import (
	"net/netip"
	"slices"
	"time"

	"github.com/ory/fosite"

	"keywright/registry"
)

// session carries one request through fosite, which knows tokens only by it.
type session struct {
	token          registry.AccessToken // the outcome: minted, or recognised and still good
	credentialType string               // what it is the token of, once recognised
	expiresAt      time.Time

	caller   *client    // who introspects; nil for a gateway
	audience string     // the API that a gateway asks for
	address  netip.Addr // where the bearer of the introspected token was seen; may be unknown

	client *registry.ClientState // whose access token was recognised, as it is now
}

// fromOrganization tells whether a token of that organization may be shown to
// who asks. A gateway has no organization; the API that it asks for has one,
// and no two organizations have an API of the same identifier.
func (s *session) fromOrganization(id string) bool {
	return s.caller == nil || s.caller.Client.OrganizationID == id
}

// forAudience tells whether a token for those audiences may be shown to who asks.
func (s *session) forAudience(audience []string) bool {
	if s.caller == nil {
		return slices.Contains(audience, s.audience)
	}
	return maySee(s.caller.Client.Introspects, audience)
}

// otherAudience refuses a token that is not for who asks. Where a gateway asks,
// the refusal concerns the token; a resource server learns of itself.
func (s *session) otherAudience(t registry.AccessToken, kind string) error {
	r := &registry.Refused{Cause: registry.CauseOtherAudience}
	if s.caller == nil {
		r.OrganizationID, r.Credential = t.OrganizationID, registry.Principal{Kind: kind, ID: t.ClientID}
	}
	return r
}

// principal is the credential whose token was recognised.
func (s *session) principal() registry.Principal {
	kind := registry.ActorClient
	if s.credentialType == registry.CredentialAPIToken {
		kind = registry.ActorAPIToken
	}
	return registry.Principal{Kind: kind, ID: s.token.ClientID}
}

// sessionOf returns our session behind fosite's interface.
func sessionOf(request fosite.Requester) *session {
	s, _ := request.GetSession().(*session)
	return s
}

// SetExpiresAt implements fosite.Session. There are only access tokens.
func (s *session) SetExpiresAt(_ fosite.TokenType, at time.Time) { s.expiresAt = at }

// GetExpiresAt implements fosite.Session.
func (s *session) GetExpiresAt(fosite.TokenType) time.Time { return s.expiresAt }

// GetUsername implements fosite.Session. Clients have none.
func (s *session) GetUsername() string { return "" }

// GetSubject implements fosite.Session.
func (s *session) GetSubject() string { return s.token.ClientID }

// Clone implements fosite.Session.
func (s *session) Clone() fosite.Session {
	clone := *s
	return &clone
}
