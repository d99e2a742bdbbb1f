package registry

import (
	"context"
	"slices"
)

var opSigningKeyRotate = operation{"signing_key.rotate", FeedKey, byPersonAdmin}

// SigningKeys returns the keys that sign access tokens, in the order of their
// use. They are of the whole installation.
func (s *Service) SigningKeys(ctx context.Context, actor Actor) ([]KeyLife, error) {
	var keys []Key
	err := s.read(ctx, actor, func(r Reader) (err error) {
		keys, err = r.SigningKeys(ctx)
		return err
	})
	return KeyLives(keys), err
}

// RotateSigningKey makes the next signing key active at the earliest moment at
// which every verifier knows it, and a new next one. It returns the key that
// takes over, with that moment as its ActiveFrom. While one is about to take
// over it changes nothing.
//
// The keys are of the whole installation; the audit event belongs to the
// actor's organization.
func (s *Service) RotateSigningKey(ctx context.Context, actor Actor) (KeyLife, error) {
	var fresh Key
	if s.authorize(opSigningKeyRotate, actor) == nil { // it may take a moment: not for everybody, and not under the lock
		var err error
		if fresh, err = s.SigningSchedule.Make(); err != nil {
			return KeyLife{}, err
		}
	}
	var takesOver KeyLife
	err := s.change(ctx, actor, opSigningKeyRotate, "", func(c *change) error {
		return c.ChangeKeys(ctx, KeySigning, func(standing []Key) (KeyChange, error) {
			now := s.now()
			id, change, err := s.SigningSchedule.rotate(standing, fresh, now)
			if err != nil {
				return KeyChange{}, err
			}
			byID := func(l KeyLife) bool { return l.ID == id }
			after := KeyLives(change.apply(standing))
			takesOver = after[slices.IndexFunc(after, byID)]
			c.targetID, c.nothing = id, change.Nothing()
			c.after = auditSigningKey(takesOver)
			if before := KeyLives(standing); slices.ContainsFunc(before, byID) {
				c.before = auditSigningKey(before[slices.IndexFunc(before, byID)])
			}
			return change, nil
		})
	})
	return takesOver, err
}

func auditSigningKey(l KeyLife) any {
	return map[string]any{"algorithm": l.Algorithm, "createdAt": auditTime(l.CreatedAt), "activeFrom": auditTime(l.ActiveFrom)}
}
