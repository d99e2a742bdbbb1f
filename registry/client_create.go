package registry

import (
	"context"
	"time"
)

var opClientCreate = operation{"client.create", FeedClient, byAdmin}

// CreateClient makes a client and, when it authenticates by secret, its first
// secret, whose plaintext is in this answer alone.
func (s *Service) CreateClient(ctx context.Context, actor Actor, in ClientInput) (ClientDetails, SecretText, error) {
	id, err := NewID(s.Rand, PrefixClient)
	if err != nil {
		return ClientDetails{}, SecretText{}, err
	}
	var made ClientDetails
	var text SecretText
	err = s.change(ctx, actor, opClientCreate, id, func(c *change) (err error) {
		made, text, err = s.createClient(ctx, c, id, in)
		c.after = auditClient(made)
		return err
	})
	return made, text, err
}

// createClient inserts a client inside a change that may be about more than it.
func (s *Service) createClient(ctx context.Context, c *change, id string, in ClientInput) (ClientDetails, SecretText, error) {
	var v invalid
	client := Client{
		ID: id, OrganizationID: c.organizationID, ProjectID: in.ProjectID, ApplicationID: in.ApplicationID,
		IsActive: true, AuthMethod: v.oneOf("authMethod", in.AuthMethod, AuthClientSecret, AuthPrivateKeyJWT),
		CreatedBy: c.actor.Principal, CreatedVia: c.actor.Via, Revision: 1, CreatedAt: c.now, UpdatedAt: c.now,
	}
	if in.ConfirmRequired {
		client.ConfirmBy = c.now.Add(ConfirmWithin)
	}
	if err := c.placeClient(ctx, &client, &v); err != nil {
		return ClientDetails{}, SecretText{}, err
	}
	cc, err := readClientContext(ctx, c, c.organizationID, client.ApplicationID)
	if err != nil {
		return ClientDetails{}, SecretText{}, err
	}
	active := true
	cc.apply(&client, ClientPatch{
		Name: &in.Name, Description: &in.Description, Environment: &in.Environment, IsActive: &active,
		ExpiresAt: &in.ExpiresAt, Roles: &in.Roles, Scopes: &in.Scopes, Permissions: &in.Permissions,
		Audiences: &in.Audiences, Introspects: &in.Introspects, IPWhitelist: &in.IPWhitelist,
		TokenFormat: &in.TokenFormat, TokenTTL: &in.TokenTTL, Watch: &in.Watch,
	}, c.now, &v)
	keys := s.publicKeys(&client, in.JWKS, &v)
	if err := v.err(); err != nil {
		return ClientDetails{}, SecretText{}, err
	}
	state := cc.state(client)
	if err := c.actor.mayGrant(state.EffectiveScopes(), nil); err != nil {
		return ClientDetails{}, SecretText{}, err
	}
	if err := c.InsertClient(ctx, client); err != nil {
		return ClientDetails{}, SecretText{}, err
	}
	var text SecretText
	if client.AuthMethod == AuthPrivateKeyJWT {
		err = s.replaceKeys(ctx, c, client.ID, keys)
	} else {
		_, text, err = s.insertSecret(ctx, c, client.ID, time.Time{})
	}
	if err != nil {
		return ClientDetails{}, SecretText{}, err
	}
	made, err := s.details(ctx, c, client)
	return made, text, err
}

// placeClient checks the project and application of a new client. A client of
// an application lies in the application's project.
func (c *change) placeClient(ctx context.Context, client *Client, v *invalid) error {
	if client.ApplicationID != "" {
		app, err := c.Application(ctx, c.organizationID, client.ApplicationID)
		switch {
		case KindOf(err) == KindNotFound && err != nil:
			v.add("applicationId", "names no application of the organization")
			client.ApplicationID = ""
		case err != nil:
			return err
		case !c.actor.reaches(app.ProjectID):
			return Forbidden(CodeGrantExceedsOwn, "a credential of a project never reaches beyond it, and the application lies elsewhere")
		case client.ProjectID == "":
			client.ProjectID = app.ProjectID
		case app.ProjectID != "" && app.ProjectID != client.ProjectID:
			v.add("applicationId", "names an application of another project")
		}
	}
	if err := c.projectExists(ctx, client.ProjectID, v); err != nil {
		return err
	}
	if client.ProjectID == "" {
		client.ProjectID = c.actor.ProjectID
	}
	c.projectID = client.ProjectID
	return c.actor.place(client.ProjectID)
}

// projectExists checks that an id, if there is one, names a project of the organization.
func (c *change) projectExists(ctx context.Context, projectID string, v *invalid) error {
	if projectID == "" {
		return nil
	}
	_, err := c.Project(ctx, c.organizationID, projectID)
	if err != nil && KindOf(err) == KindNotFound {
		v.add("projectId", "names no project of the organization")
		return nil
	}
	return err
}

// insertSecret makes and stores a new secret of a client.
func (s *Service) insertSecret(ctx context.Context, c *change, clientID string, expiresAt time.Time) (Secret, SecretText, error) {
	id, err := NewID(s.Rand, PrefixSecretRecord)
	if err != nil {
		return Secret{}, SecretText{}, err
	}
	text, err := NewSecretText(s.Rand, PrefixClientSecret)
	if err != nil {
		return Secret{}, SecretText{}, err
	}
	secret := Secret{
		ID: id, ClientID: clientID, Digest: s.Peppers.Digest(text), Hint: text.Hint(),
		CreatedAt: c.now, ExpiresAt: expiresAt,
	}
	return secret, text, c.InsertSecret(ctx, secret)
}
