package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// rules are the numbered rules of the product, as far as they show through the
// two listeners. Each shows what its own words say, refusals included.
var rules = []struct {
	name string
	own  bool // in an organization that no other rule touches
	show func(*scene)
}{
	{"rule 01 create an application with its first key pair in one step", false, rule01},
	{"rule 02 the detail of an application", false, rule02},
	{"rule 03 many clients with environments", false, rule03},
	{"rule 04 connected endpoints", false, rule04},
	{"rule 05 name and description", false, rule05},
	{"rule 06 form of ids and secrets", false, rule06},
	{"rule 07 types of API token", false, rule07},
	{"rule 08 permissions and scopes of an API token", false, rule08},
	{"rule 09 a client holds something", false, rule09},
	{"rule 10 expiry", true, rule10},
	{"rule 11 IP whitelist", false, rule11},
	{"rule 12 who creates", false, rule12},
	{"rule 13 a secret is shown once", false, rule13},
	{"rule 14 pending until confirmed", false, rule14},
	{"rule 15 hints", false, rule15},
	{"rule 16 client_credentials", false, rule16},
	{"rule 17 an API token is a bearer token", false, rule17},
	{"rule 18 each validation checks the address", false, rule18},
	{"rule 19 what counts as a use", false, rule19},
	{"rule 20 security settings need a person", false, rule20},
	{"rule 21 what is not active authenticates nowhere", false, rule21},
	{"rule 22 columns of the lists", false, rule22},
	{"rule 23 filter, search, sort, page", false, rule23},
	{"rule 24 revoked credentials stay listed", false, rule24},
	{"rule 25 edit without changing the secret", false, rule25},
	{"rule 26 a creator narrows", false, rule26},
	{"rule 27 isActive", false, rule27},
	{"rule 28 regenerate", false, rule28},
	{"rule 29 overlap by hand", false, rule29},
	{"rule 30 rotation age", true, rule30},
	{"rule 31 revoke one", false, rule31},
	{"rule 32 revoke all", true, rule32},
	{"rule 33 remove", false, rule33},
	{"rule 34 overview", true, rule34},
	{"rule 35 usage history and what is odd", true, rule35},
	{"rule 36 expiry warnings", true, rule36},
	{"rule 37 audit", false, rule37},
	{"rule 38 metrics by credential", false, rule38},
	{"rule 39 why was this refused", false, rule39},
}

// TestRules shows every rule on one running server per kind of database.
func TestRules(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, databaseURL string) {
		shared, owns := stage(t, databaseURL)
		for _, rule := range rules {
			t.Run(rule.name, func(t *testing.T) {
				t.Parallel()
				s := shared.enter(t)
				if rule.own {
					s = owns[rule.name].enter(t)
				}
				s.name = strings.Fields(rule.name)[1]
				rule.show(s)
			})
		}
	})
}

// stage bootstraps an empty database, with an organization for all rules and
// one for each that needs its own, and starts a server.
func stage(t *testing.T, databaseURL string) (shared *scene, owns map[string]*scene) {
	t.Helper()
	environ := environment(databaseURL, "KEYWRIGHT_WATCH_INTERVAL=1s", "KEYWRIGHT_USAGE_SPIKE_MINIMUM=10")
	shared = tenant(t, environ, "bootstrap", "--organization", "Acme", "--email", "owner@acme.example", "--json")
	owns = map[string]*scene{}
	for _, rule := range rules {
		if rule.own {
			number := strings.Fields(rule.name)[1]
			owns[rule.name] = tenant(t, environ, "organization", "create", "--name", rule.name,
				"--email", "owner@"+number+".example", "--json")
		}
	}
	stranger := tenant(t, environ, "organization", "create", "--name", "Strangers", "--email", "owner@strangers.example", "--json")
	server := start(t, environ)
	for _, s := range append(slices.Collect(maps.Values(owns)), shared, stranger) {
		s.process = server
		s.caller = s.installation.caller()
		s.t = t
		s.stranger = bearer(stranger.adminToken)
		s.who = bearer(s.adminToken)
		s.owner = s.signIn(s.email, s.password)
		s.observer = s.newClient(t, map[string]any{"name": "Observer", "introspects": []string{"*"}})
	}
	return shared, owns
}

// scene is an organization in which a rule is shown, and who acts there.
type scene struct {
	*installation
	caller
	t        *testing.T
	name     string // in the names of what has to be unique
	email    string // of the owner
	who      who    // acts; at first the API token of bootstrap
	owner    who    // the owner's console session
	stranger who    // an admin of another organization
	observer credential
}

// who proves to the admin API who asks.
type who func(*http.Request)

func bearer(token string) who {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

func tenant(t *testing.T, environ []string, args ...string) *scene {
	t.Helper()
	var made struct{ OrganizationID, Email, Password, AdminToken string }
	if err := json.Unmarshal([]byte(command(t, environ, args...)), &made); err != nil {
		t.Fatal(err)
	}
	return &scene{email: made.Email, installation: &installation{
		environ: environ, organizationID: made.OrganizationID, password: made.Password, adminToken: made.AdminToken,
	}}
}

func (s *scene) enter(t *testing.T) *scene {
	here := *s
	here.t = t
	return &here
}

// as is the same scene with somebody else acting.
func (s *scene) as(w who) *scene {
	here := *s
	here.who = w
	return &here
}

// signIn begins a console session.
func (s *scene) signIn(email, password string) who {
	s.t.Helper()
	a := s.as(func(*http.Request) {}).ask("POST", "/v1/sessions", object{"email": email, "password": password})
	if a.status != http.StatusCreated {
		s.t.Fatalf("sign in: %s", a)
	}
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	return func(r *http.Request) { r.Header.Set("Cookie", cookie) }
}

// newMember makes a member and signs them in.
func (s *scene) newMember(role string) (id string, session who) {
	s.t.Helper()
	email := role + "@" + s.name + ".members.example"
	made := s.as(s.owner).do("POST", "/v1/members", object{"email": email, "role": role})
	return made.text("id"), s.signIn(email, made.text("password"))
}

// ask sends a request to the admin API.
func (s *scene) ask(method, path string, body any, headers ...string) answer {
	s.t.Helper()
	var sent io.Reader
	if o, ok := body.(object); body != nil && (!ok || o != nil) {
		raw, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.process.admin+path, sent)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	s.who(req)
	a, err := send(s.http, req)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// do asks the admin API for something it must do.
func (s *scene) do(method, path string, body any, headers ...string) object {
	s.t.Helper()
	a := s.ask(method, path, body, headers...)
	if a.status < 200 || a.status > 299 {
		s.t.Fatalf("%s %s: %s", method, path, a)
	}
	return a.object()
}

func (s *scene) get(path string) object {
	s.t.Helper()
	return s.do("GET", path, nil)
}

// refused asks for something that the admin API must refuse with that status
// and code; fields are those that it must name.
func (s *scene) refused(status int, code, method, path string, body any, fields ...string) answer {
	s.t.Helper()
	a := s.ask(method, path, body)
	problem := object(a.object())
	if a.status != status || problem["code"] != code {
		s.t.Fatalf("%s %s: got %s, want %d %s", method, path, a, status, code)
	}
	var named []string
	for _, e := range problem.objects("errors") {
		named = append(named, e.text("field"))
	}
	for _, field := range fields {
		if !slices.Contains(named, field) {
			s.t.Errorf("%s %s: the errors name %q, not %s: %s", method, path, named, field, a.body)
		}
	}
	return a
}

// equal compares what was got with what is right.
func (s *scene) equal(what string, got, want any) {
	s.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// client makes a client and returns it with its credential. Settings without a
// name get one, and a scope.
func (s *scene) client(settings object) (object, credential) {
	s.t.Helper()
	if settings["name"] == nil {
		settings["name"], settings["scopes"] = "Client of rule "+s.name, []string{"free:form"}
	}
	made := s.do("POST", "/v1/clients", settings)
	return made, credential{made.text("clientId"), made.text("clientSecret")}
}

// reader makes an API token that may read the admin API, which shows whether
// it lives, and returns it with its value. Only a person may grant that.
func (s *scene) reader(settings object) (object, who) {
	s.t.Helper()
	all := object{"name": "Reader of rule " + s.name, "scopes": []string{"keywright:read"}, "permissions": []string{"read"}}
	for name, value := range settings {
		all[name] = value
	}
	made := s.as(s.owner).do("POST", "/v1/tokens", all)
	return made, bearer(made.text("token"))
}

// lives tells whether an API token is accepted.
func (s *scene) lives(token who) bool {
	s.t.Helper()
	a := s.as(token).ask("GET", "/v1/me", nil)
	if a.status != http.StatusOK && a.status != http.StatusUnauthorized {
		s.t.Fatalf("GET /v1/me: %s", a)
	}
	return a.status == http.StatusOK
}

// oauth sends a form, of names and values in turn, to the public listener.
func (s *scene) oauth(path string, as credential, form ...string) answer {
	s.t.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	a, err := s.post(path, as, values)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *scene) exchange(as credential, form ...string) answer {
	s.t.Helper()
	return s.oauth("/oauth2/token", as, append([]string{"grant_type", "client_credentials"}, form...)...)
}

// fetch gets an access token.
func (s *scene) fetch(as credential, form ...string) string {
	s.t.Helper()
	a := s.exchange(as, form...)
	if a.status != http.StatusOK {
		s.t.Fatalf("token: %s", a)
	}
	return object(a.object()).text("access_token")
}

// authenticates tells whether a client's credential is accepted.
func (s *scene) authenticates(as credential) bool {
	s.t.Helper()
	a := s.exchange(as)
	if refused := a.status == http.StatusUnauthorized && a.object()["error"] == "invalid_client"; !refused && a.status != http.StatusOK {
		s.t.Fatalf("token: %s", a)
	}
	return a.status == http.StatusOK
}

// look is what the organization's observer learns of an access token.
func (s *scene) look(token string) object {
	s.t.Helper()
	a := s.oauth("/oauth2/introspect", s.observer, "token", token)
	if a.status != http.StatusOK {
		s.t.Fatalf("introspect: %s", a)
	}
	return a.object()
}

// good tells whether an access token is active.
func (s *scene) good(token string) bool {
	s.t.Helper()
	return s.look(token)["active"] == true
}

// await waits for something that time or the next flush of counts brings.
func (s *scene) await(what string, come func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !come(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s: not after %s", what, patience)
		}
	}
}

// newProject makes a project and returns its id.
func (s *scene) newProject(name string) string {
	s.t.Helper()
	return s.do("POST", "/v1/projects", object{"name": name + " of rule " + s.name}).text("id")
}

// api makes an API with two endpoints and returns it; the scopes are its own.
func (s *scene) api(settings object) (identifier, read, write string, endpoints []string) {
	s.t.Helper()
	identifier = "https://api.example.com/rule/" + s.name
	read, write = "r"+s.name+":read", "r"+s.name+":write"
	all := object{
		"identifier": identifier, "name": "API of rule " + s.name, "scopes": []string{read, write},
		"endpoints": []object{
			{"method": "GET", "path": "/things/{id}", "scope": read},
			{"method": "POST", "path": "/things", "scope": write},
		},
	}
	for name, value := range settings {
		all[name] = value
	}
	for _, e := range s.do("POST", "/v1/apis", all).objects("endpoints") {
		endpoints = append(endpoints, e.text("id"))
	}
	return identifier, read, write, endpoints
}

// object is a JSON object.
type object map[string]any

func (o object) text(name string) string {
	text, _ := o[name].(string)
	return text
}

func (o object) number(name string) int {
	number, _ := o[name].(float64)
	return int(number)
}

func (o object) time(name string) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, o.text(name)) // zero where there is none
	return at
}

func (o object) object(name string) object {
	inner, _ := o[name].(map[string]any)
	return inner
}

func (o object) objects(name string) []object {
	list, _ := o[name].([]any)
	all := make([]object, len(list))
	for i, item := range list {
		all[i], _ = item.(map[string]any)
	}
	return all
}

// column is one member of every object of a list.
func (o object) column(list, name string) []string {
	var all []string
	for _, item := range o.objects(list) {
		all = append(all, item.text(name))
	}
	return all
}
