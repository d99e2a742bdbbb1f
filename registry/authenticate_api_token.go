package registry

import (
	"context"
	"net/netip"
	"strings"
)

// LooksLikeAPIToken tells whether a bearer token is meant to be an API token
// rather than an access token.
func LooksLikeAPIToken(text string) bool { return strings.HasPrefix(text, PrefixAPITokenValue) }

// APIToken authenticates a static bearer token from that address: FindAPIToken
// and UseAPIToken in one, for who accepts the API tokens of every organization.
func (a *Authenticator) APIToken(ctx context.Context, text string, address netip.Addr) (*APITokenState, error) {
	state, err := a.FindAPIToken(ctx, text)
	if err != nil {
		return nil, err
	}
	if err := a.UseAPIToken(state, address); err != nil {
		return nil, err
	}
	return state, nil
}

// FindAPIToken tells which API token that is, whatever its status, and takes
// note of nothing. One of the wrong form or with wrong check digits is refused
// without the database.
func (a *Authenticator) FindAPIToken(ctx context.Context, text string) (*APITokenState, error) {
	presented, ok := ParseSecretText(PrefixAPITokenValue, text)
	if !ok {
		return nil, &Refused{Cause: CauseMalformedToken}
	}
	return guarded(ctx, a.Guard, Attempt{Credential: presented}, func() (*APITokenState, error) {
		state, err := a.HotPath.APITokenState(ctx, a.Peppers.Digests(presented))
		if err != nil && KindOf(err) == KindNotFound {
			err = &Refused{Cause: CauseUnknownToken}
		}
		return state, err
	})
}

// UseAPIToken accepts or refuses an API token that was found, from that
// address, and counts the one or the other. A token with a whitelist is
// refused when the address was not told.
func (a *Authenticator) UseAPIToken(s *APITokenState, address netip.Addr) error {
	t, now := &s.APIToken, a.Now()
	cause := statusCause(t.StatusAt(now))
	if cause == CauseNone {
		cause = addressCause(t.IPWhitelist, address)
	}
	a.Uses.Record(Use{
		Kind: CredentialAPIToken, ID: t.ID, OrganizationID: t.OrganizationID, At: now, Address: address,
		Counted: cause == CauseNone, Cause: cause,
	})
	if cause != CauseNone {
		return &Refused{cause, t.OrganizationID, Principal{ActorAPIToken, t.ID}}
	}
	return nil
}
