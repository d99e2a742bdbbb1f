package registry

import (
	"context"
	"slices"
	"time"
)

var (
	opClientRegenerate   = operation{"client.regenerate", FeedClient, byAdminOrCreator}
	opClientSecretAdd    = operation{"client.secret.create", FeedClient, byAdminOrCreator}
	opClientSecretDelete = operation{"client.secret.delete", FeedClient, byAdminOrCreator}
)

const (
	// MaxOverlap is how long an older secret may outlive its replacement.
	MaxOverlap = 30 * 24 * time.Hour
	// deadSecretKept is how long the record of a dead secret is kept, so that
	// its use can be explained, and deadSecretsKept how many of them: the hot
	// path reads them all.
	deadSecretKept  = 30 * 24 * time.Hour
	deadSecretsKept = 10
	// inUseWithin is the shortest time without use after which a secret may be
	// deleted unasked.
	inUseWithin = time.Hour
)

// RegenerateInput says how to replace a secret.
type RegenerateInput struct {
	Overlap   time.Duration // 0: the older secrets die before the answer is sent
	ExpiresAt *time.Time    // a new expiry of the client; nil: unchanged, or the default if it has expired
}

// RegenerateClient gives a client a new secret, whose plaintext is in this
// answer alone. Without overlap every older secret is dead, with the access
// tokens obtained with it; with overlap each lives until the earlier of its
// own expiry and the end of the overlap.
func (s *Service) RegenerateClient(ctx context.Context, actor Actor, clientID string, in RegenerateInput) (ClientDetails, SecretText, error) {
	var d ClientDetails
	var text SecretText
	err := s.change(ctx, actor, opClientRegenerate, clientID, func(c *change) error {
		before, err := c.client(ctx, clientID, 0)
		if err != nil {
			return err
		}
		if err := takesSecrets(before); err != nil {
			return err
		}
		if err := c.mayReceive(ctx, before.Scopes, before.RoleIDs); err != nil {
			return err
		}
		after, err := s.regenerated(ctx, c, before, in)
		if err != nil {
			return err
		}
		if err := s.retireSecrets(ctx, c, clientID, in.Overlap); err != nil {
			return err
		}
		if _, text, err = s.insertSecret(ctx, c, clientID, time.Time{}); err != nil {
			return err
		}
		d, err = s.storeClient(ctx, c, before, after)
		return err
	})
	return d, text, err
}

// regenerated checks the input and gives an expired client its new expiry. Its
// earlier access tokens, dead by the old expiry, must not come back: they are cut off.
func (s *Service) regenerated(ctx context.Context, c *change, client Client, in RegenerateInput) (Client, error) {
	var v invalid
	if in.Overlap < 0 || in.Overlap > MaxOverlap {
		v.add("overlapSeconds", "must lie between 0 and %d", int(MaxOverlap.Seconds()))
	}
	expired := client.StatusAt(c.now) == StatusExpired
	if expired {
		c.cutOff(CutOffClient, client.ID)
	}
	if in.ExpiresAt != nil || expired {
		organization, err := c.Organization(ctx, c.organizationID)
		if err != nil {
			return client, err
		}
		var wanted time.Time
		if in.ExpiresAt != nil {
			wanted = *in.ExpiresAt
		}
		before := client.ExpiresAt
		client.ExpiresAt = v.expiry("expiresAt", wanted, c.now, organization.MaxCredentialLifetime)
		later := client.ExpiresAt.IsZero() || client.ExpiresAt.After(before)
		if !c.actor.isAdmin() && in.ExpiresAt != nil && !before.IsZero() && later && !expired {
			return client, Forbidden(CodeGrantExceedsOwn, "a creator may not extend a client's life")
		}
	}
	return client, v.err()
}

// takesSecrets refuses what a client must not be for it to get a secret.
func takesSecrets(client Client) error {
	if !client.RevokedAt.IsZero() {
		return Conflict(CodeCredentialRevoked, "the client is revoked")
	}
	if client.AuthMethod != AuthClientSecret {
		return Conflict(CodeConflict, "the client authenticates by %s and has no secrets", client.AuthMethod)
	}
	return nil
}

// retireSecrets ends the older secrets of a client now or after the overlap,
// never later than they would have ended, and forgets those long dead.
func (s *Service) retireSecrets(ctx context.Context, c *change, clientID string, overlap time.Duration) error {
	secrets, err := c.Secrets(ctx, clientID)
	if err != nil {
		return err
	}
	dead := 0
	for _, secret := range slices.Backward(secrets) { // newest first
		switch end := c.now.Add(overlap); {
		case secret.StatusAt(c.now) != StatusActive:
			if dead++; forgettable(secret, dead, c.now) {
				err = c.DeleteSecret(ctx, clientID, secret.ID)
			}
		case overlap == 0:
			dead++
			secret.RevokedAt = c.now
			c.cutOff(CutOffSecret, secret.ID)
			err = c.UpdateSecret(ctx, secret)
		case secret.ExpiresAt.IsZero() || secret.ExpiresAt.After(end):
			secret.ExpiresAt = end
			err = c.UpdateSecret(ctx, secret)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// forgettable tells whether the record of the nth newest dead secret may go.
// Access tokens of a secret without a record are dead, so that of one whose
// overlap ended must outlast them.
func forgettable(s Secret, nth int, now time.Time) bool {
	if s.RevokedAt.IsZero() {
		return now.After(s.ExpiresAt.Add(MaxTokenTTL)) && (nth > deadSecretsKept || now.After(s.ExpiresAt.Add(deadSecretKept)))
	}
	return nth > deadSecretsKept || now.After(s.RevokedAt.Add(deadSecretKept))
}

// AddSecret gives a client one more secret beside those it has, up to five
// live. Its plaintext is in this answer alone.
func (s *Service) AddSecret(ctx context.Context, actor Actor, clientID string, expiresAt time.Time) (Secret, SecretText, error) {
	var secret Secret
	var text SecretText
	err := s.change(ctx, actor, opClientSecretAdd, clientID, func(c *change) error {
		client, err := c.client(ctx, clientID, 0)
		if err != nil {
			return err
		}
		if err := takesSecrets(client); err != nil {
			return err
		}
		if err := c.mayReceive(ctx, client.Scopes, client.RoleIDs); err != nil {
			return err
		}
		secrets, err := c.Secrets(ctx, clientID)
		if err != nil {
			return err
		}
		live := 0
		for _, other := range secrets {
			if other.StatusAt(c.now) == StatusActive {
				live++
			}
		}
		if live >= MaxLiveSecrets {
			return Conflict(CodeConflict, "the client has %d live secrets already: delete one first", live)
		}
		var v invalid
		expiresAt = v.expiry("expiresAt", expiresAt, c.now, 0)
		if err := v.err(); err != nil {
			return err
		}
		if secret, text, err = s.insertSecret(ctx, c, clientID, expiresAt); err != nil {
			return err
		}
		_, err = s.storeClient(ctx, c, client, client)
		return err
	})
	return secret, text, err
}

// DeleteSecret deletes one secret of a client; the access tokens obtained with
// it die. One that was used within the longer of an hour and two token
// lifetimes needs force.
func (s *Service) DeleteSecret(ctx context.Context, actor Actor, clientID, secretID string, force bool) error {
	return s.change(ctx, actor, opClientSecretDelete, clientID, func(c *change) error {
		client, err := c.client(ctx, clientID, 0)
		if err != nil {
			return err
		}
		secrets, err := c.Secrets(ctx, clientID)
		if err != nil {
			return err
		}
		for _, secret := range secrets {
			if secret.ID != secretID {
				continue
			}
			if !force && recentlyUsed(client, secret, c.now) {
				return Conflict(CodeSecretInUse, "the secret was used at %s: deploy its successor first, or force", secret.Usage.LastUsedAt.Format(time.RFC3339))
			}
			if err := c.DeleteSecret(ctx, clientID, secretID); err != nil {
				return err
			}
			_, err = s.storeClient(ctx, c, client, client)
			return err
		}
		return NotFound("secret")
	})
}

func recentlyUsed(client Client, secret Secret, now time.Time) bool {
	return now.Before(client.InUseUntil(secret))
}

// InUseUntil is when one of the client's secrets counts as out of use unless
// it is used again: deleting it needs force before. It is zero for a secret
// that was never used.
func (c Client) InUseUntil(s Secret) time.Time {
	if s.Usage.LastUsedAt.IsZero() {
		return time.Time{}
	}
	return s.Usage.LastUsedAt.Add(max(inUseWithin, 2*c.ttl()))
}
