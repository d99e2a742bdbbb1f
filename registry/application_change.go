package registry

import (
	"context"
	"slices"
)

var (
	opApplicationCreate = operation{"application.create", FeedApplication, byAdmin}
	opApplicationUpdate = operation{"application.update", FeedApplication, byAdminOrCreator}
	opApplicationDelete = operation{"application.delete", FeedApplication, byAdminOrCreator}
)

// ApplicationInput is what an application is created from. With CreateClient
// its first client is made in the same transaction.
type ApplicationInput struct {
	Name, Description string
	ProjectID         string
	Endpoints         []string // ids of the endpoints to connect
	CreateClient      *ClientInput
}

// ApplicationPatch is a partial change of an application.
type ApplicationPatch struct {
	Name, Description *string
	Endpoints         *[]string // replaces the connected endpoints
}

// CreatedApplication is a new application and, if one was asked for, its first
// client with the one showing of its secret.
type CreatedApplication struct {
	Application ApplicationDetails
	Client      *ClientDetails
	Secret      SecretText
}

// CreateApplication stores an application, connects the endpoints and, if
// asked, mints its first client, all in one transaction.
func (s *Service) CreateApplication(ctx context.Context, actor Actor, in ApplicationInput) (CreatedApplication, error) {
	id, err := NewID(s.Rand, PrefixApplication)
	if err != nil {
		return CreatedApplication{}, err
	}
	clientID, err := NewID(s.Rand, PrefixClient)
	if err != nil {
		return CreatedApplication{}, err
	}
	var made CreatedApplication
	err = s.change(ctx, actor, opApplicationCreate, id, func(c *change) error {
		app := Application{
			ID: id, OrganizationID: c.organizationID, ProjectID: in.ProjectID, CreatedBy: c.actor.Principal,
			Revision: 1, CreatedAt: c.now, UpdatedAt: c.now,
		}
		if app.ProjectID == "" {
			app.ProjectID = c.actor.ProjectID
		}
		var v invalid
		if err := c.projectExists(ctx, app.ProjectID, &v); err != nil {
			return err
		}
		patch := ApplicationPatch{Name: &in.Name, Description: &in.Description, Endpoints: &in.Endpoints}
		if err := c.applyApplication(ctx, &app, patch, &v); err != nil {
			return err
		}
		c.projectID = app.ProjectID
		c.projectID = app.ProjectID
		if err := c.actor.place(app.ProjectID); err != nil {
			return err
		}
		if err := c.InsertApplication(ctx, app); err != nil {
			return err
		}
		made = CreatedApplication{Application: ApplicationDetails{Application: app}}
		audit := map[string]any{"application": auditApplication(app)}
		if in.CreateClient != nil {
			first := *in.CreateClient
			first.ApplicationID, first.ProjectID = id, app.ProjectID
			client, secret, err := s.createClient(ctx, c, clientID, first)
			if err != nil {
				return err
			}
			made.Client, made.Secret = &client, secret
			if made.Application, err = s.applicationDetails(ctx, c, app); err != nil {
				return err
			}
			audit["clientId"], audit["client"] = clientID, auditClient(client)
		}
		c.after = audit
		return nil
	})
	return made, err
}

// UpdateApplication changes an application. Connecting an endpoint is a grant
// to each of its clients that lists no scopes of its own; disconnecting takes
// it away at once.
func (s *Service) UpdateApplication(ctx context.Context, actor Actor, id string, p ApplicationPatch, match int64) (ApplicationDetails, error) {
	var d ApplicationDetails
	err := s.change(ctx, actor, opApplicationUpdate, id, func(c *change) error {
		app, err := c.application(ctx, id, match)
		if err != nil {
			return err
		}
		before := app
		app.Revision++
		app.UpdatedAt = c.now
		var v invalid
		if err := c.applyApplication(ctx, &app, p, &v); err != nil {
			return err
		}
		if !c.actor.isAdmin() && !containsAll(before.EndpointIDs, app.EndpointIDs) {
			return Forbidden(CodeGrantExceedsOwn, "a creator may disconnect endpoints, never connect them")
		}
		c.before, c.after = auditApplication(before), auditApplication(app)
		if err := c.UpdateApplication(ctx, app); err != nil {
			return err
		}
		d, err = s.applicationDetails(ctx, c, app)
		return err
	})
	return d, err
}

// DeleteApplication removes an application, and with it those of its clients
// that are revoked. While it has another client, that is a conflict which says
// which. Its audit events and those of its clients stay.
func (s *Service) DeleteApplication(ctx context.Context, actor Actor, id string, match int64) error {
	return s.change(ctx, actor, opApplicationDelete, id, func(c *change) error {
		app, err := c.application(ctx, id, match)
		if err != nil {
			return err
		}
		filter := ClientFilter{OrganizationID: c.organizationID, ApplicationID: id, NotGoneAt: c.now, OnlyUnrevoked: true}
		live, err := c.ClientPage(ctx, filter, Page{Limit: maxUsersNamed})
		if err != nil {
			return err
		}
		if len(live) > 0 {
			users := make([]User, len(live))
			for i, client := range live {
				users[i] = User{FeedClient, client.ID, client.Name}
			}
			return inUse("application", users)
		}
		deleted, err := c.deleteClientsOf(ctx, id)
		if err != nil {
			return err
		}
		c.projectID = app.ProjectID
		c.before = map[string]any{"application": auditApplication(app), "clientIds": deleted}
		return c.DeleteApplication(ctx, c.organizationID, id)
	})
}

// deleteClientsOf deletes the clients of an application, those never confirmed
// in time too, and returns the ids of those that could be seen. Whoever may
// not delete one of them, may not delete the application.
func (c *change) deleteClientsOf(ctx context.Context, applicationID string) ([]string, error) {
	filter := ClientFilter{OrganizationID: c.organizationID, ApplicationID: applicationID}
	var deleted []string
	for {
		clients, err := c.ClientPage(ctx, filter, Page{Limit: maxLimit})
		if err != nil || len(clients) == 0 {
			return deleted, err
		}
		for _, client := range clients {
			if !client.GoneAt(c.now) {
				if _, err := c.client(ctx, client.ID, 0); err != nil {
					return nil, err
				}
				deleted = append(deleted, client.ID)
			}
			if err := c.DeleteClient(ctx, c.organizationID, client.ID); err != nil {
				return nil, err
			}
		}
	}
}

// application locks an application that the actor may change, and checks If-Match.
func (c *change) application(ctx context.Context, id string, match int64) (Application, error) {
	if !IsID(id, PrefixApplication) {
		return Application{}, NotFound("application")
	}
	app, err := c.ApplicationForUpdate(ctx, c.organizationID, id)
	if err != nil {
		return Application{}, err
	}
	c.projectID = app.ProjectID
	if !c.actor.reaches(app.ProjectID) {
		return Application{}, NotFound("application")
	}
	if !c.actor.isAdmin() && app.CreatedBy != c.actor.Principal {
		return Application{}, Forbidden(CodeForbidden, "only owners, admins and its creator may change an application")
	}
	if err := c.notOwn(ctx, func(own Client) bool { return own.ApplicationID == id }); err != nil {
		return Application{}, err
	}
	return app, matches(app.Revision, match)
}

func (c *change) applyApplication(ctx context.Context, app *Application, p ApplicationPatch, v *invalid) error {
	if p.Name != nil {
		app.Name = v.name("name", *p.Name)
	}
	if p.Description != nil {
		app.Description = v.text("description", *p.Description, 0, maxDescription)
	}
	if p.Endpoints != nil {
		apis, err := c.APIs(ctx, c.organizationID)
		if err != nil {
			return err
		}
		v.count("endpoints", len(*p.Endpoints))
		for i, id := range *p.Endpoints {
			if !slices.ContainsFunc(apis, func(a API) bool {
				return slices.ContainsFunc(a.Endpoints, func(e Endpoint) bool { return e.ID == id })
			}) {
				v.add(at("endpoints", i), "names no endpoint of the organization")
			}
		}
		app.EndpointIDs = sortedSet(*p.Endpoints)
	}
	return v.err()
}
