package registry

import (
	"context"
	"net/netip"
	"time"
)

// Assertion is a client assertion (RFC 7523 §3) that has the right form and is
// not verified yet.
type Assertion struct {
	ClientID  string    // its sub
	ID        string    // its jti
	ExpiresAt time.Time // from when on it is refused
	// Verify returns the id of the key that the assertion is signed with, or
	// why it is refused. Without keys it finds nothing, and takes as long.
	Verify func(keys []ClientKey) (keyID string, cause Cause)
}

// ClientByAssertion authenticates a client by an assertion from that address.
// Every cause costs the same work, an unknown client too.
//
// That the assertion is used up is the last thing to happen: one that is
// refused for any other reason can still be used once that is mended.
func (a *Authenticator) ClientByAssertion(ctx context.Context, assertion Assertion, address netip.Addr) (AuthenticatedClient, error) {
	return guarded(ctx, a.Guard, Attempt{Name: assertion.ClientID, Address: address}, func() (AuthenticatedClient, error) {
		return a.clientByAssertion(ctx, assertion, address)
	})
}

func (a *Authenticator) clientByAssertion(ctx context.Context, assertion Assertion, address netip.Addr) (AuthenticatedClient, error) {
	state, err := a.clientState(ctx, assertion.ClientID)
	if err != nil && KindOf(err) != KindNotFound {
		return AuthenticatedClient{}, err
	}
	if err != nil {
		assertion.Verify(nil)
		return AuthenticatedClient{}, &Refused{Cause: CauseUnknownClient}
	}
	keyID, cause := assertion.Verify(state.Keys)
	now := a.Now()
	switch {
	case state.Client.AuthMethod != AuthPrivateKeyJWT:
		cause = CauseWrongMethod
	case cause == CauseNone:
		cause = clientCause(&state.Client, now, address)
	}
	if cause == CauseNone {
		first, err := a.Assertions.UseAssertion(ctx, UsedAssertion{assertion.ClientID, assertion.ID, assertion.ExpiresAt})
		if err != nil {
			return AuthenticatedClient{}, err
		}
		if !first {
			cause = CauseAssertionReplayed
		}
	}
	return a.authenticated(AuthenticatedClient{ClientState: state, KeyID: keyID}, cause, now, address)
}
