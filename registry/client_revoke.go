package registry

import (
	"context"
	"fmt"
	"slices"
)

var (
	opClientRevoke    = operation{"client.revoke", FeedClient, byAdmin}
	opClientRevokeAll = operation{"client.revoke_all", FeedOrganization, byAdmin}
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
func (s *Service) RevokeAllClients(ctx context.Context, actor Actor, in RevokeAllInput) (RevokeAllResult, error) {
	filter, err := in.filter(actor)
	if err != nil {
		return RevokeAllResult{}, err
	}
	var result RevokeAllResult
	err = s.change(ctx, actor, opClientRevokeAll, in.target(), func(c *change) error {
		filter.NotGoneAt, c.projectID = c.now, filter.ProjectID
		result, err = s.revokable(ctx, c, filter)
		if err != nil {
			return err
		}
		if err := in.expects(result.Count, "clients"); err != nil {
			return err
		}
		if c.nothing = in.DryRun || result.Count == 0; c.nothing {
			return nil
		}
		ids, err := c.RevokeClients(ctx, filter, c.now)
		if err != nil {
			return err
		}
		if err := in.expects(len(ids), "clients"); err != nil {
			return err
		}
		c.cutOff(CutOffClient, ids...)
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

// revokable counts what the filter hits, and refuses a machine that would hit
// a client holding the admin API's scopes.
func (s *Service) revokable(ctx context.Context, c *change, filter ClientFilter) (RevokeAllResult, error) {
	roles, err := c.Roles(ctx, c.organizationID)
	if err != nil {
		return RevokeAllResult{}, err
	}
	var first []Client
	count := 0
	for page := (Page{Limit: maxLimit}); ; {
		clients, err := c.ClientPage(ctx, filter, page)
		if err != nil {
			return RevokeAllResult{}, err
		}
		for _, client := range clients {
			held := slices.DeleteFunc(slices.Clone(roles), func(r Role) bool { return !slices.Contains(client.RoleIDs, r.ID) })
			if c.actor.credential() && holdsAdmin(client.Scopes, held) {
				return RevokeAllResult{}, consoleSessionRequired(fmt.Sprintf("revoking %s, which holds a %s* scope,", client.ID, scopeAdmin))
			}
		}
		count += len(clients)
		first = append(first, clients[:min(len(clients), max(0, revokeAllShown-len(first)))]...)
		if len(clients) < page.Limit {
			break
		}
		last := clients[len(clients)-1]
		page.AfterAt, page.AfterID = last.CreatedAt, last.ID
	}
	items, err := s.detailsOf(ctx, c, c.organizationID, first)
	return RevokeAllResult{count, items}, err
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
