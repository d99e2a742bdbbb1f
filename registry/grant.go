package registry

import (
	"context"
	"slices"
)

// This file holds who may grant what, and who may touch what.

// credential tells whether the actor is a machine: it may not touch what only
// a person's console session may.
func (a Actor) credential() bool { return a.Kind == ActorClient || a.Kind == ActorAPIToken }

// reaches tells whether a thing of that project lies within the actor's
// reach. An organization-wide thing has no project.
func (a Actor) reaches(projectID string) bool {
	return a.ProjectID == "" || a.ProjectID == projectID
}

// place checks that the actor may put a new thing into that project.
func (a Actor) place(projectID string) error {
	if !a.reaches(projectID) {
		return Forbidden(CodeGrantExceedsOwn, "a credential of a project never reaches beyond it: set projectId to its project")
	}
	return nil
}

// organizationWide checks that the actor may change what belongs to the whole organization.
func (a Actor) organizationWide() error { return a.place("") }

func consoleSessionRequired(what string) error {
	return Forbidden(CodeConsoleSessionRequired, "%s needs a person's console session", what)
}

// mayGrant checks that the actor may hand out those scopes and roles.
func (a Actor) mayGrant(scopes []string, roles []Role) error {
	if a.credential() && holdsAdmin(scopes, roles) {
		return consoleSessionRequired("granting a " + scopeAdmin + "* scope")
	}
	return nil
}

// holdsAdmin tells whether one of the scopes, or of the roles' scopes, opens the admin API.
func holdsAdmin(scopes []string, roles []Role) bool {
	return slices.ContainsFunc(scopes, IsAdminScope) ||
		slices.ContainsFunc(roles, func(r Role) bool { return slices.ContainsFunc(r.Scopes, IsAdminScope) })
}

// client locks a client that the actor may change, and checks If-Match.
func (c *change) client(ctx context.Context, clientID string, match int64) (Client, error) {
	if !IsID(clientID, PrefixClient) {
		return Client{}, NotFound("client")
	}
	client, err := c.ClientForUpdate(ctx, c.organizationID, clientID)
	if err != nil {
		return Client{}, err
	}
	c.projectID = client.ProjectID
	if client.GoneAt(c.now) || !c.actor.reaches(client.ProjectID) {
		return Client{}, NotFound("client")
	}
	if !c.actor.MayChange(client.CreatedBy) {
		return Client{}, Forbidden(CodeForbidden, "only owners, admins and its creator may change a client")
	}
	if c.actor.credential() {
		roles, err := rolesByID(ctx, c, c.organizationID, client.RoleIDs)
		if err != nil {
			return Client{}, err
		}
		if client.ID == c.actor.ID {
			return Client{}, consoleSessionRequired("changing oneself")
		}
		if holdsAdmin(client.Scopes, roles) {
			return Client{}, consoleSessionRequired("changing a credential that holds a " + scopeAdmin + "* scope")
		}
	}
	return client, matches(client.Revision, match)
}

// apiToken locks an API token that the actor may change, and checks If-Match.
func (c *change) apiToken(ctx context.Context, id string, match int64) (APIToken, error) {
	if !IsID(id, PrefixAPIToken) {
		return APIToken{}, NotFound("API token")
	}
	t, err := c.APITokenForUpdate(ctx, c.organizationID, id)
	if err != nil {
		return APIToken{}, err
	}
	c.projectID = t.ProjectID
	if !c.actor.reaches(t.ProjectID) {
		return APIToken{}, NotFound("API token")
	}
	if !c.actor.MayChange(t.CreatedBy) {
		return APIToken{}, Forbidden(CodeForbidden, "only owners, admins and its creator may change an API token")
	}
	if c.actor.credential() && (t.ID == c.actor.ID || holdsAdmin(t.Scopes, nil)) {
		return APIToken{}, consoleSessionRequired("changing oneself, or a credential that holds a " + scopeAdmin + "* scope")
	}
	return t, matches(t.Revision, match)
}

// notOwn keeps a client from changing itself by way of a role that it holds or
// the application that it belongs to.
func (c *change) notOwn(ctx context.Context, itsOwn func(Client) bool) error {
	if c.actor.Kind != ActorClient {
		return nil
	}
	own, err := c.Client(ctx, c.organizationID, c.actor.ID)
	if err != nil {
		return err
	}
	if itsOwn(own) {
		return consoleSessionRequired("changing what one is given oneself")
	}
	return nil
}

// mayReceive keeps a value that opens the admin API from whoever is no admin,
// or is no longer: that they once created its credential is not enough.
func (c *change) mayReceive(ctx context.Context, scopes, roleIDs []string) error {
	if c.actor.isAdmin() {
		return nil
	}
	roles, err := rolesByID(ctx, c, c.organizationID, roleIDs)
	if err != nil {
		return err
	}
	if holdsAdmin(scopes, roles) {
		return Forbidden(CodeGrantExceedsOwn, "the credential holds a %s* scope, and its value would go to somebody who is no admin", scopeAdmin)
	}
	return nil
}

// matches compares a revision with that of If-Match; zero is no condition.
func matches(revision, match int64) error {
	if match != 0 && match != revision {
		return &Error{Kind: KindPrecondition, Code: CodePreconditionFailed, Message: "the resource was changed since it was read"}
	}
	return nil
}

// rolesByID returns the named roles of an organization.
func rolesByID(ctx context.Context, r Reader, organizationID string, ids []string) ([]Role, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	all, err := r.Roles(ctx, organizationID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(role Role) bool { return !slices.Contains(ids, role.ID) }), nil
}
