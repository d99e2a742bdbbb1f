package registry

import (
	"context"
	"time"
)

// What follows is done by the server itself, now and then, on every replica:
// it warns of what expires or is due for rotation (warning.go) and marks what
// is odd about the use of a credential (usage_mark.go). Whatever it says it
// says once, in an audit event: that it was said is stored in the transaction
// of the event, so several replicas do not repeat each other.

// Server is the actor for what the server does by itself.
func Server() Actor { return Actor{Principal: Principal{Kind: ActorServer}} }

// WatchReader reads what the server watches over. Without an organization it
// reads of all.
type WatchReader interface {
	MarkReader

	// DueWarnings returns the warnings to give at that moment that were not
	// given before, at most limit, expiries first and the earliest first.
	DueWarnings(ctx context.Context, at time.Time, limit int) ([]Warning, error)
	// CredentialCounts counts credentials, and what DueWarnings is about, given or not.
	CredentialCounts(ctx context.Context, q CountQuery) (CredentialCounts, error)
}

// WatchTx stores what the server has said.
type WatchTx interface {
	// InsertWarning tells whether the warning is new.
	InsertWarning(ctx context.Context, w Warning) (bool, error)
	// InsertUsageMark tells whether the mark is new.
	InsertUsageMark(ctx context.Context, m UsageMark) (bool, error)
}

// readAll runs fn on one snapshot, for what only the server itself reads: all
// organizations.
func (s *Service) readAll(ctx context.Context, actor Actor, fn func(Reader) error) error {
	if actor.Kind != ActorServer {
		return Forbidden(CodeForbidden, "reading of all organizations is the server's own")
	}
	return s.Store.Read(ctx, fn)
}

// watched locks the client or API token that the server has something to say
// about, and returns the rotation age in force for it. When it is gone by now
// there is nothing to say.
func (c *change) watched(ctx context.Context, kind, id string) (rotationAge time.Duration, err error) {
	if kind == CredentialAPIToken {
		t, err := c.APITokenForUpdate(ctx, c.organizationID, id)
		c.projectID, rotationAge = t.ProjectID, t.RotationAge
		return rotationAge, c.orNothing(err)
	}
	client, err := c.ClientForUpdate(ctx, c.organizationID, id)
	c.projectID, rotationAge = client.ProjectID, client.RotationAge
	return rotationAge, c.orNothing(err)
}

// orNothing makes the change none where its target is not found.
func (c *change) orNothing(err error) error {
	if err != nil && KindOf(err) == KindNotFound {
		c.nothing = true
		return nil
	}
	return err
}
