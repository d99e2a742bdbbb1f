package oauth

import (
	"net/netip"
	"time"

	"github.com/ory/fosite"

	"keywright/registry"
)

// session carries one request through fosite, which knows tokens only by it.
type session struct {
	token     registry.AccessToken // the outcome: minted, or recognised and still good
	expiresAt time.Time

	caller  *client    // who introspects
	address netip.Addr // where the bearer of the introspected token was seen; may be unknown
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
