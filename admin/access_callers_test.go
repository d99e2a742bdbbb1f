package admin_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"keywright/registry"
)

// scene is one cell of docs/access.md under way: who asks, and for what.
type scene struct {
	*installation
	t          *testing.T
	home       tenant            // the caller's organization
	place      tenant            // the organization of what is asked about; home, but in TestAccessElsewhere
	name       string            // that nothing else has
	maker      registry.Actor    // who makes what is asked about
	caller     registry.Actor    // who asks; nobody has no id
	credential string            // what the caller sends
	ids        map[string]string // what the names in braces stand for, in paths and bodies
}

// caller is one column of docs/access.md.
type caller struct {
	column string
	enter  func(*scene)
}

var callers = []caller{
	{"owner", func(s *scene) { s.signsIn(s.home.owner, registry.RoleOwner, s.home.email, s.home.password) }},
	{"admin", func(s *scene) { s.isMember(registry.RoleAdmin) }},
	{"creator", func(s *scene) { s.isMember(registry.RoleMember) }},
	{"member", func(s *scene) { s.isMember(registry.RoleMember) }},
	{"token, write", func(s *scene) { s.isAPIToken("", registry.ScopeAdminWrite) }},
	{"token, read", func(s *scene) { s.isAPIToken("", registry.ScopeAdminRead) }},
	{"token of a project", func(s *scene) { s.isAPIToken(s.home.project, registry.ScopeAdminWrite) }},
	{"access token", (*scene).isClient},
	{"nobody", func(*scene) {}},
}

// stage is an installation where the callers have come in once, for all cells
// that leave them as they were.
type stage struct {
	*installation
	home, elsewhere tenant
	entered         map[string]*scene // by column
	scenes          int
}

func (in *installation) stage(t *testing.T) *stage {
	t.Helper()
	st := &stage{installation: in, home: in.acme, elsewhere: in.globex, entered: map[string]*scene{}}
	for _, c := range callers {
		st.entered[c.column] = in.enter(t, c, st.home)
	}
	return st
}

// enter lets a caller come into an organization.
func (in *installation) enter(t *testing.T, c caller, home tenant) *scene {
	t.Helper()
	s := &scene{installation: in, t: t, home: home, ids: map[string]string{}}
	c.enter(s)
	return s
}

// scene sets the scene for one cell. A cell that must be alone gets an
// organization and a caller of its own.
func (st *stage) scene(t *testing.T, c caller, alone bool) *scene {
	t.Helper()
	st.scenes++
	name := fmt.Sprintf("new%d", st.scenes)
	entered := st.entered[c.column]
	if alone {
		entered = st.enter(t, c, st.organization(t, name))
	}
	s := *entered
	s.t, s.name, s.ids = t, name, maps.Clone(entered.ids)
	s.happensIn(s.home)
	if c.column == "creator" { // as an admin, then
		s.maker = person(s.caller.ID, registry.RoleAdmin, s.home.id)
	}
	return &s
}

// happensIn lets the request be about what lies in that organization, and was
// made by its owner.
func (s *scene) happensIn(place tenant) {
	s.place = place
	s.maker = person(place.owner, registry.RoleOwner, place.id)
	for name, id := range map[string]string{
		"{new}": s.name, "{organizationId}": place.id, "{projectId}": place.project, "{email}": place.email, "{password}": place.password,
	} {
		s.ids[name] = id
	}
}

// person is the actor of a member in a console session that never grows old.
func person(id string, role registry.MemberRole, organizationID string) registry.Actor {
	return registry.Actor{
		Principal: registry.Principal{Kind: registry.ActorMember, ID: id}, OrganizationID: organizationID, Role: role,
		ConsoleSession: true, SignedInAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Via: registry.ViaConsole,
	}
}

// signsIn lets the caller be a member, who signs in.
func (s *scene) signsIn(id string, role registry.MemberRole, email, password string) {
	s.t.Helper()
	s.clock.advance(4 * time.Second) // sign-in is slowed down
	s.caller = person(id, role, s.home.id)
	s.credential = s.signIn(s.t, email, password)
	s.ids["{callerPassword}"] = password
}

// isMember lets the caller be a further member with that role.
func (s *scene) isMember(role registry.MemberRole) {
	s.t.Helper()
	s.name = "caller" + rand.Text()
	m, password := s.member(s.home, role)
	s.signsIn(m.ID, role, m.Email, password)
}

// member makes a member of a tenant.
func (s *scene) member(tn tenant, role registry.MemberRole) (m registry.Member, password string) {
	s.t.Helper()
	_, domain, _ := strings.Cut(tn.email, "@")
	m, text, err := s.service.CreateMember(s.t.Context(), tn.operator(), registry.MemberInput{Email: s.name + "@" + domain, Role: role})
	must(s.t, err)
	return m, text.Reveal()
}

// isAPIToken lets the caller be an API token with that scope.
func (s *scene) isAPIToken(projectID, scope string) {
	s.t.Helper()
	made, text, err := s.service.CreateAPIToken(s.t.Context(), s.home.operator(), registry.APITokenInput{
		Name: "caller", ProjectID: projectID, Scopes: []string{scope}, Permissions: []string{"read"},
	})
	must(s.t, err)
	s.caller = registry.Actor{Principal: registry.Principal{Kind: registry.ActorAPIToken, ID: made.ID}}
	s.credential = text.Reveal()
}

// isClient lets the caller be a client with an access token for the admin API.
func (s *scene) isClient() {
	s.t.Helper()
	made, secret, err := s.service.CreateClient(s.t.Context(), s.home.operator(), registry.ClientInput{
		Name: "caller", Scopes: []string{registry.ScopeAdminWrite},
	})
	must(s.t, err)
	s.caller = registry.Actor{Principal: registry.Principal{Kind: registry.ActorClient, ID: made.ID}}
	s.credential = s.accessToken(s.t, made.ID, secret.Reveal(), registry.AdminAudience, registry.ScopeAdminWrite)
}

// fill puts ids in the place of the names in braces.
func (s *scene) fill(text string) string {
	for name, id := range s.ids {
		text = strings.ReplaceAll(text, name, id)
	}
	return strings.ReplaceAll(text, "{makerId}", s.maker.ID)
}
