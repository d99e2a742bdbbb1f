package registry

import (
	"context"
	"time"
)

var (
	opAPITokenCreate = operation{"api_token.create", FeedAPIToken, byAdmin}
	opAPITokenRevoke = operation{"api_token.revoke", FeedAPIToken, byAdmin}
)

// defaultAPITokenLife is the life of an API token whose expiry was left blank.
const defaultAPITokenLife = 1 // years

// APITokenInput is what an API token is created from.
type APITokenInput struct {
	Name, Description string
	Type              string // empty: project where a project is named, else organization
	ProjectID         string
	ExpiresAt         time.Time // zero: one year from now, or the organization's longest
	Scopes            []string
	Permissions       []string
	IPWhitelist       []string
}

// CreateAPIToken makes a static bearer token, whose plaintext is in this
// answer alone.
func (s *Service) CreateAPIToken(ctx context.Context, actor Actor, in APITokenInput) (APIToken, SecretText, error) {
	id, err := NewID(s.Rand, PrefixAPIToken)
	if err != nil {
		return APIToken{}, SecretText{}, err
	}
	var t APIToken
	var text SecretText
	err = s.change(ctx, actor, opAPITokenCreate, id, func(c *change) (err error) {
		t, text, err = s.createAPIToken(ctx, c, id, in)
		c.after = auditAPIToken(t)
		return err
	})
	return t, text, err
}

func (s *Service) createAPIToken(ctx context.Context, c *change, id string, in APITokenInput) (APIToken, SecretText, error) {
	organization, err := c.Organization(ctx, c.organizationID)
	if err != nil {
		return APIToken{}, SecretText{}, err
	}
	var v invalid
	t := c.newAPIToken(id, in, organization, &v)
	if err := c.projectExists(ctx, t.ProjectID, &v); err != nil {
		return APIToken{}, SecretText{}, err
	}
	if err := v.err(); err != nil {
		return APIToken{}, SecretText{}, err
	}
	if err := c.actor.place(t.ProjectID); err != nil {
		return APIToken{}, SecretText{}, err
	}
	if err := c.actor.mayGrant(t.Scopes, nil); err != nil {
		return APIToken{}, SecretText{}, err
	}
	text, err := NewSecretText(s.Rand, PrefixAPITokenValue)
	if err != nil {
		return APIToken{}, SecretText{}, err
	}
	t.Digest, t.Hint = s.Peppers.Digest(text), text.Hint()
	return t, text, c.InsertAPIToken(ctx, t)
}

// newAPIToken checks the input and makes the record, without its digest.
func (c *change) newAPIToken(id string, in APITokenInput, o Organization, v *invalid) APIToken {
	t := APIToken{
		ID: id, OrganizationID: c.organizationID, ProjectID: in.ProjectID, IsActive: true,
		Name: v.name("name", in.Name), Description: v.text("description", in.Description, 0, maxDescription),
		Scopes: v.scopes("scopes", in.Scopes), Permissions: v.permissions("permissions", in.Permissions),
		IPWhitelist: v.whitelist("ipWhitelist", in.IPWhitelist),
		ExpiresAt:   v.expiry("expiresAt", in.ExpiresAt, c.now, o.MaxCredentialLifetime),
		CreatedBy:   c.actor.Principal, CreatedVia: c.actor.Via, Revision: 1, CreatedAt: c.now, UpdatedAt: c.now,
	}
	if year := c.now.AddDate(defaultAPITokenLife, 0, 0); t.ExpiresAt.IsZero() || (in.ExpiresAt.IsZero() && t.ExpiresAt.After(year)) {
		t.ExpiresAt = year
	}
	if t.ProjectID == "" && in.Type != TokenTypeOrganization {
		t.ProjectID = c.actor.ProjectID
	}
	if t.Type = v.oneOf("type", in.Type, TokenTypeOrganization, TokenTypeProject); in.Type == "" && t.ProjectID != "" {
		t.Type = TokenTypeProject
	}
	if (t.Type == TokenTypeProject) != (t.ProjectID != "") {
		v.add("projectId", "goes with type %s, and only with it", TokenTypeProject)
	}
	if len(in.Scopes) == 0 {
		v.add("scopes", "needs at least one entry")
	}
	if len(in.Permissions) == 0 {
		v.add("permissions", "needs at least one entry")
	}
	return t
}

// RevokeAPIToken ends an API token for good. Revoking twice is a conflict.
func (s *Service) RevokeAPIToken(ctx context.Context, actor Actor, id string, match int64) (APIToken, error) {
	var t APIToken
	err := s.change(ctx, actor, opAPITokenRevoke, id, func(c *change) (err error) {
		if t, err = c.apiToken(ctx, id, match); err != nil {
			return err
		}
		if !t.RevokedAt.IsZero() {
			return Conflict(CodeCredentialRevoked, "the API token is revoked already")
		}
		c.before = auditAPIToken(t)
		t.RevokedAt, t.UpdatedAt = c.now, c.now
		t.Revision++
		c.after = auditAPIToken(t)
		return c.UpdateAPIToken(ctx, t)
	})
	return t, err
}
