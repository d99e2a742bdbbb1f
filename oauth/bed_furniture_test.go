package oauth_test

import (
	"testing"

	"keywright/registry"
)

// Identifiers of the APIs of the first organization. The second has its own.
const (
	documents  = "https://api.example.com/documents"
	statistics = "https://api.example.com/statistics"
)

// party is a client and its secret.
type party struct {
	registry.ClientDetails
	secret string
}

// furnish makes the two organizations.
func (b *bed) furnish(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	one := b.organization(t, "one")
	b.operator, b.projectID, b.adminToken = operatorOf(one), one.Project.ID, one.AdminToken.Reveal()
	_, err := b.service.CreateRole(ctx, b.operator, registry.RoleInput{
		Name: "editor", Scopes: []string{"documents:write"}, Permissions: []string{"write"},
	})
	must(t, err)
	api := b.api(t, b.operator, documents, "documents:read", "documents:write")
	b.api(t, b.operator, statistics, "statistics:read")
	app, err := b.service.CreateApplication(ctx, b.operator, registry.ApplicationInput{
		Name: "Archive", ProjectID: b.projectID, Endpoints: []string{api.Endpoints[0].ID},
	})
	must(t, err)
	b.reader = b.client(t, registry.ClientInput{
		ApplicationID: app.Application.ID, Scopes: []string{"documents:read", "export"},
		Roles: []string{"editor"}, Permissions: []string{"read"},
	})
	b.wide = b.client(t, registry.ClientInput{Scopes: []string{"documents:read", "export", "statistics:read"}})
	b.all = b.client(t, registry.ClientInput{Scopes: []string{"export"}, Introspects: []string{"*"}})
	b.server = b.client(t, registry.ClientInput{Scopes: []string{"export"}, Introspects: []string{documents}})

	other := operatorOf(b.organization(t, "two"))
	b.strangers = other
	b.api(t, other, "https://api.example.net", "documents:read")
	b.stranger = b.clientOf(t, other, registry.ClientInput{Scopes: []string{"documents:read"}})
	b.theirs = b.clientOf(t, other, registry.ClientInput{Scopes: []string{"x"}, Introspects: []string{"*"}})
}

func (b *bed) organization(t *testing.T, name string) registry.CreatedOrganization {
	t.Helper()
	made, err := b.service.CreateOrganization(t.Context(), operatorOf(registry.CreatedOrganization{}), registry.OrganizationInput{
		Name: name, Email: "owner@" + name + ".example",
	})
	must(t, err)
	return made
}

func operatorOf(o registry.CreatedOrganization) registry.Actor {
	return registry.Actor{
		Principal: registry.Principal{Kind: registry.ActorOperator}, OrganizationID: o.Organization.ID, Via: registry.ViaBootstrap,
	}
}

func (b *bed) api(t *testing.T, actor registry.Actor, identifier string, scopes ...string) registry.API {
	t.Helper()
	api, err := b.service.CreateAPI(t.Context(), actor, registry.APIInput{
		Identifier: identifier, Name: identifier, Scopes: scopes,
		Endpoints: []registry.EndpointInput{{Method: "GET", Path: "/v1/things", Scope: scopes[0]}},
	})
	must(t, err)
	return api
}

// client makes a client of the first organization.
func (b *bed) client(t *testing.T, in registry.ClientInput) party {
	t.Helper()
	return b.clientOf(t, b.operator, in)
}

func (b *bed) clientOf(t *testing.T, actor registry.Actor, in registry.ClientInput) party {
	t.Helper()
	in.Name, in.TokenFormat = "client", b.format
	made, secret, err := b.service.CreateClient(t.Context(), actor, in)
	must(t, err)
	return party{made, secret.Reveal()}
}

// another makes a client like reader, for a case that changes it.
func (b *bed) another(t *testing.T) party {
	t.Helper()
	return b.client(t, registry.ClientInput{Scopes: []string{"documents:read"}})
}
