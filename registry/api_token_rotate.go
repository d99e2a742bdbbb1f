package registry

import (
	"context"
	"time"
)

var opAPITokenRegenerate = operation{"api_token.regenerate", FeedAPIToken, byAdminOrCreator}

// RegenerateAPIToken gives an API token a new value, which is in this answer
// alone; the older value is dead before it. A new expiry is that given; nil
// leaves it, or is the default once it has expired. A disabled API token stays
// disabled.
func (s *Service) RegenerateAPIToken(ctx context.Context, actor Actor, id string, expiresAt *time.Time) (APIToken, SecretText, error) {
	var t APIToken
	var text SecretText
	err := s.change(ctx, actor, opAPITokenRegenerate, id, func(c *change) error {
		before, err := c.apiToken(ctx, id, 0)
		if err != nil {
			return err
		}
		if err := c.mayReceive(ctx, before.Scopes, nil); err != nil {
			return err
		}
		if !before.RevokedAt.IsZero() {
			return Conflict(CodeCredentialRevoked, "the API token is revoked")
		}
		if t, err = c.renewed(ctx, before, expiresAt); err != nil {
			return err
		}
		if text, err = NewSecretText(s.Rand, PrefixAPITokenValue); err != nil {
			return err
		}
		t.Digest, t.Hint, t.RegeneratedAt = s.Peppers.Digest(text), text.Hint(), c.now
		return c.storeAPIToken(ctx, before, &t)
	})
	return t, text, err
}

// renewed is the API token with its new expiry.
func (c *change) renewed(ctx context.Context, t APIToken, expiresAt *time.Time) (APIToken, error) {
	expired := expiredAt(t.ExpiresAt, c.now)
	if expiresAt == nil && !expired {
		return t, nil
	}
	organization, err := c.Organization(ctx, c.organizationID)
	if err != nil {
		return t, err
	}
	var wanted time.Time
	if expiresAt != nil {
		wanted = *expiresAt
	}
	var v invalid
	before := t.ExpiresAt
	t.ExpiresAt = v.apiTokenExpiry("expiresAt", wanted, c.now, organization)
	if !c.actor.isAdmin() && !expired && t.ExpiresAt.After(before) {
		return t, Forbidden(CodeGrantExceedsOwn, "a creator may not extend an API token's life")
	}
	return t, v.err()
}
