package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"keywright/internal/signin"
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
	Sessions         *signin.Keeper   // those of the console
}

// Mount mounts the admin API under /v1 on an engine of web.NewEngine, whose
// ErrorWriter should be web.WriteProblem.
func Mount(e *gin.Engine, c Config) error {
	useProblems()
	who := authentication{bearer{c.Authenticator, c.ParseAccessToken}, c.Sessions, http.NewCrossOriginProtection()}
	guarded := e.Group("", who.authenticate, wellFormed, keyed{c.Service}.once)
	api := humagin.NewWithGroup(e, guarded, description())

	clients{c.Service, c.Now}.mount(api)
	secrets{c.Service, c.Now}.mount(api)
	tokens{c.Service, c.Now}.mount(api)
	applications{c.Service, c.Now}.mount(api)
	apis{c.Service}.mount(api)
	roles{c.Service}.mount(api)
	scopes{c.Service}.mount(api)
	projects{c.Service}.mount(api)
	organization{c.Service}.mount(api)
	signingKeys{c.Service, c.Now}.mount(api)
	members{c.Service}.mount(api)
	sessions{c.Service, c.Sessions}.mount(api)
	self{c.Service}.mount(api)
	selfProtection{c.Service, c.Sessions}.mount(api)
	refusals{c.Service}.mount(api)
	audit{c.Service}.mount(api)
	usage{c.Service}.mount(api)

	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		return fmt.Errorf("describe the admin API: %w", err)
	}
	e.GET("/v1/openapi.json", func(g *gin.Context) {
		g.Data(http.StatusOK, "application/openapi+json", document)
	})
	return mountDocs(e, document)
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
					"`If-Match` with one entity tag is honoured and optional. " +
					"A POST with an `Idempotency-Key` changes something at most once within 24 hours: sent again, it gets the " +
					"answer of the first time without its secrets and with the header `Idempotency-Replayed`, or 409 `conflict` " +
					"while that is under way or if its answer was lost. A request that was refused may be sent again with its key.",
				License: &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
			},
			Servers:  []*huma.Server{{URL: "/"}},
			Security: []map[string][]string{{bearerScheme: {}}, {cookieScheme: {}}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{bearerScheme: {
					Type: "http", Scheme: "bearer",
					Description: "An API token that holds " + registry.ScopeAdminRead + " or " + registry.ScopeAdminWrite +
						", or an access token that holds one of them and whose only audience is " + registry.AdminAudience + ".",
				}, cookieScheme: {
					Type: "apiKey", In: "cookie", Name: signin.CookieName,
					Description: "A person's console session; over TLS the cookie is named " + signin.SecureCookieName + ".",
				}},
			},
			Tags: []*huma.Tag{
				{Name: tagClients, Description: "OAuth clients and their secrets."},
				{Name: tagTokens, Description: "API tokens: static bearer tokens, for callers that cannot do OAuth."},
				{Name: tagApplications, Description: "What clients are for, and the endpoints they may reach."},
				{Name: tagAPIs, Description: "Resource servers, their scopes and endpoints."},
				{Name: tagRoles, Description: "Named bundles of scopes and permissions."},
				{Name: tagScopes, Description: "What scopes mean."},
				{Name: tagProjects, Description: "Parts of the organization."},
				{Name: tagOrganization, Description: "The organization and its policy."},
				{Name: tagSigningKeys, Description: "The keys that sign access tokens, of the whole installation. Rotation needs a console session."},
				{Name: tagMembers, Description: "People and their roles. Changes need a console session."},
				{Name: tagSessions, Description: "People, signed in."},
				{Name: tagSelf, Description: "The caller."},
				{Name: tagUsage, Description: "How often credentials are used, and what is odd about it."},
				{Name: tagAudit, Description: "Who did what, when, and what was refused."},
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
	cookieScheme = "session"

	tagClients      = "Clients"
	tagTokens       = "API tokens"
	tagApplications = "Applications"
	tagAPIs         = "APIs"
	tagRoles        = "Roles"
	tagScopes       = "Scopes"
	tagProjects     = "Projects"
	tagOrganization = "Organization"
	tagSigningKeys  = "Signing keys"
	tagMembers      = "Members"
	tagSessions     = "Sessions"
	tagSelf         = "Self"
	tagUsage        = "Usage"
	tagAudit        = "Audit"
	tagRefusals     = "Refusals"
)

// operation describes one route. The body was read and bounded by wellFormed
// before huma sees it, so huma's own limits are off.
func operation(id, method, path, tag, summary string) huma.Operation {
	op := huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary,
		MaxBodyBytes: -1, BodyReadTimeout: -1,
	}
	if method == http.MethodPost {
		op.Parameters = []*huma.Param{{
			Name: headerIdempotencyKey, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "1 to 255 printable characters of your choice, for one request.",
		}}
	}
	return op
}

// created is an operation that answers 201 and a Location.
func created(id, path, tag, summary string) huma.Operation {
	op := operation(id, http.MethodPost, path, tag, summary)
	op.DefaultStatus = http.StatusCreated
	return op
}
