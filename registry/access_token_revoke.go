package registry

import "context"

var opAccessTokenRevoke = operation{"access_token.revoke", FeedToken, byClientItself}

// RevokeAccessToken puts an access token of the client that asks on the
// denylist (RFC 7009). One that is there already, or has expired, leaves no trace.
func (s *Service) RevokeAccessToken(ctx context.Context, actor Actor, t AccessToken) error {
	return s.change(ctx, actor, opAccessTokenRevoke, t.JTI, func(c *change) error {
		if t.ClientID != actor.ID || t.OrganizationID != actor.OrganizationID {
			return Forbidden(CodeForbidden, "the token belongs to another client")
		}
		if expiredAt(t.ExpiresAt, c.now) {
			c.nothing = true
			return nil
		}
		added, err := c.DenyToken(ctx, DeniedToken{
			JTI: t.JTI, OrganizationID: t.OrganizationID, ClientID: t.ClientID, ExpiresAt: t.ExpiresAt, RevokedAt: c.now,
		})
		c.nothing = !added
		return err
	})
}
