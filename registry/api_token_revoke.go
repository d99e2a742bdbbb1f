package registry

import (
	"context"
	"fmt"
)

var (
	opAPITokenRevoke    = operation{"api_token.revoke", FeedAPIToken, byAdmin}
	opAPITokenRevokeAll = operation{"api_token.revoke_all", FeedOrganization, byAdmin}
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
	err = s.change(ctx, actor, opAPITokenRevokeAll, in.target(), func(c *change) error {
		if result, err = c.revokableAPITokens(ctx, filter); err != nil {
			return err
		}
		if err := in.expects(result.Count, "API tokens"); err != nil {
			return err
		}
		if c.nothing = in.DryRun || result.Count == 0; c.nothing {
			return nil
		}
		ids, err := c.RevokeAPITokens(ctx, filter, c.now)
		if err != nil {
			return err
		}
		if err := in.expects(len(ids), "API tokens"); err != nil {
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

// revokableAPITokens counts what the filter hits, and refuses a machine that
// would hit itself or one holding the admin API's scopes.
func (c *change) revokableAPITokens(ctx context.Context, filter APITokenFilter) (RevokeAllAPITokensResult, error) {
	var result RevokeAllAPITokensResult
	for page := (Page{Limit: maxLimit}); ; {
		tokens, err := c.APITokenPage(ctx, filter, page)
		if err != nil {
			return result, err
		}
		for _, t := range tokens {
			if c.actor.credential() && (t.ID == c.actor.ID || holdsAdmin(t.Scopes, nil)) {
				return RevokeAllAPITokensResult{}, consoleSessionRequired(fmt.Sprintf("revoking %s, which holds a %s* scope,", t.ID, scopeAdmin))
			}
		}
		result.Count += len(tokens)
		result.Items = append(result.Items, tokens[:min(len(tokens), max(0, revokeAllShown-len(result.Items)))]...)
		if len(tokens) < page.Limit {
			return result, nil
		}
		last := tokens[len(tokens)-1]
		page.AfterAt, page.AfterID = last.CreatedAt, last.ID
	}
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
