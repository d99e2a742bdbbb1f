package registry

import (
	"context"
	"time"
)

var opRecover = operation{"organization.recover", FeedOrganization, byOperator}

// recoverGap is how many feed positions Recover leaves out: more than any
// installation takes between a backup and its restore, and so few that
// millions of restores stay within what JSON holds exactly.
const recoverGap = 1_000_000_000

// Recovered is what Recover found in one organization and did to it.
type Recovered struct {
	OrganizationID string
	Name           string
	// LastChange is the newest event that the backup holds; zero for none.
	// Every change of after it is lost.
	LastChange time.Time
	Position   Position // tokens from before it are dead
}

// Recover makes a database that was restored from a backup safe to use. What
// was taken back after the backup was made would be good again, so it moves the
// feed's position beyond every one that was ever given out, cuts off each
// access token issued before, and ends all console sessions, organization by
// organization. It cannot know which credentials were revoked, deleted or
// rotated after the backup: those are as they were then. Running it twice does
// no harm but to the tokens issued in between.
func (s *Service) Recover(ctx context.Context, actor Actor) ([]Recovered, error) {
	if err := opRecover.authorize(actor); err != nil {
		return nil, err
	}
	var ids []string
	err := s.read(ctx, actor, func(r Reader) (err error) {
		ids, err = r.AuditOrganizations(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []Recovered
	for _, id := range ids {
		one, err := s.recoverOrganization(ctx, actor, id)
		if KindOf(err) == KindNotFound { // a chain whose organization is gone
			continue
		}
		if err != nil {
			return all, err
		}
		all = append(all, one)
	}
	return all, nil
}

func (s *Service) recoverOrganization(ctx context.Context, actor Actor, id string) (Recovered, error) {
	actor.OrganizationID = id
	done := Recovered{OrganizationID: id}
	err := s.change(ctx, actor, opRecover, id, func(c *change) error {
		o, err := c.OrganizationForUpdate(ctx, id)
		if err != nil {
			return err
		}
		last, err := c.AuditPage(ctx, AuditFilter{OrganizationID: id}, 0, 1)
		if err != nil {
			return err
		}
		done.Name, done.LastChange = o.Name, time.Time{}
		if len(last) > 0 {
			done.LastChange = last[0].At
		}
		if err := c.EndSessions(ctx, id); err != nil {
			return err
		}
		if err := c.SkipPositions(ctx, recoverGap); err != nil {
			return err
		}
		if err := c.lockFeed(ctx); err != nil {
			return err
		}
		c.cutOff(CutOffOrganization, id)
		c.after = map[string]any{"lastChange": done.LastChange, "position": c.position}
		done.Position = c.position
		return nil
	})
	return done, err
}
