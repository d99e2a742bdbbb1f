package registry

import "context"

// ApplicationDetails is an application as administrators see it.
type ApplicationDetails struct {
	Application
	Clients ApplicationClients // at the moment of the read
}

// ApplicationClients are the clients of an application in numbers.
type ApplicationClients struct {
	Count        int      // of all, revoked ones too
	Active       int      // of those that can authenticate
	Environments []string // of those not revoked; sorted
}

// ApplicationQuery selects and pages applications. Empty fields do not filter.
type ApplicationQuery struct {
	ProjectID string
	Search    string // in the name or description, letters of any case
	Limit     int    // 1 to 200; 0: 50
	Cursor    string
}

// ApplicationList is one page of applications, newest first.
type ApplicationList struct {
	Items      []ApplicationDetails
	NextCursor string // empty: the last page
}

// Application returns one application of the actor's organization.
func (s *Service) Application(ctx context.Context, actor Actor, id string) (ApplicationDetails, error) {
	var d ApplicationDetails
	err := s.read(ctx, actor, func(r Reader) error {
		if !IsID(id, PrefixApplication) {
			return NotFound("application")
		}
		app, err := r.Application(ctx, actor.OrganizationID, id)
		if err != nil {
			return err
		}
		if !actor.reaches(app.ProjectID) {
			return NotFound("application")
		}
		d, err = s.applicationDetails(ctx, r, app)
		return err
	})
	return d, err
}

// Applications lists the applications of the actor's organization, or project
// when it is bound to one, newest first.
func (s *Service) Applications(ctx context.Context, actor Actor, q ApplicationQuery) (ApplicationList, error) {
	var list ApplicationList
	err := s.read(ctx, actor, func(r Reader) error {
		if q.ProjectID == "" {
			q.ProjectID = actor.ProjectID
		} else if !actor.reaches(q.ProjectID) {
			return nil
		}
		cursor := s.cursorFor("applications", actor.OrganizationID, q.ProjectID, q.Search)
		page, err := cursor.searched(q.Search, q.Limit, q.Cursor)
		if err != nil {
			return err
		}
		rows, err := r.ApplicationPage(ctx, actor.OrganizationID, q.ProjectID, page.orOneMore())
		if err != nil {
			return err
		}
		rows, list.NextCursor = cut(cursor, page, rows, func(a Application) Page {
			return Page{AfterAt: a.CreatedAt, AfterID: a.ID}
		})
		list.Items, err = s.applicationsDetails(ctx, r, actor.OrganizationID, rows)
		return err
	})
	return list, err
}

func (s *Service) applicationDetails(ctx context.Context, r Reader, app Application) (ApplicationDetails, error) {
	all, err := s.applicationsDetails(ctx, r, app.OrganizationID, []Application{app})
	if err != nil {
		return ApplicationDetails{}, err
	}
	return all[0], nil
}

func (s *Service) applicationsDetails(ctx context.Context, r Reader, organizationID string, apps []Application) ([]ApplicationDetails, error) {
	ids := make([]string, len(apps))
	for i, app := range apps {
		ids[i] = app.ID
	}
	counts, err := r.ClientCounts(ctx, organizationID, ids, s.now())
	if err != nil {
		return nil, err
	}
	all := make([]ApplicationDetails, len(apps))
	for i, app := range apps {
		all[i] = ApplicationDetails{app, counts[app.ID]}
	}
	return all, nil
}
