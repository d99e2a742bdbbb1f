package admin_test

import (
	"slices"
	"time"

	"keywright/internal/testotp"
	"keywright/registry"
)

// attempt says how to ask for what a row of docs/access.md says: what must be
// there before, and the body, right in itself. The names in braces are those
// that before has set.
type attempt struct {
	before func(*scene)
	body   string
	alone  bool // changes the caller, or depends on what else there is
}

// alone is an attempt in an organization of its own.
func alone(before func(*scene), body string) attempt { return attempt{before, body, true} }

const (
	newClient      = `{"name":"new","scopes":["a"]}`
	newToken       = `{"name":"new","scopes":["a"],"permissions":["read"]}`
	newName        = `{"name":"{new}"}`
	newDescription = `{"description":"other"}`
	addScope       = `{"scopes":["a","b","c"]}`
	addAdmin       = `{"scopes":["a","b","keywright:read"]}`
	addRole        = `{"roles":["{role}"]}`
	enable         = `{"isActive":true}`
	extend         = `{"expiresAt":"2026-11-01T00:00:00Z"}`
	nextMember     = `{"email":"{new}@example.com","role":"member"}`
)

// attempts has one entry for every row.
var attempts = map[string]attempt{
	"GET /v1/clients":                                  {},
	"POST /v1/clients":                                 {body: newClient},
	"GET /v1/clients/{clientId}":                       {before: aClient()},
	"PATCH /v1/clients/{clientId}":                     {before: aClient(), body: newName},
	"DELETE /v1/clients/{clientId}":                    {before: aClient()},
	"POST /v1/clients/revoke-all":                      alone(aClient(), `{"createdBy":"{makerId}"}`),
	"GET /v1/clients/{clientId}/secrets":               {before: aClient()},
	"POST /v1/clients/{clientId}/secrets":              {before: aClient()},
	"DELETE /v1/clients/{clientId}/secrets/{secretId}": {before: aClient()},
	"POST /v1/clients/{clientId}/duplicate":            {before: aClient()},
	"POST /v1/clients/{clientId}/regenerate":           {before: aClient()},
	"POST /v1/clients/{clientId}/revoke":               {before: aClient()},
	"POST /v1/clients/{clientId}/confirm":              {before: aClient(pending)},
	"GET /v1/clients/{clientId}/usage":                 {before: aClient()},

	"GET /v1/tokens":                  {},
	"POST /v1/tokens":                 {body: newToken},
	"GET /v1/tokens/{id}":             {before: aToken()},
	"PATCH /v1/tokens/{id}":           {before: aToken(), body: newName},
	"DELETE /v1/tokens/{id}":          {before: aToken()},
	"POST /v1/tokens/{id}/regenerate": {before: aToken()},
	"POST /v1/tokens/{id}/revoke":     {before: aToken()},
	"POST /v1/tokens/revoke-all":      alone(aToken(), `{"createdBy":"{makerId}"}`),
	"GET /v1/tokens/{id}/usage":       {before: aToken()},
	"GET /v1/usage":                   {},

	"GET /v1/applications":         {},
	"POST /v1/applications":        {body: `{"name":"new","createClient":{"name":"first","scopes":["a"]}}`},
	"GET /v1/applications/{id}":    {before: anApplication},
	"PATCH /v1/applications/{id}":  {before: anApplication, body: newName},
	"DELETE /v1/applications/{id}": {before: anApplication},

	"GET /v1/apis":         {},
	"POST /v1/apis":        {body: `{"identifier":"https://{new}.example","name":"new"}`},
	"GET /v1/apis/{id}":    {before: anAPI},
	"PATCH /v1/apis/{id}":  {before: anAPI, body: newName},
	"DELETE /v1/apis/{id}": {before: anAPI},

	"GET /v1/roles":         {},
	"POST /v1/roles":        {body: newName},
	"GET /v1/roles/{id}":    {before: aRole()},
	"PATCH /v1/roles/{id}":  {before: aRole(), body: newDescription},
	"DELETE /v1/roles/{id}": {before: aRole()},

	"GET /v1/scopes":         {},
	"POST /v1/scopes":        {body: newName},
	"GET /v1/scopes/{id}":    {before: aScope},
	"PATCH /v1/scopes/{id}":  {before: aScope, body: newDescription},
	"DELETE /v1/scopes/{id}": {before: aScope},

	"GET /v1/projects":                {},
	"POST /v1/projects":               {body: newName},
	"GET /v1/projects/{projectId}":    {},
	"PATCH /v1/projects/{projectId}":  {body: newName},
	"DELETE /v1/projects/{projectId}": alone(nil, ""),

	"GET /v1/organization":   {},
	"PATCH /v1/organization": {body: newName},

	"GET /v1/signing-keys":         {},
	"POST /v1/signing-keys/rotate": {},

	"GET /v1/members":                              {},
	"POST /v1/members":                             {body: nextMember},
	"POST /v1/members an owner":                    {body: `{"email":"{new}@example.com","role":"owner"}`},
	"GET /v1/members/{memberId}":                   {before: aMember(registry.RoleMember)},
	"PATCH /v1/members/{memberId}":                 {before: aMember(registry.RoleMember), body: `{"role":"admin"}`},
	"PATCH /v1/members/{memberId} to owner":        {before: aMember(registry.RoleMember), body: `{"role":"owner"}`},
	"PATCH /v1/members/{memberId} an owner":        {before: aMember(registry.RoleOwner), body: `{"role":"member"}`},
	"PATCH /v1/members/{memberId} the last owner":  alone(theOwner, `{"role":"member"}`),
	"DELETE /v1/members/{memberId}":                {before: aMember(registry.RoleMember)},
	"DELETE /v1/members/{memberId} an owner":       {before: aMember(registry.RoleOwner)},
	"DELETE /v1/members/{memberId} the last owner": alone(theOwner, ""),
	"GET /v1/sessions":                             {},
	"POST /v1/sessions":                            alone(nil, `{"email":"{email}","password":"{password}"}`),
	"DELETE /v1/sessions":                          alone(nil, ""),
	"GET /v1/sessions/{sessionId}":                 {before: aSession(registry.RoleMember)},
	"GET /v1/sessions/{sessionId} of oneself":      {before: ownSession},
	"DELETE /v1/sessions/{sessionId}":              {before: aSession(registry.RoleMember)},
	"DELETE /v1/sessions/{sessionId} of oneself":   alone(ownSession, ""),
	"DELETE /v1/sessions/{sessionId} of an owner":  {before: aSession(registry.RoleOwner)},
	"GET /v1/me":                        {},
	"POST /v1/me/password":              alone(nil, `{"current":"{callerPassword}","new":"correct horse battery"}`),
	"POST /v1/me/one-time-code":         alone(nil, `{"password":"{callerPassword}"}`),
	"POST /v1/me/one-time-code/confirm": alone(enrolled, `{"code":"{code}"}`),
	"POST /v1/me/one-time-code/disable": alone(enrolled, `{"password":"{callerPassword}"}`),
	"GET /v1/audit-events":              {},
	"GET /v1/refusals/{errorId}":        {before: aRefusal(false)},
	"GET /v1/openapi.json":              {},
	"GET /v1/docs":                      {},
	"GET /v1/docs.css":                  {},
	"GET /livez":                        {},
	"HEAD /livez":                       {},
	"GET /readyz":                       {},
	"HEAD /readyz":                      {},

	// keywright:*
	"POST /v1/clients granting keywright:read":                                       {body: `{"name":"{new}","scopes":["keywright:read"]}`},
	"POST /v1/clients granting a role that holds keywright:read":                     {before: aRole(holdingAdmin), body: `{"name":"new","roles":["{role}"]}`},
	"PATCH /v1/clients/{clientId} granting keywright:read":                           {before: aClient(), body: addAdmin},
	"PATCH /v1/clients/{clientId} granting a role that holds keywright:read":         {before: all(aClient(), aRole(holdingAdmin)), body: addRole},
	"PATCH /v1/clients/{clientId} one that holds keywright:read":                     {before: aClient(holdingAdmin), body: newName},
	"PATCH /v1/clients/{clientId} one whose role holds keywright:read":               {before: all(aRole(holdingAdmin), aClient(holdingRole)), body: newName},
	"DELETE /v1/clients/{clientId} one that holds keywright:read":                    {before: aClient(holdingAdmin)},
	"POST /v1/clients/{clientId}/duplicate one that holds keywright:read":            {before: aClient(holdingAdmin)},
	"POST /v1/clients/{clientId}/regenerate one that holds keywright:read":           {before: aClient(holdingAdmin)},
	"POST /v1/clients/{clientId}/revoke one that holds keywright:read":               {before: aClient(holdingAdmin)},
	"POST /v1/clients/{clientId}/confirm one that holds keywright:read":              {before: aClient(holdingAdmin, pending)},
	"POST /v1/clients/{clientId}/secrets one that holds keywright:read":              {before: aClient(holdingAdmin)},
	"DELETE /v1/clients/{clientId}/secrets/{secretId} one that holds keywright:read": {before: aClient(holdingAdmin)},
	"POST /v1/clients/revoke-all hitting one that holds keywright:read":              alone(aClient(holdingAdmin), `{"createdBy":"{makerId}"}`),
	"PATCH /v1/clients/{clientId} itself":                                            {before: itself, body: newName},
	"DELETE /v1/clients/{clientId} itself":                                           {before: itself},
	"POST /v1/clients/{clientId}/regenerate itself":                                  {before: itself},
	"POST /v1/clients/{clientId}/revoke itself":                                      {before: itself},
	"POST /v1/clients/{clientId}/secrets itself":                                     {before: itself},
	"POST /v1/tokens granting keywright:read":                                        {body: `{"name":"new","scopes":["keywright:read"],"permissions":["read"]}`},
	"PATCH /v1/tokens/{id} granting keywright:read":                                  {before: aToken(), body: addAdmin},
	"PATCH /v1/tokens/{id} one that holds keywright:read":                            {before: aToken(holdingAdmin), body: newName},
	"DELETE /v1/tokens/{id} one that holds keywright:read":                           {before: aToken(holdingAdmin)},
	"POST /v1/tokens/{id}/regenerate one that holds keywright:read":                  {before: aToken(holdingAdmin)},
	"POST /v1/tokens/{id}/revoke one that holds keywright:read":                      {before: aToken(holdingAdmin)},
	"POST /v1/tokens/revoke-all hitting one that holds keywright:read":               alone(aToken(holdingAdmin), `{"createdBy":"{makerId}"}`),
	"PATCH /v1/tokens/{id} itself":                                                   {before: itself, body: newName},
	"DELETE /v1/tokens/{id} itself":                                                  {before: itself},
	"POST /v1/tokens/{id}/regenerate itself":                                         {before: itself},
	"POST /v1/tokens/{id}/revoke itself":                                             {before: itself},
	"POST /v1/applications whose first client is granted keywright:read":             {body: `{"name":"new","createClient":{"name":"first","scopes":["keywright:read"]}}`},
	"DELETE /v1/applications/{id} with a revoked client that holds keywright:read":   {before: all(anApplication, aRevokedClient)},
	"POST /v1/roles granting keywright:read":                                         {body: `{"name":"{new}","scopes":["keywright:read"]}`},
	"PATCH /v1/roles/{id} granting keywright:read":                                   {before: aRole(), body: addAdmin},
	"PATCH /v1/roles/{id} one that holds keywright:read":                             {before: aRole(holdingAdmin), body: newDescription},
	"DELETE /v1/roles/{id} one that holds keywright:read":                            {before: aRole(holdingAdmin)},

	// A creator never widens.
	"PATCH /v1/clients/{clientId} adding a scope":                       {before: aClient(), body: addScope},
	"PATCH /v1/clients/{clientId} adding a role":                        {before: all(aClient(), aRole()), body: addRole},
	"PATCH /v1/clients/{clientId} enabling it again":                    {before: aClient(disabled), body: enable},
	"PATCH /v1/clients/{clientId} extending its life":                   {before: aClient(shortLived), body: extend},
	"PATCH /v1/clients/{clientId} lengthening its tokens' life":         {before: aClient(briefTokens), body: `{"tokenTtlSeconds":600}`},
	"PATCH /v1/clients/{clientId} letting it introspect":                {before: all(anAPI, aClient()), body: `{"introspects":["{api}"]}`},
	"PATCH /v1/clients/{clientId} introspecting one API instead of all": {before: all(anAPI, aClient(introspecting)), body: `{"introspects":["{api}"]}`},
	"PATCH /v1/tokens/{id} letting more addresses in":                   {before: aToken(whitelisted), body: `{"ipWhitelist":[]}`},
	"PATCH /v1/clients/{clientId} letting more addresses in":            {before: aClient(whitelisted), body: `{"ipWhitelist":[]}`},
	"POST /v1/clients/{clientId}/regenerate extending its life":         {before: aClient(shortLived), body: extend},
	"PATCH /v1/clients/{clientId} taking a scope and disabling it":      {before: aClient(), body: `{"scopes":["a"],"isActive":false}`},
	"PATCH /v1/tokens/{id} adding a scope":                              {before: aToken(), body: addScope},
	"PATCH /v1/tokens/{id} adding a permission":                         {before: aToken(), body: `{"permissions":["read","write"]}`},
	"PATCH /v1/tokens/{id} enabling it again":                           {before: aToken(disabled), body: enable},
	"PATCH /v1/tokens/{id} extending its life":                          {before: aToken(shortLived), body: extend},
	"POST /v1/tokens/{id}/regenerate extending its life":                {before: aToken(shortLived), body: extend},
	"PATCH /v1/applications/{id} connecting an endpoint":                {before: all(anAPI, anApplication), body: `{"endpoints":["{endpointId}"]}`},
	"PATCH /v1/applications/{id} disconnecting an endpoint":             {before: all(anAPI, aConnectedApplication), body: `{"endpoints":[]}`},

	// A credential that is bound to a project.
	"POST /v1/clients of an application of another project":                {before: all(otherProject, anApplication), body: `{"name":"new","scopes":["a"],"applicationId":"{id}"}`},
	"POST /v1/clients of an organization-wide application":                 {before: all(noProject, anApplication), body: `{"name":"new","scopes":["a"],"applicationId":"{id}"}`},
	"POST /v1/clients outside the project":                                 {before: otherProject, body: `{"name":"new","scopes":["a"],"projectId":"{projectId}"}`},
	"GET /v1/clients/{clientId} outside the project":                       {before: aClient(outside)},
	"PATCH /v1/clients/{clientId} outside the project":                     {before: aClient(outside), body: newName},
	"DELETE /v1/clients/{clientId} outside the project":                    {before: aClient(outside)},
	"POST /v1/clients/{clientId}/duplicate outside the project":            {before: aClient(outside)},
	"POST /v1/clients/{clientId}/regenerate outside the project":           {before: aClient(outside)},
	"POST /v1/clients/{clientId}/revoke outside the project":               {before: aClient(outside)},
	"POST /v1/clients/{clientId}/confirm outside the project":              {before: aClient(outside, pending)},
	"GET /v1/clients/{clientId}/secrets outside the project":               {before: aClient(outside)},
	"POST /v1/clients/{clientId}/secrets outside the project":              {before: aClient(outside)},
	"DELETE /v1/clients/{clientId}/secrets/{secretId} outside the project": {before: aClient(outside)},
	"POST /v1/clients/revoke-all outside the project":                      {before: otherProject, body: `{"projectId":"{projectId}"}`},
	"POST /v1/clients/revoke-all of the organization, itself in it":        alone(nil, `{"organizationId":"{organizationId}","dryRun":true}`),
	"POST /v1/tokens outside the project":                                  {before: otherProject, body: `{"name":"new","scopes":["a"],"permissions":["read"],"projectId":"{projectId}"}`},
	"GET /v1/tokens/{id} outside the project":                              {before: aToken(outside)},
	"PATCH /v1/tokens/{id} outside the project":                            {before: aToken(outside), body: newName},
	"DELETE /v1/tokens/{id} outside the project":                           {before: aToken(outside)},
	"POST /v1/tokens/{id}/regenerate outside the project":                  {before: aToken(outside)},
	"POST /v1/tokens/{id}/revoke outside the project":                      {before: aToken(outside)},
	"POST /v1/tokens/revoke-all outside the project":                       {before: otherProject, body: `{"projectId":"{projectId}"}`},
	"POST /v1/applications outside the project":                            {before: otherProject, body: `{"name":"new","projectId":"{projectId}"}`},
	"GET /v1/applications/{id} outside the project":                        {before: all(otherProject, anApplication)},
	"PATCH /v1/applications/{id} outside the project":                      {before: all(otherProject, anApplication), body: newName},
	"DELETE /v1/applications/{id} outside the project":                     {before: all(otherProject, anApplication)},
	"GET /v1/projects/{projectId} outside the project":                     {before: otherProject},
	"PATCH /v1/projects/{projectId} outside the project":                   {before: otherProject, body: newName},
	"DELETE /v1/projects/{projectId} outside the project":                  {before: otherProject},
	"GET /v1/refusals/{errorId} outside the project":                       {before: aRefusal(true)},
}

// all makes several things, one after the other.
func all(steps ...func(*scene)) func(*scene) {
	return func(s *scene) {
		for _, step := range steps {
			step(s)
		}
	}
}

// trait is how a thing differs from the plain one, which lies in the project
// that the project's credential is bound to.
type trait int

const (
	holdingAdmin trait = iota + 1 // holds keywright:read
	holdingRole                   // holds the role that was made before
	outside                       // organization-wide
	pending
	disabled
	shortLived
	whitelisted
	briefTokens // its access tokens live for a minute
	introspecting
)

// scopesOf are the scopes of a thing with those traits.
func scopesOf(traits []trait) []string {
	if slices.Contains(traits, holdingAdmin) {
		return []string{"a", "b", registry.ScopeAdminRead}
	}
	return []string{"a", "b"}
}

func aClient(traits ...trait) func(*scene) {
	return func(s *scene) {
		in := registry.ClientInput{
			Name: "thing", ProjectID: s.place.project, Scopes: scopesOf(traits), ConfirmRequired: slices.Contains(traits, pending),
		}
		if slices.Contains(traits, outside) {
			in.ProjectID = ""
		}
		if slices.Contains(traits, holdingRole) {
			in.Roles = []string{s.ids["{role}"]}
		}
		if slices.Contains(traits, shortLived) {
			in.ExpiresAt = s.clock.now().Add(24 * time.Hour)
		}
		if slices.Contains(traits, whitelisted) {
			in.IPWhitelist = []string{"192.0.2.0/24"}
		}
		if slices.Contains(traits, briefTokens) {
			in.TokenTTL = time.Minute
		}
		if slices.Contains(traits, introspecting) {
			in.Introspects = []string{"*"}
		}
		made, _, err := s.service.CreateClient(s.t.Context(), s.maker, in)
		must(s.t, err)
		s.ids["{clientId}"], s.ids["{secretId}"] = made.ID, made.Secrets[0].ID
		if slices.Contains(traits, disabled) {
			off := false
			_, err = s.service.UpdateClient(s.t.Context(), s.maker, made.ID, registry.ClientPatch{IsActive: &off}, 0)
			must(s.t, err)
		}
	}
}

// aRevokedClient belongs to the application that was made before.
func aRevokedClient(s *scene) {
	made, _, err := s.service.CreateClient(s.t.Context(), s.maker, registry.ClientInput{
		Name: "thing", ApplicationID: s.ids["{id}"], Scopes: []string{registry.ScopeAdminRead},
	})
	must(s.t, err)
	_, err = s.service.RevokeClient(s.t.Context(), s.maker, made.ID, 0)
	must(s.t, err)
}

func aToken(traits ...trait) func(*scene) {
	return func(s *scene) {
		in := registry.APITokenInput{
			Name: "thing", ProjectID: s.place.project, Scopes: scopesOf(traits), Permissions: []string{"read"},
		}
		if slices.Contains(traits, outside) {
			in.ProjectID = ""
		}
		if slices.Contains(traits, shortLived) {
			in.ExpiresAt = s.clock.now().Add(24 * time.Hour)
		}
		if slices.Contains(traits, whitelisted) {
			in.IPWhitelist = []string{"192.0.2.0/24"}
		}
		made, _, err := s.service.CreateAPIToken(s.t.Context(), s.maker, in)
		must(s.t, err)
		s.ids["{id}"] = made.ID
		if slices.Contains(traits, disabled) {
			off := false
			_, err = s.service.UpdateAPIToken(s.t.Context(), s.maker, made.ID, registry.APITokenPatch{IsActive: &off}, 0)
			must(s.t, err)
		}
	}
}

// itself is the credential that asks.
func itself(s *scene) { s.ids["{id}"], s.ids["{clientId}"] = s.caller.ID, s.caller.ID }

func anApplication(s *scene) { s.application() }

// aConnectedApplication is connected to the API that was made before.
func aConnectedApplication(s *scene) { s.application(s.ids["{endpointId}"]) }

func (s *scene) application(endpoints ...string) {
	s.t.Helper()
	made, err := s.service.CreateApplication(s.t.Context(), s.maker, registry.ApplicationInput{
		Name: "thing", ProjectID: s.ids["{projectId}"], Endpoints: endpoints,
	})
	must(s.t, err)
	s.ids["{id}"] = made.Application.ID
}

func anAPI(s *scene) {
	made, err := s.service.CreateAPI(s.t.Context(), s.maker, registry.APIInput{
		Identifier: "https://" + s.name + ".example", Name: "thing", Scopes: []string{"docs"},
		Endpoints: []registry.EndpointInput{{Method: "GET", Path: "/docs", Scope: "docs"}},
	})
	must(s.t, err)
	s.ids["{id}"], s.ids["{api}"], s.ids["{endpointId}"] = made.ID, made.Identifier, made.Endpoints[0].ID
}

func aRole(traits ...trait) func(*scene) {
	return func(s *scene) {
		made, err := s.service.CreateRole(s.t.Context(), s.maker, registry.RoleInput{Name: s.name, Scopes: scopesOf(traits)})
		must(s.t, err)
		s.ids["{id}"], s.ids["{role}"] = made.ID, made.Name
	}
}

func aScope(s *scene) {
	made, err := s.service.CreateScope(s.t.Context(), s.maker, registry.ScopeInput{Name: s.name})
	must(s.t, err)
	s.ids["{id}"] = made.ID
}

func otherProject(s *scene) {
	made, err := s.service.CreateProject(s.t.Context(), s.maker, registry.ProjectInput{Name: s.name})
	must(s.t, err)
	s.ids["{projectId}"] = made.ID
}

// noProject lets what is made next belong to the whole organization.
func noProject(s *scene) { s.ids["{projectId}"] = "" }

func aMember(role registry.MemberRole) func(*scene) {
	return func(s *scene) {
		m, _ := s.member(s.place, role)
		s.ids["{memberId}"] = m.ID
	}
}

func theOwner(s *scene) { s.ids["{memberId}"] = s.place.owner }

func aSession(role registry.MemberRole) func(*scene) {
	return func(s *scene) {
		m, password := s.member(s.place, role)
		made, err := s.service.SignIn(s.t.Context(), registry.SignInInput{Email: m.Email, Password: password})
		must(s.t, err)
		s.ids["{sessionId}"] = made.ID
	}
}

// ownSession is the one that the caller asks in.
func ownSession(s *scene) {
	found, err := s.service.Sessions(s.t.Context(), s.caller, registry.SessionQuery{MemberID: s.caller.ID})
	must(s.t, err)
	s.ids["{sessionId}"] = found.Items[0].ID
}

// enrolled lets a caller who is a person have a secret for one-time codes.
func enrolled(s *scene) {
	if s.caller.Kind != registry.ActorMember {
		return
	}
	made, err := s.service.EnrolOneTimeCode(s.t.Context(), s.caller, s.ids["{callerPassword}"])
	must(s.t, err)
	s.ids["{code}"] = testotp.Code(s.t, made.Secret.Reveal(), s.clock.now())
}

// aRefusal is one of an API token in the project, or of an organization-wide one.
func aRefusal(wide bool) func(*scene) {
	return func(s *scene) {
		project := s.place.project
		if wide {
			project = ""
		}
		reader := s.token(s.t, s.place, project, registry.ScopeAdminRead)
		refused := s.call(s.t, reader, "GET", "/v1/clients/none", "").want(s.t, 404, registry.CodeNotFound)
		s.ids["{errorId}"] = refused.header.Get("X-Error-Id")
	}
}
