package registry

import (
	"context"
	"slices"
	"time"
)

var (
	opAPITokenCreate = operation{"api_token.create", FeedAPIToken, byAdmin}
	opAPITokenUpdate = operation{"api_token.update", FeedAPIToken, byAdminOrCreator}
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
	if err := c.strictScopes(ctx, in.Scopes, &v); err != nil {
		return APIToken{}, SecretText{}, err
	}
	if err := v.err(); err != nil {
		return APIToken{}, SecretText{}, err
	}
	c.projectID = t.ProjectID
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
		ExpiresAt:   v.apiTokenExpiry("expiresAt", in.ExpiresAt, c.now, o),
		CreatedBy:   c.actor.Principal, CreatedVia: c.actor.Via, Revision: 1, CreatedAt: c.now, UpdatedAt: c.now,
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
	v.holdsSomething(t)
	return t
}

// apiTokenExpiry is expiry for an API token, which always expires: blank is one
// year from now, or the organization's longest if that is earlier.
func (v *invalid) apiTokenExpiry(field string, value, now time.Time, o Organization) time.Time {
	expiresAt := v.expiry(field, value, now, o.MaxCredentialLifetime)
	if year := now.AddDate(defaultAPITokenLife, 0, 0); expiresAt.IsZero() || (value.IsZero() && expiresAt.After(year)) {
		return year
	}
	return expiresAt
}

func (v *invalid) holdsSomething(t APIToken) {
	if len(t.Scopes) == 0 {
		v.add("scopes", "needs at least one entry")
	}
	if len(t.Permissions) == 0 {
		v.add("permissions", "needs at least one entry")
	}
}

// strictScopes refuses scopes that could never be used: when every API that
// declares a scope of the token is strict, no free-form scope can stand beside.
func (c *change) strictScopes(ctx context.Context, scopes []string, v *invalid) error {
	apis, err := c.APIs(ctx, c.organizationID)
	if err != nil {
		return err
	}
	apis = slices.DeleteFunc(apis, func(a API) bool { return !declaresAny(a, scopes) })
	v.admitted("scopes", scopes, apis)
	return nil
}

// APITokenPatch is a partial change of an API token: nil leaves a field alone,
// a pointer to its zero value clears it. Its type and project, and its value,
// stay what they were.
type APITokenPatch struct {
	Name, Description *string
	IsActive          *bool
	ExpiresAt         *time.Time // zero: one year from now, or the organization's longest
	Scopes            *[]string
	Permissions       *[]string
	IPWhitelist       *[]string
}

// UpdateAPIToken changes the settings that the patch names. A creator who is
// no admin may only narrow. match is the revision of If-Match, or 0.
func (s *Service) UpdateAPIToken(ctx context.Context, actor Actor, id string, p APITokenPatch, match int64) (APIToken, error) {
	var t APIToken
	err := s.change(ctx, actor, opAPITokenUpdate, id, func(c *change) error {
		before, err := c.apiToken(ctx, id, match)
		if err != nil {
			return err
		}
		switch status := before.StatusAt(c.now); {
		case status == StatusRevoked && p.IsActive != nil:
			return Conflict(CodeCredentialRevoked, "a revoked API token cannot be enabled or disabled")
		case status == StatusExpired && p.ExpiresAt != nil:
			return Conflict(CodeCredentialExpired, "the API token has expired: regenerate it or create another")
		}
		t = before
		var v invalid
		if err := c.applyAPIToken(ctx, &t, p, &v); err != nil {
			return err
		}
		if !c.actor.isAdmin() && !narrowerToken(before, t) {
			return Forbidden(CodeGrantExceedsOwn, "a creator may narrow an API token, never widen it")
		}
		if err := c.actor.mayGrant(t.Scopes, nil); err != nil {
			return err
		}
		return c.storeAPIToken(ctx, before, &t)
	})
	return t, err
}

// applyAPIToken checks the fields that a patch sets and writes them into t.
func (c *change) applyAPIToken(ctx context.Context, t *APIToken, p APITokenPatch, v *invalid) error {
	if p.Name != nil {
		t.Name = v.name("name", *p.Name)
	}
	if p.Description != nil {
		t.Description = v.text("description", *p.Description, 0, maxDescription)
	}
	if p.IsActive != nil {
		t.IsActive = *p.IsActive
	}
	if p.ExpiresAt != nil {
		organization, err := c.Organization(ctx, c.organizationID)
		if err != nil {
			return err
		}
		t.ExpiresAt = v.apiTokenExpiry("expiresAt", *p.ExpiresAt, c.now, organization)
	}
	if p.Permissions != nil {
		t.Permissions = v.permissions("permissions", *p.Permissions)
	}
	if p.IPWhitelist != nil {
		t.IPWhitelist = v.whitelist("ipWhitelist", *p.IPWhitelist)
	}
	if p.Scopes != nil {
		t.Scopes = v.scopes("scopes", *p.Scopes)
		if err := c.strictScopes(ctx, *p.Scopes, v); err != nil {
			return err
		}
	}
	v.holdsSomething(*t)
	return v.err()
}

// narrowerToken tells whether the change from before to after takes away at most.
func narrowerToken(before, after APIToken) bool {
	return containsAll(before.Scopes, after.Scopes) && containsAll(before.Permissions, after.Permissions) &&
		narrowerList(before.IPWhitelist, after.IPWhitelist) &&
		!after.ExpiresAt.After(before.ExpiresAt) && (before.IsActive || !after.IsActive)
}

// storeAPIToken writes a changed API token with its next revision, and the
// audit's before and after.
func (c *change) storeAPIToken(ctx context.Context, before APIToken, after *APIToken) error {
	after.Revision++
	after.UpdatedAt = c.now
	c.before, c.after = auditAPIToken(before), auditAPIToken(*after)
	return c.UpdateAPIToken(ctx, *after)
}
