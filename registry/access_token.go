package registry

import (
	"net/netip"
	"slices"
	"time"
)

// AccessToken is what an issued access token says, whatever its format. No row
// of it is stored.
type AccessToken struct {
	JTI            string
	Issuer         string
	ClientID       string
	SecretID       string // the secret it was obtained with; or
	KeyID          string // the record of the client's key
	OrganizationID string
	ProjectID      string
	ApplicationID  string
	Audience       []string
	Scopes         []string
	Roles          []string
	Permissions    []string
	IssuedAt       time.Time // whole seconds
	ExpiresAt      time.Time // whole seconds
	Rev            Position  // the feed position its client was read at
}

// Current answers what a token that carries the right signature or seal is
// worth at that moment: the token cut to what its client may have now, or the
// cause why it is dead. The denylist is looked at elsewhere. An address that is
// not valid was not told, and is not checked.
//
// The clock decides the token's own expiry and the state of its client;
// whether a change cut the token off is decided by feed positions alone.
func (s *ClientState) Current(t AccessToken, now time.Time, address netip.Addr) (AccessToken, Cause) {
	if cause := s.dead(&t, now); cause != CauseNone {
		return AccessToken{}, cause
	}
	if address.IsValid() {
		if cause := addressCause(s.Client.IPWhitelist, address); cause != CauseNone {
			return AccessToken{}, cause
		}
	}
	r := s.rights
	t.Audience = only(t.Audience, func(aud string) bool {
		return aud == AdminAudience || aud == t.Issuer || r.reaches(aud)
	})
	if len(t.Audience) == 0 {
		return AccessToken{}, CauseAudienceGone
	}
	t.Scopes = only(t.Scopes, func(scope string) bool {
		i, ok := slices.BinarySearch(r.scopes, scope)
		return ok && r.fits(i, t.Audience)
	})
	t.Roles = only(t.Roles, func(role string) bool { return slices.Contains(r.roles, role) })
	t.Permissions = only(t.Permissions, func(p string) bool { return slices.Contains(r.permissions, p) })
	return t, CauseNone
}

func (s *ClientState) dead(t *AccessToken, now time.Time) Cause {
	c := &s.Client
	switch {
	case expiredAt(t.ExpiresAt, now):
		return CauseTokenExpired
	case t.OrganizationID != c.OrganizationID:
		return CauseOtherOrganization
	}
	if cause := statusCause(c.StatusAt(now)); cause != CauseNone {
		return cause
	}
	cutOff := max(c.CutOff, s.Organization.CutOff, s.ProjectCutOff, s.ApplicationCutOff)
	if t.SecretID != "" {
		i := slices.IndexFunc(s.Secrets, func(x Secret) bool { return x.ID == t.SecretID })
		if i < 0 {
			return CauseSecretRevoked
		}
		cutOff = max(cutOff, s.Secrets[i].CutOff)
	}
	if t.KeyID != "" && !slices.ContainsFunc(s.Keys, func(k ClientKey) bool { return k.ID == t.KeyID }) {
		return CauseKeyRemoved
	}
	if t.Rev < cutOff {
		return CauseTokenCutOff
	}
	return CauseNone
}

func statusCause(s Status) Cause {
	switch s {
	case StatusActive:
		return CauseNone
	case StatusRevoked:
		return CauseRevoked
	case StatusExpired:
		return CauseExpired
	case StatusDisabled:
		return CauseDisabled
	case StatusPending:
		return CausePending
	}
	return CauseInternal
}
