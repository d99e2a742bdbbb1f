package registry

import (
	"context"
	"slices"
	"strings"
)

// Client returns one client of the actor's organization.
func (s *Service) Client(ctx context.Context, actor Actor, clientID string) (ClientDetails, error) {
	var d ClientDetails
	err := s.read(ctx, actor, func(r Reader) error {
		client, err := s.readClient(ctx, r, actor, clientID)
		if err != nil {
			return err
		}
		d, err = s.details(ctx, r, client)
		return err
	})
	return d, err
}

// Secrets returns the secrets of a client, oldest first.
func (s *Service) Secrets(ctx context.Context, actor Actor, clientID string) ([]Secret, error) {
	d, err := s.Client(ctx, actor, clientID)
	return d.Secrets, err
}

// readClient reads a client that lies within the actor's reach.
func (s *Service) readClient(ctx context.Context, r Reader, actor Actor, clientID string) (Client, error) {
	if !IsID(clientID, PrefixClient) {
		return Client{}, NotFound("client")
	}
	client, err := r.Client(ctx, actor.OrganizationID, clientID)
	if err != nil {
		return Client{}, err
	}
	if client.GoneAt(s.now()) || !actor.reaches(client.ProjectID) {
		return Client{}, NotFound("client")
	}
	return client, nil
}

// details adds to a client what stands in other records.
func (s *Service) details(ctx context.Context, r Reader, client Client) (ClientDetails, error) {
	all, err := s.detailsOf(ctx, r, client.OrganizationID, []Client{client})
	if err != nil {
		return ClientDetails{}, err
	}
	return all[0], nil
}

func (s *Service) detailsOf(ctx context.Context, r Reader, organizationID string, clients []Client) ([]ClientDetails, error) {
	ids := make([]string, len(clients))
	for i, c := range clients {
		ids[i] = c.ID
	}
	secrets, err := r.SecretsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	keys, err := r.ClientKeysOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	roles, err := r.Roles(ctx, organizationID)
	if err != nil {
		return nil, err
	}
	now := s.now()
	all := make([]ClientDetails, len(clients))
	for i, c := range clients {
		all[i] = ClientDetails{Client: c, Secrets: secrets[c.ID], Keys: keys[c.ID], Status: c.StatusAt(now)}
		for _, role := range roles {
			if slices.Contains(c.RoleIDs, role.ID) {
				all[i].RoleNames = append(all[i].RoleNames, role.Name)
			}
		}
		slices.Sort(all[i].RoleNames)
	}
	return all, nil
}

// ClientQuery selects, sorts and pages clients. Empty fields do not filter.
type ClientQuery struct {
	ProjectID     string
	ApplicationID string
	CreatedBy     string
	Environment   string
	ListQuery
	Limit  int // 1 to 200; 0: 50
	Cursor string
}

// ClientList is one page of clients.
type ClientList struct {
	Items      []ClientDetails
	NextCursor string // empty: the last page
}

// Clients lists the clients of the actor's organization, or project when it is
// bound to one.
func (s *Service) Clients(ctx context.Context, actor Actor, q ClientQuery) (ClientList, error) {
	var list ClientList
	err := s.read(ctx, actor, func(r Reader) error {
		narrowing, sort, err := q.narrowing(s.now(), StatusRevoked, StatusExpired, StatusDisabled, StatusPending, StatusActive)
		if err != nil {
			return err
		}
		if err := q.dueFrom(ctx, r, actor.OrganizationID, &narrowing); err != nil {
			return err
		}
		if q.ProjectID == "" {
			q.ProjectID = actor.ProjectID
		} else if !actor.reaches(q.ProjectID) {
			return nil
		}
		filter := ClientFilter{
			OrganizationID: actor.OrganizationID, ProjectID: q.ProjectID, ApplicationID: q.ApplicationID,
			CreatedBy: q.CreatedBy, NotGoneAt: narrowing.At, Environment: q.Environment, Narrowing: narrowing,
		}
		cursor := s.cursorFor("clients", filter.OrganizationID, filter.ProjectID, filter.ApplicationID, filter.CreatedBy,
			filter.Environment, strings.Join(q.bound(), "\x00"))
		page, err := cursor.page(q.Limit, q.Cursor)
		if err != nil {
			return err
		}
		page.Sort = sort
		rows, err := r.ClientPage(ctx, filter, page.orOneMore())
		if err != nil {
			return err
		}
		rows, list.NextCursor = cut(cursor, page, rows, func(c Client) Page { return c.place(sort.By) })
		list.Items, err = s.detailsOf(ctx, r, actor.OrganizationID, rows)
		return err
	})
	return list, err
}
