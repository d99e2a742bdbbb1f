package registry

import "context"

var (
	opAPITokenRevoke    = operation{"api_token.revoke", FeedAPIToken, byAdmin}
	opAPITokenRevokeAll = operation{"api_token.revoke_all", FeedOrganization, byRecentAdmin}
	opAPITokenDelete    = operation{"api_token.delete", FeedAPIToken, byAdminOrCreator}
)

// RevokeAPIToken ends an API token for good. Revoking twice is a conflict.
func (s *Service) RevokeAPIToken(ctx context.Context, actor Actor, id string, match int64) (APIToken, error) {
	var t APIToken
	err := s.change(ctx, actor, opAPITokenRevoke, id, func(c *change) error {
		before, err := c.apiToken(ctx, id, match)
		if err != nil {
			return err
		}
		if !before.RevokedAt.IsZero() {
			return Conflict(CodeCredentialRevoked, "the API token is revoked already")
		}
		t = before
		t.RevokedAt = c.now
		return c.storeAPIToken(ctx, before, &t)
	})
	return t, err
}

// DeleteAPIToken removes an API token, revoking a live one by that. Its audit
// events stay.
func (s *Service) DeleteAPIToken(ctx context.Context, actor Actor, id string, match int64) error {
	return s.change(ctx, actor, opAPITokenDelete, id, func(c *change) error {
		t, err := c.apiToken(ctx, id, match)
		if err != nil {
			return err
		}
		c.before = auditAPIToken(t)
		return c.DeleteAPIToken(ctx, c.organizationID, id)
	})
}

// RevokeAllAPITokensResult says what was hit, or would be.
type RevokeAllAPITokensResult struct {
	Count int
	Items []APIToken // the first hundred
}

// RevokeAllAPITokens revokes every API token that the input chooses, in one
// change. API tokens belong to no application.
func (s *Service) RevokeAllAPITokens(ctx context.Context, actor Actor, in RevokeAllInput) (RevokeAllAPITokensResult, error) {
	clients, err := in.filter(actor)
	if err == nil && in.ApplicationID != "" {
		var v invalid
		v.add("applicationId", "chooses no API tokens")
		err = v.err()
	}
	if err != nil {
		return RevokeAllAPITokensResult{}, err
	}
	filter := APITokenFilter{
		OrganizationID: clients.OrganizationID, ProjectID: clients.ProjectID, CreatedBy: clients.CreatedBy, OnlyUnrevoked: true,
	}
	var result RevokeAllAPITokensResult
	if in.DryRun {
		err = s.preview(ctx, actor, opAPITokenRevokeAll, in.target(), "", func(r Reader) error {
			result, err = revokableAPITokens(ctx, r, actor, in, filter)
			return err
		})
		return result, err
	}
	err = s.changeMany(ctx, actor, opAPITokenRevokeAll, in.target(), func(c *change) error {
		ids, err := c.LockAPITokens(ctx, filter)
		if err != nil {
			return err
		}
		if err := mayRevokeAPITokens(ctx, c, actor, filter); err != nil {
			return err
		}
		if err := in.expects(len(ids), "API tokens"); err != nil {
			return err
		}
		if c.nothing = len(ids) == 0; c.nothing {
			return nil
		}
		if err := c.RevokeAPITokens(ctx, ids, c.now); err != nil {
			return err
		}
		c.after = map[string]any{"selector": in.selector(), "count": len(ids), "apiTokenIds": ids}
		result, err = c.revokedAPITokens(ctx, ids)
		return err
	})
	return result, err
}

// expects refuses another number than the caller was told.
func (in RevokeAllInput) expects(count int, what string) error {
	if in.ExpectedCount != nil && *in.ExpectedCount != count {
		return Conflict(CodeCountChanged, "%d %s would be revoked, not %d", count, what, *in.ExpectedCount)
	}
	return nil
}

// revokableAPITokens finds out what the filter hits.
func revokableAPITokens(ctx context.Context, r Reader, actor Actor, in RevokeAllInput, filter APITokenFilter) (result RevokeAllAPITokensResult, err error) {
	if err := mayRevokeAPITokens(ctx, r, actor, filter); err != nil {
		return result, err
	}
	if result.Count, err = r.CountAPITokens(ctx, filter); err != nil {
		return result, err
	}
	if err := in.expects(result.Count, "API tokens"); err != nil {
		return result, err
	}
	result.Items, err = r.APITokenPage(ctx, filter, Page{Limit: revokeAllShown})
	return result, err
}

// mayRevokeAPITokens refuses a machine that would hit one holding the admin
// API's scopes. One that asks holds them, so that it cannot hit itself either.
func mayRevokeAPITokens(ctx context.Context, r Reader, actor Actor, filter APITokenFilter) error {
	if !actor.credential() {
		return nil
	}
	holder, err := r.APITokenHolding(ctx, filter, scopeAdmin)
	return mustHoldNoAdmin(holder, err)
}

func (c *change) revokedAPITokens(ctx context.Context, ids []string) (RevokeAllAPITokensResult, error) {
	result := RevokeAllAPITokensResult{Count: len(ids)}
	for _, id := range ids[:min(len(ids), revokeAllShown)] {
		t, err := c.APIToken(ctx, c.organizationID, id)
		if err != nil {
			return RevokeAllAPITokensResult{}, err
		}
		result.Items = append(result.Items, t)
	}
	return result, nil
}
