package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"keywright/registry"
)

// Config is what the admin API needs. Every field is required.
type Config struct {
	Service       *registry.Service
	Authenticator *registry.Authenticator
	// ParseAccessToken reads an access token of this installation. It fails
	// with *registry.Refused when the signature or seal is not good; expiry
	// and revocation are not its business.
	ParseAccessToken func(text string) (registry.AccessToken, error)
	Now              func() time.Time // for the status of secrets
}

// Mount mounts the admin API under /v1 on an engine of web.NewEngine, whose
// ErrorWriter should be web.WriteProblem.
func Mount(e *gin.Engine, c Config) error {
	useProblems()
	guarded := e.Group("", bearer{c.Authenticator, c.ParseAccessToken}.authenticate, wellFormed)
	api := humagin.NewWithGroup(e, guarded, description())

	clients{c.Service, c.Now}.mount(api)
	secrets{c.Service, c.Now}.mount(api)
	apis{c.Service}.mount(api)
	self{c.Service}.mount(api)
	refusals{c.Service}.mount(api)

	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		return fmt.Errorf("describe the admin API: %w", err)
	}
	e.GET("/v1/openapi.json", func(g *gin.Context) {
		g.Data(http.StatusOK, "application/openapi+json", document)
	})
	return nil
}

// description is what the OpenAPI document says of the API as a whole. huma's
// own pages are off: they load scripts from elsewhere.
func description() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "Keywright admin API",
				Version: "1",
				Description: "Creates, finds, changes, rotates and takes back the credentials of machines. " +
					"Errors are RFC 9457 problem details with a stable `code`. Times are RFC 3339 in UTC. " +
					"PATCH is RFC 7396: null clears. `ETag` is the revision of the configuration, untouched by use; " +
					"`If-Match` with one entity tag is honoured and optional.",
				License: &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
			},
			Servers:  []*huma.Server{{URL: "/"}},
			Security: []map[string][]string{{bearerScheme: {}}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{bearerScheme: {
					Type: "http", Scheme: "bearer",
					Description: "An API token that holds " + registry.ScopeAdminRead + " or " + registry.ScopeAdminWrite +
						", or an access token that holds one of them and whose only audience is " + registry.AdminAudience + ".",
				}},
			},
			Tags: []*huma.Tag{
				{Name: tagClients, Description: "OAuth clients and their secrets."},
				{Name: tagAPIs, Description: "Resource servers, their scopes and endpoints."},
				{Name: tagSelf, Description: "The caller."},
				{Name: tagRefusals, Description: "Why something was refused."},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
}

const (
	bearerScheme = "bearer"

	tagClients  = "Clients"
	tagAPIs     = "APIs"
	tagSelf     = "Self"
	tagRefusals = "Refusals"
)

// operation describes one route. The body was read and bounded by wellFormed
// before huma sees it, so huma's own limits are off.
func operation(id, method, path, tag, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary,
		MaxBodyBytes: -1, BodyReadTimeout: -1,
	}
}

// created is an operation that answers 201 and a Location.
func created(id, path, tag, summary string) huma.Operation {
	op := operation(id, http.MethodPost, path, tag, summary)
	op.DefaultStatus = http.StatusCreated
	return op
}
