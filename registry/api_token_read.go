package registry

import (
	"context"
	"strings"
)

// APIToken returns one API token of the actor's organization.
func (s *Service) APIToken(ctx context.Context, actor Actor, id string) (APIToken, error) {
	var t APIToken
	err := s.read(ctx, actor, func(r Reader) (err error) {
		t, err = readAPIToken(ctx, r, actor, id)
		return err
	})
	return t, err
}

// readAPIToken reads an API token that lies within the actor's reach.
func readAPIToken(ctx context.Context, r Reader, actor Actor, id string) (APIToken, error) {
	if !IsID(id, PrefixAPIToken) {
		return APIToken{}, NotFound("API token")
	}
	t, err := r.APIToken(ctx, actor.OrganizationID, id)
	if err != nil {
		return APIToken{}, err
	}
	if !actor.reaches(t.ProjectID) {
		return APIToken{}, NotFound("API token")
	}
	return t, nil
}

// APITokenQuery selects, sorts and pages API tokens. Empty fields do not filter.
type APITokenQuery struct {
	ProjectID string
	CreatedBy string
	Type      string
	ListQuery
	Limit  int // 1 to 200; 0: 50
	Cursor string
}

// APITokenList is one page of API tokens.
type APITokenList struct {
	Items      []APIToken
	NextCursor string // empty: the last page
}

// APITokens lists the API tokens of the actor's organization, or project when
// it is bound to one.
func (s *Service) APITokens(ctx context.Context, actor Actor, q APITokenQuery) (APITokenList, error) {
	var list APITokenList
	err := s.read(ctx, actor, func(r Reader) error {
		narrowing, sort, err := q.narrowing(s.now(), StatusRevoked, StatusExpired, StatusDisabled, StatusActive)
		if err != nil {
			return err
		}
		if err := q.dueFrom(ctx, r, actor.OrganizationID, &narrowing); err != nil {
			return err
		}
		if q.Type != "" && q.Type != TokenTypeOrganization && q.Type != TokenTypeProject {
			return MalformedParameter("type", "must be %s or %s", TokenTypeOrganization, TokenTypeProject)
		}
		if q.ProjectID == "" {
			q.ProjectID = actor.ProjectID
		} else if !actor.reaches(q.ProjectID) {
			return nil
		}
		filter := APITokenFilter{
			OrganizationID: actor.OrganizationID, ProjectID: q.ProjectID, CreatedBy: q.CreatedBy, Type: q.Type, Narrowing: narrowing,
		}
		cursor := s.cursorFor("tokens", filter.OrganizationID, filter.ProjectID, filter.CreatedBy, filter.Type,
			strings.Join(q.bound(), "\x00"))
		page, err := cursor.page(q.Limit, q.Cursor)
		if err != nil {
			return err
		}
		page.Sort = sort
		rows, err := r.APITokenPage(ctx, filter, page.orOneMore())
		list.Items, list.NextCursor = cut(cursor, page, rows, func(t APIToken) Page { return t.place(sort.By) })
		return err
	})
	return list, err
}
