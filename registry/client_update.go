package registry

import (
	"context"
	"time"
)

var (
	opClientUpdate  = operation{"client.update", FeedClient, byAdminOrCreator}
	opClientConfirm = operation{"client.confirm", FeedClient, byAdminOrCreator}
)

// UpdateClient changes the settings that the patch names; the secrets stay. Of
// the keys those stay that jwks still names, and access tokens obtained with
// another one die. A creator who is no admin may only narrow, and replace keys
// as they may secrets. match is the revision of If-Match,
// or 0. Disabling cuts off the access tokens issued before.
func (s *Service) UpdateClient(ctx context.Context, actor Actor, clientID string, p ClientPatch, match int64) (ClientDetails, error) {
	var d ClientDetails
	err := s.change(ctx, actor, opClientUpdate, clientID, func(c *change) error {
		before, err := c.client(ctx, clientID, match)
		if err != nil {
			return err
		}
		cc, err := readClientContext(ctx, c, c.organizationID, before.ApplicationID)
		if err != nil {
			return err
		}
		if err := c.editable(before, p); err != nil {
			return err
		}
		after := before
		var v invalid
		cc.apply(&after, p, c.now, &v)
		var keys []PublicKey
		if p.JWKS != nil {
			keys = s.publicKeys(&after, *p.JWKS, &v)
		}
		if err := v.err(); err != nil {
			return err
		}
		if err := c.mayChangeGrants(cc, before, after); err != nil {
			return err
		}
		if p.JWKS != nil {
			if err := c.mayReceive(ctx, before.Scopes, before.RoleIDs); err != nil {
				return err
			}
			if err := s.replaceKeys(ctx, c, clientID, keys); err != nil {
				return err
			}
		}
		if before.IsActive && !after.IsActive {
			c.cutOff(CutOffClient, clientID)
		}
		d, err = s.storeClient(ctx, c, before, after)
		return err
	})
	return d, err
}

// editable refuses what the state of the client forbids.
func (c *change) editable(client Client, p ClientPatch) error {
	switch status := client.StatusAt(c.now); {
	case status == StatusRevoked && p.IsActive != nil:
		return Conflict(CodeCredentialRevoked, "a revoked client cannot be enabled or disabled")
	case status == StatusExpired && p.ExpiresAt != nil:
		return Conflict(CodeCredentialExpired, "the client has expired: regenerate it or create another")
	}
	return nil
}

// mayChangeGrants checks that the actor may lead a client from before to after.
func (c *change) mayChangeGrants(cc clientContext, before, after Client) error {
	if !c.actor.isAdmin() && !cc.narrower(before, after) {
		return Forbidden(CodeGrantExceedsOwn, "a creator may narrow a client, never widen it")
	}
	return c.actor.mayGrant(cc.state(after).EffectiveScopes(), nil)
}

// storeClient writes a changed client with its next revision, and the audit's before and after.
func (s *Service) storeClient(ctx context.Context, c *change, before, after Client) (ClientDetails, error) {
	was, err := s.details(ctx, c, before)
	if err != nil {
		return ClientDetails{}, err
	}
	after.Revision++
	after.UpdatedAt = c.now
	if err := c.UpdateClient(ctx, after); err != nil {
		return ClientDetails{}, err
	}
	is, err := s.details(ctx, c, after)
	c.before, c.after = auditClient(was), auditClient(is)
	return is, err
}

// ConfirmClient makes a pending client active. Of several parallel calls one
// succeeds, the others are a conflict.
func (s *Service) ConfirmClient(ctx context.Context, actor Actor, clientID string) (ClientDetails, error) {
	var d ClientDetails
	err := s.change(ctx, actor, opClientConfirm, clientID, func(c *change) error {
		before, err := c.client(ctx, clientID, 0)
		if err != nil {
			return err
		}
		if err := c.mayReceive(ctx, before.Scopes, before.RoleIDs); err != nil {
			return err
		}
		if !before.RevokedAt.IsZero() {
			return Conflict(CodeCredentialRevoked, "the client is revoked")
		}
		if before.ConfirmBy.IsZero() {
			return Conflict(CodeConflict, "the client is not pending")
		}
		after := before
		after.ConfirmBy = time.Time{}
		d, err = s.storeClient(ctx, c, before, after)
		return err
	})
	return d, err
}
