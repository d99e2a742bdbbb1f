package registry

import "time"

// API is a resource server: an identifier (the audience), its scopes and its
// endpoints.
type API struct {
	ID             string
	OrganizationID string
	Identifier     string // an absolute URI without fragment, unique in the installation
	Name           string
	Scopes         []string // sorted
	StrictScopes   bool     // its tokens carry declared scopes only
	Endpoints      []Endpoint
	Revision       int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Endpoint is one method and path template of an API, and the scope it needs.
type Endpoint struct {
	ID     string
	APIID  string
	Method string // upper case
	Path   string // template: /v1/documents/{id}
	Scope  string // one of the API's scopes; empty: none needed
}

// Role is a named bundle of scopes and permissions.
type Role struct {
	ID             string
	OrganizationID string
	Name           string // unique in the organization
	Description    string
	Scopes         []string // sorted
	Permissions    []string // sorted
	Revision       int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Scope is an entry of the organization's catalogue: a name for a domain of
// access and what it means. A scope needs no entry to be used.
type Scope struct {
	ID             string
	OrganizationID string
	Name           string // a scope token, unique in the catalogue
	Description    string
	Revision       int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Application is what clients are for. The endpoints connected to it are a
// grant to each of its clients that lists no scopes of its own.
type Application struct {
	ID             string
	OrganizationID string
	ProjectID      string // empty: organization-wide
	Name           string
	Description    string
	EndpointIDs    []string // connected endpoints
	CutOff         Position
	CreatedBy      Principal
	Revision       int64
	CreatedAt      time.Time
	UpdatedAt      time.Time
}
