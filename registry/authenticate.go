package registry

import (
	"context"
	"net/netip"
	"time"
)

// Authenticator checks credentials and issued tokens on the hot path. It reads
// through HotPath and notes uses with the Recorder. The one thing it writes is
// that a client assertion was used.
//
// Its methods fail with *Refused when the credential is no good, which is
// *Slowed after too many that were not, and with an error of KindUnavailable
// when the database cannot say.
type Authenticator struct{ AuthenticatorConfig }

// AuthenticatorConfig is what an Authenticator needs. Every field but Guard is required.
type AuthenticatorConfig struct {
	HotPath    HotPath
	Assertions AssertionStore
	Peppers    Peppers
	Uses       Recorder
	Now        func() time.Time
	Guard      Guard // bounds what guessing costs; nil for no bounds
}

// NewAuthenticator returns an Authenticator over those parts.
func NewAuthenticator(c AuthenticatorConfig) *Authenticator {
	if c.Guard == nil {
		c.Guard = unguarded{}
	}
	return &Authenticator{c}
}

// AuthenticatedClient is a client that proved who it is, and the secret or key
// it used.
type AuthenticatedClient struct {
	*ClientState
	SecretID string
	KeyID    string
}

// ClientBySecret authenticates a client by its secret from that address. Every
// cause costs the same work, an unknown client too.
func (a *Authenticator) ClientBySecret(ctx context.Context, clientID, secret string, address netip.Addr) (AuthenticatedClient, error) {
	presented, ok := ParseSecretText(PrefixClientSecret, secret)
	attempt := Attempt{Name: clientID, Credential: presented, Address: address, Hopeless: !ok}
	return guarded(ctx, a.Guard, attempt, func() (AuthenticatedClient, error) {
		return a.clientBySecret(ctx, clientID, presented, address)
	})
}

func (a *Authenticator) clientBySecret(ctx context.Context, clientID string, presented SecretText, address netip.Addr) (AuthenticatedClient, error) {
	state, err := a.clientState(ctx, clientID)
	if err != nil && KindOf(err) != KindNotFound {
		return AuthenticatedClient{}, err
	}
	if err != nil {
		a.Peppers.matchSecret(presented, nil)
		return AuthenticatedClient{}, &Refused{Cause: CauseUnknownClient}
	}
	match := a.Peppers.matchSecret(presented, state.Secrets)
	now := a.Now()
	c, cause := AuthenticatedClient{ClientState: state}, CauseWrongSecret
	switch {
	case state.Client.AuthMethod != AuthClientSecret:
		cause = CauseWrongMethod
	case match >= 0:
		c.SecretID, cause = state.Secrets[match].ID, secretCause(&state.Secrets[match], now)
		if cause == CauseNone {
			cause = clientCause(&state.Client, now, address)
		}
	}
	return a.authenticated(c, cause, now, address)
}

// authenticated takes note of an authentication that succeeded, or of the
// cause why not.
func (a *Authenticator) authenticated(c AuthenticatedClient, cause Cause, now time.Time, address netip.Addr) (AuthenticatedClient, error) {
	a.Uses.Record(Use{
		Kind: CredentialClient, ID: c.Client.ID, OrganizationID: c.Client.OrganizationID, SecretID: c.SecretID, KeyID: c.KeyID,
		At: now, Address: address, Watch: c.Client.Watch, Cause: cause,
	})
	if cause != CauseNone {
		return AuthenticatedClient{}, refusedClient(&c.Client, cause)
	}
	return c, nil
}

// Issued notes that a token was issued to the client.
func (a *Authenticator) Issued(c AuthenticatedClient, address netip.Addr) {
	a.Uses.Record(Use{
		Kind: CredentialClient, ID: c.Client.ID, OrganizationID: c.Client.OrganizationID, SecretID: c.SecretID, KeyID: c.KeyID,
		At: a.Now(), Address: address, Counted: true, Watch: c.Client.Watch,
	})
}

// AccessToken tells what a token whose signature or seal was verified is worth
// now, and returns it cut to what its client may have now. An address that is
// not valid was not told.
func (a *Authenticator) AccessToken(ctx context.Context, t AccessToken, address netip.Addr) (AccessToken, *ClientState, error) {
	state, err := a.clientState(ctx, t.ClientID)
	switch {
	case err != nil && KindOf(err) == KindNotFound:
		return AccessToken{}, nil, &Refused{Cause: CauseUnknownClient, OrganizationID: t.OrganizationID}
	case err != nil:
		return AccessToken{}, nil, err
	}
	now := a.Now()
	current, cause := state.Current(t, now, address)
	if cause == CauseNone {
		denied, err := a.HotPath.TokenDenied(ctx, t.JTI)
		if err != nil {
			return AccessToken{}, nil, err
		}
		if denied {
			cause = CauseTokenRevoked
		}
	}
	if cause != CauseNone {
		if cause == CauseAddressOffList {
			a.Uses.Record(Use{
				Kind: CredentialClient, ID: t.ClientID, OrganizationID: state.Client.OrganizationID,
				At: now, Address: address, Cause: cause,
			})
		}
		return AccessToken{}, nil, refusedClient(&state.Client, cause)
	}
	return current, state, nil
}

// clientState reads a client, and answers not found for one that was never
// confirmed in time and for text that is no client id.
func (a *Authenticator) clientState(ctx context.Context, clientID string) (*ClientState, error) {
	if !IsID(clientID, PrefixClient) {
		return nil, NotFound("client")
	}
	state, err := a.HotPath.ClientState(ctx, clientID)
	if err != nil {
		return nil, err
	}
	if state.Client.GoneAt(a.Now()) {
		return nil, NotFound("client")
	}
	return state, nil
}

// secretCause tells why a secret is no good at that moment, or CauseNone.
func secretCause(s *Secret, now time.Time) Cause {
	switch s.StatusAt(now) {
	case StatusRevoked:
		return CauseSecretRevoked
	case StatusExpired:
		return CauseSecretExpired
	}
	return CauseNone
}

// clientCause tells why a client may not authenticate now from that address,
// or CauseNone.
func clientCause(c *Client, now time.Time, address netip.Addr) Cause {
	if cause := statusCause(c.StatusAt(now)); cause != CauseNone {
		return cause
	}
	return addressCause(c.IPWhitelist, address)
}

func refusedClient(c *Client, cause Cause) *Refused {
	return &Refused{cause, c.OrganizationID, Principal{ActorClient, c.ID}}
}
