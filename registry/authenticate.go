package registry

import (
	"context"
	"net/netip"
	"strings"
	"time"
)

// Authenticator checks credentials and issued tokens on the hot path. It reads
// through HotPath, notes uses with the Recorder, and never writes.
//
// Its methods fail with *Refused when the credential is no good, and with an
// error of KindUnavailable when the database cannot say.
type Authenticator struct{ AuthenticatorConfig }

// AuthenticatorConfig is what an Authenticator needs. Every field is required.
type AuthenticatorConfig struct {
	HotPath HotPath
	Peppers Peppers
	Uses    Recorder
	Now     func() time.Time
}

// NewAuthenticator returns an Authenticator over those parts.
func NewAuthenticator(c AuthenticatorConfig) *Authenticator { return &Authenticator{c} }

// AuthenticatedClient is a client that proved who it is, and the secret it used.
type AuthenticatedClient struct {
	ClientState
	SecretID string
}

// ClientBySecret authenticates a client by its secret from that address. Every
// cause costs the same work, an unknown client too.
func (a *Authenticator) ClientBySecret(ctx context.Context, clientID, secret string, address netip.Addr) (AuthenticatedClient, error) {
	presented, _ := ParseSecretText(PrefixClientSecret, secret)
	state, err := a.clientState(ctx, clientID)
	if err != nil && KindOf(err) != KindNotFound {
		return AuthenticatedClient{}, err
	}
	match := a.Peppers.matchSecret(presented, state.Secrets)
	if err != nil {
		return AuthenticatedClient{}, &Refused{Cause: CauseUnknownClient}
	}
	now := a.Now()
	cause := CauseWrongSecret
	if match >= 0 {
		cause = usableCause(state.Client, state.Secrets[match], now, address)
	}
	use := Use{Kind: CredentialClient, ID: clientID, At: now, Address: address, Watch: state.Client.Watch, Cause: cause}
	if cause != CauseNone {
		a.Uses.Record(use)
		return AuthenticatedClient{}, refusedClient(state.Client, cause)
	}
	use.SecretID = state.Secrets[match].ID
	a.Uses.Record(use)
	return AuthenticatedClient{state, use.SecretID}, nil
}

// Issued notes that a token was issued to the client.
func (a *Authenticator) Issued(c AuthenticatedClient, address netip.Addr) {
	a.Uses.Record(Use{
		Kind: CredentialClient, ID: c.Client.ID, SecretID: c.SecretID,
		At: a.Now(), Address: address, Counted: true, Watch: c.Client.Watch,
	})
}

// AccessToken tells what a token whose signature or seal was verified is worth
// now, and returns it cut to what its client may have now. An address that is
// not valid was not told.
func (a *Authenticator) AccessToken(ctx context.Context, t AccessToken, address netip.Addr) (AccessToken, ClientState, error) {
	state, err := a.clientState(ctx, t.ClientID)
	switch {
	case err != nil && KindOf(err) == KindNotFound:
		return AccessToken{}, ClientState{}, &Refused{Cause: CauseUnknownClient, OrganizationID: t.OrganizationID}
	case err != nil:
		return AccessToken{}, ClientState{}, err
	}
	now := a.Now()
	current, cause := state.Current(t, now, address)
	if cause == CauseNone {
		denied, err := a.HotPath.TokenDenied(ctx, t.JTI)
		if err != nil {
			return AccessToken{}, ClientState{}, err
		}
		if denied {
			cause = CauseTokenRevoked
		}
	}
	if cause != CauseNone {
		if cause == CauseAddressOffList {
			a.Uses.Record(Use{Kind: CredentialClient, ID: t.ClientID, At: now, Address: address, Cause: cause})
		}
		return AccessToken{}, ClientState{}, refusedClient(state.Client, cause)
	}
	return current, state, nil
}

// APIToken authenticates a static bearer token from that address. One of the
// wrong form or with wrong check digits is refused without the database; one
// with a whitelist is refused when the address was not told.
func (a *Authenticator) APIToken(ctx context.Context, text string, address netip.Addr) (APITokenState, error) {
	presented, ok := ParseSecretText(PrefixAPITokenValue, text)
	if !ok {
		return APITokenState{}, &Refused{Cause: CauseMalformedToken}
	}
	state, err := a.HotPath.APITokenState(ctx, a.Peppers.Digests(presented))
	if err != nil {
		if KindOf(err) == KindNotFound {
			err = &Refused{Cause: CauseUnknownToken}
		}
		return APITokenState{}, err
	}
	t, now := state.APIToken, a.Now()
	cause := statusCause(t.StatusAt(now))
	if cause == CauseNone && len(t.IPWhitelist) > 0 {
		if !address.IsValid() {
			cause = CauseAddressUnknown
		} else if !addressAllowed(t.IPWhitelist, address) {
			cause = CauseAddressOffList
		}
	}
	a.Uses.Record(Use{
		Kind: CredentialAPIToken, ID: t.ID, At: now, Address: address,
		Counted: cause == CauseNone, Cause: cause,
	})
	if cause != CauseNone {
		return APITokenState{}, &Refused{cause, t.OrganizationID, Principal{ActorAPIToken, t.ID}}
	}
	return state, nil
}

// LooksLikeAPIToken tells whether a bearer token is meant to be an API token
// rather than an access token.
func LooksLikeAPIToken(text string) bool { return strings.HasPrefix(text, PrefixAPITokenValue) }

// clientState reads a client, and answers not found for one that was never
// confirmed in time and for text that is no client id.
func (a *Authenticator) clientState(ctx context.Context, clientID string) (ClientState, error) {
	if !IsID(clientID, PrefixClient) {
		return ClientState{}, NotFound("client")
	}
	state, err := a.HotPath.ClientState(ctx, clientID)
	if err != nil {
		return ClientState{}, err
	}
	if state.Client.GoneAt(a.Now()) {
		return ClientState{}, NotFound("client")
	}
	return state, nil
}

// usableCause tells why a client with that secret may not authenticate now
// from that address, or CauseNone.
func usableCause(c Client, s Secret, now time.Time, address netip.Addr) Cause {
	switch s.StatusAt(now) {
	case StatusRevoked:
		return CauseSecretRevoked
	case StatusExpired:
		return CauseSecretExpired
	}
	if cause := statusCause(c.StatusAt(now)); cause != CauseNone {
		return cause
	}
	if c.AuthMethod != AuthClientSecret {
		return CauseWrongMethod
	}
	if len(c.IPWhitelist) > 0 && !address.IsValid() {
		return CauseAddressUnknown
	}
	if !addressAllowed(c.IPWhitelist, address) {
		return CauseAddressOffList
	}
	return CauseNone
}

func refusedClient(c Client, cause Cause) *Refused {
	return &Refused{cause, c.OrganizationID, Principal{ActorClient, c.ID}}
}
