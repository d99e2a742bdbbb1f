package registry

import (
	"context"
	"slices"
	"strings"
)

var (
	opAPICreate = operation{"api.create", FeedAPI, byAdmin}
	opAPIUpdate = operation{"api.update", FeedAPI, byAdmin}
	opAPIDelete = operation{"api.delete", FeedAPI, byAdmin}
)

// APIInput is what an API is created from.
type APIInput struct {
	Identifier, Name string
	Scopes           []string
	StrictScopes     bool
	Endpoints        []EndpointInput
}

// EndpointInput is one endpoint of an API. With the id of an existing one it
// changes that; without, it is a new one.
type EndpointInput struct {
	ID, Method, Path, Scope string
}

// APIPatch is a partial change of an API. Its identifier, which tokens carry, stays.
type APIPatch struct {
	Name         *string
	Scopes       *[]string
	StrictScopes *bool
	Endpoints    *[]EndpointInput // replaces them; those left out are disconnected everywhere
}

// APIQuery pages the APIs of an organization.
type APIQuery struct {
	Search string // in the name or identifier, letters of any case
	Limit  int    // 1 to 200; 0: 50
	Cursor string
}

// APIList is one page of APIs, newest first.
type APIList struct {
	Items      []API
	NextCursor string // empty: the last page
}

// CreateAPI registers a resource server.
func (s *Service) CreateAPI(ctx context.Context, actor Actor, in APIInput) (API, error) {
	id, err := NewID(s.Rand, PrefixAPI)
	if err != nil {
		return API{}, err
	}
	api := API{ID: id, OrganizationID: actor.OrganizationID, Revision: 1}
	err = s.change(ctx, actor, opAPICreate, id, func(c *change) error {
		if err := c.actor.organizationWide(); err != nil {
			return err
		}
		var v invalid
		api.Identifier = v.identifier("identifier", in.Identifier)
		api.CreatedAt, api.UpdatedAt = c.now, c.now
		patch := APIPatch{Name: &in.Name, Scopes: &in.Scopes, StrictScopes: &in.StrictScopes, Endpoints: &in.Endpoints}
		if err := s.applyAPI(&api, patch, &v); err != nil {
			return err
		}
		c.after = auditAPI(api)
		return c.InsertAPI(ctx, api)
	})
	return api, err
}

// UpdateAPI changes an API. What it no longer declares or connects is no
// longer granted. match is the revision of If-Match, or 0.
func (s *Service) UpdateAPI(ctx context.Context, actor Actor, id string, p APIPatch, match int64) (API, error) {
	var api API
	err := s.change(ctx, actor, opAPIUpdate, id, func(c *change) (err error) {
		if api, err = c.api(ctx, id, match); err != nil {
			return err
		}
		c.before = auditAPI(api)
		had := api.Endpoints
		var v invalid
		if err := s.applyAPI(&api, p, &v); err != nil {
			return err
		}
		api.Revision++
		api.UpdatedAt = c.now
		disconnected, err := c.disconnect(ctx, had, api.Endpoints)
		if err != nil {
			return err
		}
		after := auditAPI(api)
		if len(disconnected) > 0 {
			after["disconnectedFrom"] = disconnected
		}
		c.after = after
		return c.UpdateAPI(ctx, api)
	})
	return api, err
}

// disconnect takes the endpoints that an API no longer has from the
// applications that are connected to them, and returns the ids of those.
func (c *change) disconnect(ctx context.Context, had, has []Endpoint) ([]string, error) {
	var dropped []string
	for _, e := range had {
		if !slices.ContainsFunc(has, func(kept Endpoint) bool { return kept.ID == e.ID }) {
			dropped = append(dropped, e.ID)
		}
	}
	return c.DisconnectEndpoints(ctx, c.organizationID, dropped, c.now)
}

// DeleteAPI removes an API. While an application is connected to it or a client
// names it, that is a conflict which says who.
func (s *Service) DeleteAPI(ctx context.Context, actor Actor, id string, match int64) error {
	return s.change(ctx, actor, opAPIDelete, id, func(c *change) error {
		api, err := c.api(ctx, id, match)
		if err != nil {
			return err
		}
		c.before = auditAPI(api)
		users, err := c.APIUsers(ctx, api, maxUsersNamed)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return inUse("API", users)
		}
		return c.DeleteAPI(ctx, c.organizationID, id)
	})
}

// api locks an API that the actor may change, and checks If-Match.
func (c *change) api(ctx context.Context, id string, match int64) (API, error) {
	if err := c.actor.organizationWide(); err != nil {
		return API{}, err
	}
	if !IsID(id, PrefixAPI) {
		return API{}, NotFound("API")
	}
	api, err := c.APIForUpdate(ctx, c.organizationID, id)
	if err != nil {
		return API{}, err
	}
	return api, matches(api.Revision, match)
}

// applyAPI checks the fields that a patch sets and writes them into a.
func (s *Service) applyAPI(a *API, p APIPatch, v *invalid) error {
	if p.Name != nil {
		a.Name = v.name("name", *p.Name)
	}
	if p.Scopes != nil {
		a.Scopes = v.scopes("scopes", *p.Scopes)
		for i, scope := range *p.Scopes {
			if IsAdminScope(scope) {
				v.add(at("scopes", i), "must not begin with %s", scopeAdmin)
			}
		}
	}
	if p.StrictScopes != nil {
		a.StrictScopes = *p.StrictScopes
	}
	if p.Endpoints != nil {
		endpoints, err := s.endpoints(*a, *p.Endpoints, v)
		if err != nil {
			return err
		}
		a.Endpoints = endpoints
	}
	for i, e := range a.Endpoints {
		if e.Scope != "" && !slices.Contains(a.Scopes, e.Scope) {
			v.add(at("endpoints", i)+".scope", "must be one of the API's scopes")
		}
	}
	return v.err()
}

func (s *Service) endpoints(a API, in []EndpointInput, v *invalid) ([]Endpoint, error) {
	v.count("endpoints", len(in))
	var all []Endpoint
	for i, e := range in {
		field := at("endpoints", i)
		endpoint := Endpoint{
			ID: e.ID, APIID: a.ID, Scope: e.Scope, Path: v.pathTemplate(field+".path", e.Path),
			Method: v.oneOf(field+".method", strings.ToUpper(e.Method), "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
		}
		if e.ID == "" {
			id, err := NewID(s.Rand, PrefixEndpoint)
			if err != nil {
				return nil, err
			}
			endpoint.ID = id
		} else if !slices.ContainsFunc(a.Endpoints, func(old Endpoint) bool { return old.ID == e.ID }) {
			v.add(field+".id", "names no endpoint of this API")
		}
		if slices.ContainsFunc(all, func(o Endpoint) bool {
			return o.ID == endpoint.ID || (o.Method == endpoint.Method && compareTemplates(o.Path, endpoint.Path) == 0)
		}) {
			v.add(field, "repeats another endpoint")
		}
		all = append(all, endpoint)
	}
	return all, nil
}

// pathTemplate checks a path such as /v1/documents/{id}: segments are literal
// or one parameter in braces, and none is empty, a dot segment, or has a
// character that servers and gateways read differently.
func (v *invalid) pathTemplate(field, path string) string {
	if !strings.HasPrefix(path, "/") || len(path) > maxIdentifier || !isASCIIGraphic(path) {
		v.add(field, "must begin with / and be at most %d printable ASCII characters", maxIdentifier)
		return path
	}
	if path == "/" {
		return path
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		name, isParameter := strings.CutPrefix(segment, "{")
		if isParameter {
			name, isParameter = strings.CutSuffix(name, "}")
		}
		if !isParameter {
			name = segment
		}
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, `{};\?#%`) {
			v.add(field, "must have segments that are plain text or one {parameter}")
			return path
		}
	}
	return path
}

// API returns one API of the actor's organization.
func (s *Service) API(ctx context.Context, actor Actor, id string) (API, error) {
	var api API
	err := s.read(ctx, actor, func(r Reader) (err error) {
		if !IsID(id, PrefixAPI) {
			return NotFound("API")
		}
		api, err = r.API(ctx, actor.OrganizationID, id)
		return err
	})
	return api, err
}

// APIs lists the APIs of the actor's organization, newest first.
func (s *Service) APIs(ctx context.Context, actor Actor, q APIQuery) (APIList, error) {
	var list APIList
	err := s.read(ctx, actor, func(r Reader) error {
		cursor := s.cursorFor("apis", actor.OrganizationID, q.Search)
		page, err := cursor.searched(q.Search, q.Limit, q.Cursor)
		if err != nil {
			return err
		}
		rows, err := r.APIPage(ctx, actor.OrganizationID, page.orOneMore())
		list.Items, list.NextCursor = cut(cursor, page, rows, func(a API) Page {
			return Page{AfterAt: a.CreatedAt, AfterID: a.ID}
		})
		return err
	})
	return list, err
}
