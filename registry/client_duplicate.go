package registry

import (
	"bytes"
	"context"
	"encoding/json"
)

// DuplicateInput is what a new client shall have otherwise than the one it is
// made like. Empty fields are as there.
type DuplicateInput struct {
	Name            string
	JWKS            json.RawMessage // public keys of its own
	ConfirmRequired bool            // stays pending until confirmed
}

// DuplicateClient makes a client with the settings of another: not with its
// secrets, state or usage. It takes the same right as creating one from
// nothing. An expiry or token lifetime that could not be asked for today
// becomes the default.
func (s *Service) DuplicateClient(ctx context.Context, actor Actor, clientID string, in DuplicateInput) (ClientDetails, SecretText, error) {
	id, err := NewID(s.Rand, PrefixClient)
	if err != nil {
		return ClientDetails{}, SecretText{}, err
	}
	var made ClientDetails
	var text SecretText
	err = s.change(ctx, actor, opClientCreate, id, func(c *change) error {
		like, err := s.readClient(ctx, c, actor, clientID)
		if err != nil {
			return err
		}
		settings, err := c.settingsOf(ctx, like, in)
		if err != nil {
			return err
		}
		made, text, err = s.createClient(ctx, c, id, settings)
		c.after = map[string]any{"like": clientID, "client": auditClient(made)}
		return err
	})
	return made, text, err
}

func (c *change) settingsOf(ctx context.Context, like Client, in DuplicateInput) (ClientInput, error) {
	organization, err := c.Organization(ctx, c.organizationID)
	if err != nil {
		return ClientInput{}, err
	}
	settings := ClientInput{
		Name: in.Name, Description: like.Description, ProjectID: like.ProjectID, ApplicationID: like.ApplicationID,
		Environment: like.Environment, Roles: like.RoleIDs, Scopes: like.Scopes, Permissions: like.Permissions,
		Audiences: like.Audiences, Introspects: like.Introspects, AuthMethod: like.AuthMethod, JWKS: in.JWKS,
		TokenFormat: like.TokenFormat, Watch: like.Watch, ConfirmRequired: in.ConfirmRequired,
	}
	if settings.Name == "" {
		settings.Name = like.Name
	}
	if len(in.JWKS) == 0 || bytes.Equal(in.JWKS, []byte("null")) {
		settings.JWKS = like.JWKS
	}
	for _, p := range like.IPWhitelist {
		settings.IPWhitelist = append(settings.IPWhitelist, p.String())
	}
	longest := organization.MaxCredentialLifetime
	if like.ExpiresAt.After(c.now) && (longest == 0 || !like.ExpiresAt.After(c.now.Add(longest))) {
		settings.ExpiresAt = like.ExpiresAt
	}
	if limit := organization.MaxTokenTTL; limit == 0 || like.TokenTTL <= limit {
		settings.TokenTTL = like.TokenTTL
	}
	return settings, nil
}
