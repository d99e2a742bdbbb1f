package registry

import (
	"context"
	"fmt"
	"slices"
)

var (
	opClientRevoke    = operation{"client.revoke", FeedClient, byAdmin}
	opClientRevokeAll = operation{"client.revoke_all", FeedOrganization, byRecentAdmin}
	opClientDelete    = operation{"client.delete", FeedClient, byAdminOrCreator}
)

// RevokeClient ends a client for good: it authenticates nowhere again, and its
// access tokens are cut off. Revoking twice is a conflict.
func (s *Service) RevokeClient(ctx context.Context, actor Actor, clientID string, match int64) (ClientDetails, error) {
	var d ClientDetails
	err := s.change(ctx, actor, opClientRevoke, clientID, func(c *change) error {
		before, err := c.client(ctx, clientID, match)
		if err != nil {
			return err
		}
		if !before.RevokedAt.IsZero() {
			return Conflict(CodeCredentialRevoked, "the client is revoked already")
		}
		after := before
		after.RevokedAt = c.now
		c.cutOff(CutOffClient, clientID)
		d, err = s.storeClient(ctx, c, before, after)
		return err
	})
	return d, err
}

// DeleteClient removes a client, revoking a live one by that: nothing of it
// authenticates or introspects again. Its audit events stay.
func (s *Service) DeleteClient(ctx context.Context, actor Actor, clientID string, match int64) error {
	return s.change(ctx, actor, opClientDelete, clientID, func(c *change) error {
		client, err := c.client(ctx, clientID, match)
		if err != nil {
			return err
		}
		was, err := s.details(ctx, c, client)
		if err != nil {
			return err
		}
		c.before = auditClient(was)
		return c.DeleteClient(ctx, c.organizationID, clientID)
	})
}

// RevokeAllInput chooses clients by exactly one of the ids.
type RevokeAllInput struct {
	OrganizationID, ProjectID, ApplicationID, CreatedBy string

	DryRun        bool
	ExpectedCount *int // refuse if the count is another by now
}

// RevokeAllResult says what was hit, or would be.
type RevokeAllResult struct {
	Count int
	Items []ClientDetails // the first hundred
}

const revokeAllShown = 100

// RevokeAllClients revokes every client that the input chooses, in one change.
// Their access tokens are dead with them, for good, and need no cut-off: so the
// feed's counter is not taken before the last of very many clients is written.
func (s *Service) RevokeAllClients(ctx context.Context, actor Actor, in RevokeAllInput) (RevokeAllResult, error) {
	filter, err := in.filter(actor)
	if err != nil {
		return RevokeAllResult{}, err
	}
	var result RevokeAllResult
	if in.DryRun {
		err = s.preview(ctx, actor, opClientRevokeAll, in.target(), filter.ProjectID, func(r Reader) error {
			filter.NotGoneAt = s.now()
			result, err = s.revokable(ctx, r, actor, in, filter)
			return err
		})
		return result, err
	}
	err = s.changeMany(ctx, actor, opClientRevokeAll, in.target(), func(c *change) error {
		filter.NotGoneAt, c.projectID = c.now, filter.ProjectID
		ids, err := c.LockClients(ctx, filter)
		if err != nil {
			return err
		}
		if err := mayRevokeClients(ctx, c, actor, filter); err != nil {
			return err
		}
		if err := in.expects(len(ids), "clients"); err != nil {
			return err
		}
		if c.nothing = len(ids) == 0; c.nothing {
			return nil
		}
		if err := c.RevokeClients(ctx, ids, c.now); err != nil {
			return err
		}
		c.after = map[string]any{"selector": in.selector(), "count": len(ids), "clientIds": ids}
		result, err = s.revokedResult(ctx, c, ids)
		return err
	})
	return result, err
}

func (in RevokeAllInput) selector() map[string]string {
	all := map[string]string{
		"organizationId": in.OrganizationID, "projectId": in.ProjectID,
		"applicationId": in.ApplicationID, "createdBy": in.CreatedBy,
	}
	for k, v := range all {
		if v == "" {
			delete(all, k)
		}
	}
	return all
}

func (in RevokeAllInput) target() string {
	for _, id := range in.selector() {
		return id
	}
	return ""
}

// filter checks the selector. A thing of another organization selects nothing.
func (in RevokeAllInput) filter(actor Actor) (ClientFilter, error) {
	f := ClientFilter{
		OrganizationID: actor.OrganizationID, ProjectID: in.ProjectID, ApplicationID: in.ApplicationID,
		CreatedBy: in.CreatedBy, OnlyUnrevoked: true,
	}
	if len(in.selector()) != 1 {
		return f, &Error{Kind: KindInvalid, Code: CodeInvalidInput, Message: "the input breaks a rule", Fields: []FieldError{
			{"organizationId", "or projectId or applicationId or createdBy is required, and only one of them"},
		}}
	}
	if in.OrganizationID != "" && in.OrganizationID != actor.OrganizationID {
		return f, NotFound("organization")
	}
	if actor.ProjectID != "" {
		if in.OrganizationID != "" || !slices.Contains([]string{"", actor.ProjectID}, in.ProjectID) {
			return f, actor.organizationWide()
		}
		f.ProjectID = actor.ProjectID
	}
	return f, nil
}

// revokable finds out what the filter hits.
func (s *Service) revokable(ctx context.Context, r Reader, actor Actor, in RevokeAllInput, filter ClientFilter) (RevokeAllResult, error) {
	if err := mayRevokeClients(ctx, r, actor, filter); err != nil {
		return RevokeAllResult{}, err
	}
	count, err := r.CountClients(ctx, filter)
	if err != nil {
		return RevokeAllResult{}, err
	}
	if err := in.expects(count, "clients"); err != nil {
		return RevokeAllResult{}, err
	}
	first, err := r.ClientPage(ctx, filter, Page{Limit: revokeAllShown})
	if err != nil {
		return RevokeAllResult{}, err
	}
	items, err := s.detailsOf(ctx, r, filter.OrganizationID, first)
	return RevokeAllResult{count, items}, err
}

// mayRevokeClients refuses a machine that would hit a client holding the admin
// API's scopes.
func mayRevokeClients(ctx context.Context, r Reader, actor Actor, filter ClientFilter) error {
	if !actor.credential() {
		return nil
	}
	holder, err := r.ClientHolding(ctx, filter, scopeAdmin)
	return mustHoldNoAdmin(holder, err)
}

// mustHoldNoAdmin refuses for the credential that was found to hold one of the
// admin API's scopes, if there is one.
func mustHoldNoAdmin(holder string, err error) error {
	if err == nil && holder != "" {
		return consoleSessionRequired(fmt.Sprintf("revoking %s, which holds a %s* scope,", holder, scopeAdmin))
	}
	return err
}

func (s *Service) revokedResult(ctx context.Context, c *change, ids []string) (RevokeAllResult, error) {
	var first []Client
	for _, id := range ids[:min(len(ids), revokeAllShown)] {
		client, err := c.Client(ctx, c.organizationID, id)
		if err != nil {
			return RevokeAllResult{}, err
		}
		first = append(first, client)
	}
	items, err := s.detailsOf(ctx, c, c.organizationID, first)
	return RevokeAllResult{len(ids), items}, err
}
