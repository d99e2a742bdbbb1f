package console

import (
	"strconv"
	"time"

	"keywright/registry"
)

const clientNewPath = clientsPath + "/new"

func clientNewPages(r router) {
	r.get(clientNewPath, clientNew)
	r.post(clientNewPath, clientCreate)
}

// scopeGroup are the scopes that one API declares, or those of the catalogue
// that none does.
type scopeGroup struct {
	Name   string
	Scopes []option
}

// clientNewData is what the form of a new client offers, and what it would
// make with what is filled in.
type clientNewData struct {
	Projects     picker
	Applications picker
	Roles        roleChoice
	Scopes       []scopeGroup
	Audiences    []option
	Introspects  []option
	MaxTokenTTL  int64 // seconds
	MaxLifetime  time.Duration
	Whitelist    rangeEditor
	Summary      []fact
	Back         string
}

// fact is one line of a summary.
type fact struct{ Name, Value string }

func clientNew(v *visit) error {
	if err := v.mustAdminister(); err != nil {
		return err
	}
	q := v.query
	if like := q.Get("like"); like != "" {
		f, err := v.formLike(like)
		if err != nil {
			return err
		}
		return v.showClientNew(f)
	}
	return v.showClientNew(newForm("applicationId", q.Get("applicationId"), "projectId", q.Get("projectId")))
}

// clientCreate makes a client, which waits until its values were downloaded
// and it is confirmed. Asked for the summary, or for other rows of addresses,
// it makes nothing.
func clientCreate(v *visit, f *form) error {
	if f.edits(v.Actor.Address) {
		if err := v.mustAdminister(); err != nil {
			return err
		}
		return v.showClientNew(f)
	}
	in := f.client(v.Now())
	var made registry.ClientDetails
	var secret registry.SecretText
	err := f.try(func() (err error) {
		made, secret, err = v.Service.CreateClient(v.ctx(), v.Actor, in)
		return err
	})
	switch {
	case f.Rejected():
		return v.showClientNew(f)
	case err != nil:
		return err
	}
	back := clientsPath + "/" + made.ID
	if made.ApplicationID != "" {
		back = applicationsPath + "/" + made.ApplicationID + "/keys"
	}
	return v.showOnce(newSecret{Name: made.Name, ClientID: made.ID, Secret: secret, Pending: true, Back: back})
}

// client reads what a client is to be made from.
func (f *form) client(now time.Time) registry.ClientInput {
	in := registry.ClientInput{
		Name: f.Text("name"), Description: f.Text("description"), Environment: f.Text("environment"),
		ProjectID: f.Text("projectId"), ApplicationID: f.Text("applicationId"),
		Roles: f.roles(), Scopes: f.scopes(), Permissions: f.rows("permissions"),
		Audiences: f.All("audiences"), Introspects: f.All("introspects"), IPWhitelist: filled(f.All("ipWhitelist")),
		AuthMethod: f.Text("authMethod"), TokenFormat: f.Text("tokenFormat"),
		TokenTTL: f.Seconds("tokenTtlSeconds"), Watch: f.On("watch"),
		ExpiresAt: f.clientExpiry(now), ConfirmRequired: true,
	}
	if in.AuthMethod == registry.AuthPrivateKeyJWT {
		in.JWKS = []byte(f.Text("jwks"))
	}
	return in
}

// clientExpiry is when a new client is to expire: zero for never, or as late
// as the organization allows.
func (f *form) clientExpiry(now time.Time) time.Time {
	switch lifetime := f.Text("lifetime"); lifetime {
	case "":
		return time.Time{}
	case lifeDate:
		if f.Text("expiresAt") == "" {
			f.unreadable("expiresAt", "is missing: choose a date")
		}
		return f.Day("expiresAt")
	default:
		days, err := strconv.ParseInt(lifetime, 10, 16)
		if err != nil {
			f.unreadable("lifetime", "is none of those offered")
		}
		return now.AddDate(0, 0, int(days))
	}
}

func (v *visit) showClientNew(f *form) (err error) {
	longest := registry.MaxTokenTTL
	if limit := v.Me.Organization.MaxTokenTTL; limit > 0 {
		longest = min(longest, limit)
	}
	data := clientNewData{
		MaxTokenTTL: int64(longest.Seconds()), MaxLifetime: v.Me.Organization.MaxCredentialLifetime,
		Whitelist: v.rangeEditor(spare(f.All("ipWhitelist")), f), Back: clientsPath,
	}
	if id := f.Text("applicationId"); id != "" {
		data.Back = applicationsPath + "/" + id + "/keys"
	}
	if data.Projects, err = v.picker("projectId", f.Text("projectId")); err != nil {
		return err
	}
	if data.Applications, err = v.picker("applicationId", f.Text("applicationId")); err != nil {
		return err
	}
	if data.Roles, err = v.roleChoice(); err != nil {
		return err
	}
	f.setRoles(f.roles(), data.Roles)
	var apis []option
	if data.Scopes, apis, err = v.scopeGroups(); err != nil {
		return err
	}
	data.Audiences = withChosen(apis, f.All("audiences"))
	data.Introspects = withChosen(withAllAPIs(apis), f.All("introspects"))
	data.Summary = data.summary(f)
	return v.show(view{Page: "client_new", Title: "Add OAuth 2.0 API credentials", Form: f, Data: data})
}

// scopeGroups are the scopes to choose from, each with what the catalogue says
// of it, and the APIs of the organization by their identifiers.
func (v *visit) scopeGroups() (groups []scopeGroup, apis []option, err error) {
	catalogue, err := v.Service.Scopes(v.ctx(), v.Actor, registry.ScopeQuery{Limit: offered})
	if err != nil {
		return nil, nil, err
	}
	declared, err := v.Service.APIs(v.ctx(), v.Actor, registry.APIQuery{Limit: offered})
	if err != nil {
		return nil, nil, err
	}
	meaning := map[string]string{}
	var free scopeGroup
	for _, s := range catalogue.Items {
		meaning[s.Name] = s.Description
		if len(s.DeclaredBy) == 0 {
			free.Scopes = append(free.Scopes, option{s.Name, s.Description})
		}
	}
	seen := map[string]bool{}
	for _, a := range declared.Items {
		apis = append(apis, option{a.Identifier, a.Name})
		group := scopeGroup{Name: a.Name}
		for _, s := range a.Scopes {
			if !seen[s] { // one box per scope, although several APIs may declare it
				seen[s] = true
				group.Scopes = append(group.Scopes, option{s, meaning[s]})
			}
		}
		if len(group.Scopes) > 0 {
			groups = append(groups, group)
		}
	}
	if len(free.Scopes) > 0 {
		free.Name = "Other scopes of the catalogue"
		groups = append(groups, free)
	}
	return groups, apis, nil
}
