package registry

import "reflect"

// Sharing returns an equal state that has in common with the other one what is
// equal in both, so that memory holds it once: clients of an organization see
// the same APIs, and most may do the same.
func (s *ClientState) Sharing(other *ClientState) *ClientState {
	c := *s
	share(&c.Organization, other.Organization)
	share(&c.Roles, other.Roles)
	share(&c.Endpoints, other.Endpoints)
	share(&c.APIs, other.APIs)
	share(&c.rights, other.rights)
	client, o := &c.Client, &other.Client
	share(&client.OrganizationID, o.OrganizationID)
	share(&client.AuthMethod, o.AuthMethod)
	share(&client.TokenFormat, o.TokenFormat)
	share(&client.RoleIDs, o.RoleIDs)
	share(&client.Scopes, o.Scopes)
	share(&client.Permissions, o.Permissions)
	share(&client.Audiences, o.Audiences)
	share(&client.Introspects, o.Introspects)
	share(&client.IPWhitelist, o.IPWhitelist)
	return &c
}

// Sharing returns an equal state that has in common with the other one what is
// equal in both.
func (s *APITokenState) Sharing(other *APITokenState) *APITokenState {
	c := *s
	share(&c.Organization, other.Organization)
	share(&c.APIs, other.APIs)
	share(&c.APIToken.OrganizationID, other.APIToken.OrganizationID)
	share(&c.APIToken.Scopes, other.APIToken.Scopes)
	share(&c.APIToken.Permissions, other.APIToken.Permissions)
	share(&c.APIToken.IPWhitelist, other.APIToken.IPWhitelist)
	return &c
}

func share[T any](own *T, other T) {
	if reflect.DeepEqual(*own, other) {
		*own = other
	}
}
