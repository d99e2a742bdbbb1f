package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"keywright/registry"
)

const (
	quickstartFile = "quickstart.json"
	tokenFile      = "token.json" // where the first printed command leaves its answer

	quickstartAPI = "https://api.example.com/documents"
)

// quickstart is what serve --dev makes on its first start, secrets included:
// the one place where Keywright keeps a secret in the clear.
type quickstart struct {
	OrganizationID string        `json:"organizationId"`
	ProjectID      string        `json:"projectId"`
	Email          string        `json:"email"`
	Password       string        `json:"password"`
	AdminToken     string        `json:"adminToken"`
	API            string        `json:"api"`
	ApplicationID  string        `json:"applicationId"`
	Client         devCredential `json:"client"`
	ResourceServer devCredential `json:"resourceServer"`
}

type devCredential struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

// loadQuickstart reads the file, or makes everything and writes it.
func loadQuickstart(ctx context.Context, s *server, path string) (quickstart, error) {
	var q quickstart
	raw, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeQuickstart(ctx, s.service, path)
	case err != nil:
		return q, fmt.Errorf("read the quickstart file: %w", err)
	}
	if err := json.Unmarshal(raw, &q); err != nil {
		return q, fmt.Errorf("%s is damaged: remove the folder %s to begin anew", path, dataFolder)
	}
	return q, nil
}

func makeQuickstart(ctx context.Context, service *registry.Service, path string) (quickstart, error) {
	made, err := service.Bootstrap(ctx, operator(""), registry.OrganizationInput{Name: "Development", Email: "owner@example.com"})
	if err != nil {
		if registry.KindOf(err) == registry.KindConflict {
			return quickstart{}, fmt.Errorf("the database is in use, but %s is missing: remove the folder %s to begin anew", path, dataFolder)
		}
		return quickstart{}, err
	}
	q := quickstart{
		OrganizationID: made.Organization.ID, ProjectID: made.Project.ID, Email: made.Owner.Email,
		Password: made.Password.Reveal(), AdminToken: made.AdminToken.Reveal(), API: quickstartAPI,
	}
	actor := operator(made.Organization.ID)
	api, err := service.CreateAPI(ctx, actor, registry.APIInput{
		Identifier: quickstartAPI, Name: "Documents", Scopes: []string{"documents:read", "documents:write"},
		Endpoints: []registry.EndpointInput{
			{Method: "GET", Path: "/documents/{id}", Scope: "documents:read"},
			{Method: "POST", Path: "/documents", Scope: "documents:write"},
		},
	})
	if err != nil {
		return quickstart{}, fmt.Errorf("make the API: %w", err)
	}
	var endpoints []string
	for _, e := range api.Endpoints {
		endpoints = append(endpoints, e.ID)
	}
	app, err := service.CreateApplication(ctx, actor, registry.ApplicationInput{
		Name: "Document importer", Description: "Made by serve --dev.", ProjectID: made.Project.ID, Endpoints: endpoints,
		CreateClient: &registry.ClientInput{Name: "Importer", Description: "Made by serve --dev.", Environment: "development"},
	})
	if err != nil {
		return quickstart{}, fmt.Errorf("make the application: %w", err)
	}
	q.ApplicationID = app.Application.ID
	q.Client = devCredential{app.Client.ID, app.Secret.Reveal()}

	resourceServer, secret, err := service.CreateClient(ctx, actor, registry.ClientInput{
		Name: "Documents API", Description: "The resource server; made by serve --dev.", Environment: "development",
		Introspects: []string{quickstartAPI},
	})
	if err != nil {
		return quickstart{}, fmt.Errorf("make the client of the resource server: %w", err)
	}
	q.ResourceServer = devCredential{resourceServer.ID, secret.Reveal()}

	raw, err := json.MarshalIndent(q, "", "  ")
	if err != nil {
		return quickstart{}, fmt.Errorf("encode the quickstart file: %w", err)
	}
	if err := writePrivate(path, append(raw, '\n')); err != nil {
		return quickstart{}, fmt.Errorf("write the quickstart file: %w", err)
	}
	return q, nil
}

// print writes four commands that work when they are pasted one after the
// other, into one shell or several: the first leaves the token in a file.
func (q quickstart) print(w io.Writer, s *server, tokenPath string) error {
	public, file := s.listeners.public.url(), quote(tokenPath)
	token := `token=$(sed 's/.*"access_token":"\([^"]*\)".*/\1/' ` + file + `)`
	basic := func(c devCredential) string { return quote(c.ClientID + ":" + c.ClientSecret) }
	_, err := fmt.Fprintf(w, `
Keywright runs for development. Everything is in %s; remove it to begin anew.

The console is at %s/console; sign in as %s with the password %s

# 1. The service gets a token.
curl -sS -w '\n' -u %s -d grant_type=client_credentials %s/oauth2/token | tee %s

# 2. The resource server asks whether it is good.
curl -sS -w '\n' -u %s -d "%s" %s/oauth2/introspect

# 3. The service takes it back; after that, 2 answers {"active":false}.
curl -sS -i -u %s -d "%s" %s/oauth2/revoke

# 4. It was counted.
curl -sS %s/metrics | grep -E '^keywright_(token_requests|introspections|revocations|credential_usage)_total'

`, dataFolder,
		s.listeners.admin.url(), q.Email, q.Password,
		basic(q.Client), public, file,
		basic(q.ResourceServer), token, public,
		basic(q.Client), token, public,
		s.listeners.metrics.url())
	return err
}

// quote makes text one word of a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
