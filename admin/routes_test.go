package admin_test

import (
	"log/slog"
	"strings"
	"testing"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// targets are the ids that the paths of a tenant's routes are filled with.
type targets struct {
	client, secret, api, errorID string
	project, member, session     string

	person string // a console session of the tenant's owner

	ids map[string]string // what {id} is under /v1/tokens and the like; else it is api
}

func (in *installation) targets(t *testing.T, tn tenant, identifier string) targets {
	t.Helper()
	r := in.client(t, tn, `{"name":"x","scopes":["a"]}`)
	api := in.call(t, tn.admin, "POST", "/v1/apis", `{"identifier":"`+identifier+`","name":"x"}`).want(t, 201, "")
	ids := map[string]string{}
	for resource, body := range map[string]string{
		"tokens":       `{"name":"x","scopes":["a"],"permissions":["read"]}`,
		"applications": `{"name":"x"}`,
		"roles":        `{"name":"role of ` + identifier + `"}`,
		"scopes":       `{"name":"` + identifier + `"}`,
	} {
		ids[resource] = in.call(t, tn.admin, "POST", "/v1/"+resource, body).want(t, 201, "").text("id")
	}
	signedIn := in.signInReply(t, tn.email, tn.password, "").want(t, 201, "")
	return targets{
		project: in.call(t, tn.admin, "POST", "/v1/projects", `{"name":"x"}`).want(t, 201, "").text("id"),
		member:  tn.owner, session: signedIn.text("id"), person: cookieOf(t, signedIn),
		ids: ids, client: r.text("clientId"), secret: r.body["secrets"].([]any)[0].(map[string]any)["id"].(string), api: api.text("id"),
		errorID: in.call(t, tn.admin, "GET", "/v1/clients/none", "").want(t, 404, "not_found").header.Get("X-Error-Id"),
	}
}

func (x targets) fill(path string) string {
	resource, _, _ := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
	id, ok := x.ids[resource]
	if !ok {
		id = x.api
	}
	return strings.NewReplacer("{clientId}", x.client, "{secretId}", x.secret, "{id}", id, "{errorId}", x.errorID,
		"{projectId}", x.project, "{memberId}", x.member, "{sessionId}", x.session).Replace(path)
}

// bodies are right for the routes that take one, so that nothing but the
// caller is at fault.
var bodies = map[operation]string{
	{"POST", "/v1/clients"}:             `{"name":"x","scopes":["a"]}`,
	{"POST", "/v1/clients/revoke-all"}:  `{"createdBy":"nobody"}`,
	{"PATCH", "/v1/clients/{clientId}"}: `{"name":"y"}`,
	{"POST", "/v1/apis"}:                `{"identifier":"https://new.example.com","name":"x"}`,
	{"PATCH", "/v1/apis/{id}"}:          `{"name":"y"}`,
	{"POST", "/v1/tokens"}:              `{"name":"x","scopes":["a"],"permissions":["read"]}`,
	{"POST", "/v1/tokens/revoke-all"}:   `{"createdBy":"nobody"}`,
	{"PATCH", "/v1/tokens/{id}"}:        `{"name":"y"}`,
	{"POST", "/v1/applications"}:        `{"name":"x"}`,
	{"PATCH", "/v1/applications/{id}"}:  `{"name":"y"}`,
	{"POST", "/v1/roles"}:               `{"name":"new"}`,
	{"PATCH", "/v1/roles/{id}"}:         `{"description":"y"}`,
	{"POST", "/v1/scopes"}:              `{"name":"new"}`,
	{"PATCH", "/v1/scopes/{id}"}:        `{"description":"y"}`,

	{"POST", "/v1/projects"}:                 `{"name":"x"}`,
	{"PATCH", "/v1/projects/{projectId}"}:    `{"name":"y"}`,
	{"PATCH", "/v1/organization"}:            `{"name":"y"}`,
	{"POST", "/v1/members"}:                  `{"email":"new@example.com","role":"member"}`,
	{"PATCH", "/v1/members/{memberId}"}:      `{"role":"admin"}`,
	{"POST", "/v1/sessions"}:                 `{"email":"owner@acme.example","password":"x"}`,
	{"POST", "/v1/me/password"}:              `{"current":"x","new":"correct horse battery"}`,
	{"POST", "/v1/me/one-time-code"}:         `{"password":"x"}`,
	{"POST", "/v1/me/one-time-code/confirm"}: `{"code":"123456"}`,
	{"POST", "/v1/me/one-time-code/disable"}: `{"password":"x"}`,
}

// signIn is the one route that needs no credential.
var signIn = operation{"POST", "/v1/sessions"}

// personal tells whether a route needs a person's console session.
func personal(op operation) bool {
	if op.method == "GET" {
		return false
	}
	return strings.HasPrefix(op.path, "/v1/members") || strings.HasPrefix(op.path, "/v1/sessions") ||
		strings.HasPrefix(op.path, "/v1/me/") || op.path == "/v1/organization" ||
		op.path == "/v1/signing-keys/rotate"
}

// whoMay is a credential of Acme that may use the route.
func (in *installation) whoMay(op operation, own targets) string {
	if personal(op) {
		return own.person
	}
	return in.acme.admin
}

func TestEveryRouteWantsACredential(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		x := in.targets(t, in.acme, "https://api.example.com")
		for _, op := range operations(t) {
			if op == signIn {
				continue
			}
			t.Run(op.method+" "+op.path, func(t *testing.T) {
				r := in.call(t, "", op.method, x.fill(op.path), bodies[op]).want(t, 401, "unauthenticated")
				if got, want := r.header.Get("WWW-Authenticate"), `Bearer realm="keywright"`; got != want {
					t.Errorf("challenge: got %q, want %q", got, want)
				}
			})
		}
	})
}

func TestEveryRouteWantsItsScope(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		x := in.targets(t, in.acme, "https://api.example.com")
		reader, stranger := in.token(t, in.acme, "", "keywright:read"), in.token(t, in.acme, "", "documents")
		for _, op := range operations(t) {
			if op == signIn {
				continue
			}
			if personal(op) { // which no scope opens
				for _, token := range []string{reader, stranger, in.acme.admin} {
					r := in.call(t, token, op.method, x.fill(op.path), bodies[op]).want(t, 403, "console_session_required")
					if got := r.header.Get("WWW-Authenticate"); got != "" {
						t.Errorf("%s: challenge: got %q", op, got)
					}
				}
				continue
			}
			token, scope := reader, "keywright:write"
			if op.method == "GET" {
				token, scope = stranger, "keywright:read"
				in.call(t, reader, op.method, x.fill(op.path), "").want(t, 200, "")
			}
			t.Run(op.method+" "+op.path, func(t *testing.T) {
				r := in.call(t, token, op.method, x.fill(op.path), bodies[op]).want(t, 403, "forbidden")
				if got, want := r.header.Get("WWW-Authenticate"), `Bearer realm="keywright", error="insufficient_scope", scope="`+scope+`"`; got != want {
					t.Errorf("challenge: got %q, want %q", got, want)
				}
				if got := in.cause(t, in.acme, r); got != "insufficient_scope" {
					t.Errorf("cause: got %s", got)
				}
			})
		}
	})
}

// TestTwoOrganizations lets one organization use the ids of the other at
// every route, and looks for what came of it.
func TestTwoOrganizations(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		own, foreign := in.targets(t, in.acme, "https://a.example.com"), in.targets(t, in.globex, "https://g.example.com")
		state := func() (all string) {
			for _, path := range []string{"clients/{clientId}", "apis/{id}", "tokens/{id}", "applications/{id}", "roles/{id}", "scopes/{id}",
				"projects/{projectId}", "members/{memberId}", "sessions/{sessionId}", "organization"} {
				all += in.call(t, in.globex.admin, "GET", foreign.fill("/v1/"+path), "").want(t, 200, "").raw
			}
			return all
		}
		before := state()
		for _, op := range operations(t) {
			if !strings.Contains(op.path, "{") {
				continue
			}
			in.call(t, in.whoMay(op, own), op.method, foreign.fill(op.path), bodies[op]).want(t, 404, "not_found")
		}
		in.call(t, in.acme.admin, "DELETE", "/v1/clients/"+own.client+"/secrets/"+foreign.secret+"?force=true", "").want(t, 404, "not_found")
		if after := state(); after != before {
			t.Errorf("the other organization changed:\n got %s\nwant %s", after, before)
		}

		for body, field := range map[string]string{
			`"projectId":"` + in.globex.project + `"`: "projectId",
			`"audiences":["https://g.example.com"]`:   "audiences[0]",
			`"introspects":["https://g.example.com"]`: "introspects[0]",
		} {
			r := in.call(t, in.acme.admin, "POST", "/v1/clients", `{"name":"x","scopes":["a"],`+body+`}`).want(t, 422, "invalid_input")
			if r.fields() != field {
				t.Errorf("%s: got the fields %s", body, r.fields())
			}
		}

		in.client(t, in.globex, `{"name":"y","scopes":["a"]}`)
		cursor := in.call(t, in.globex.admin, "GET", "/v1/clients?limit=1", "").text("nextCursor")
		in.call(t, in.globex.admin, "GET", "/v1/clients?cursor="+cursor, "").want(t, 200, "")
		in.call(t, in.acme.admin, "GET", "/v1/clients?cursor="+cursor, "").want(t, 400, "malformed_request")
		in.call(t, in.globex.admin, "GET", "/v1/apis?cursor="+cursor, "").want(t, 400, "malformed_request")
	})
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		absent := targets{
			client: "kwc_0000000000000000000000000g", secret: "sec_0000000000000000000000000g",
			api: "api_0000000000000000000000000g", errorID: "err_AAAA", project: "prj_0000000000000000000000000g",
			member: "mem_0000000000000000000000000g", session: "ses_0000000000000000000000000g",
		}
		hostile := targets{
			client: "kwc_'%20OR%201=1--", secret: "%00", api: "%ff%fe", errorID: "err_%00",
			project: "prj_%00", member: "mem_'%20OR%201=1--", session: "%ff%fe",
		}
		own := targets{person: in.console(t, in.acme)}
		for _, x := range []targets{absent, hostile} {
			for _, op := range operations(t) {
				if strings.Contains(op.path, "{") {
					in.call(t, in.whoMay(op, own), op.method, x.fill(op.path), bodies[op]).want(t, 404, "not_found")
				}
			}
		}
		in.call(t, in.acme.admin, "GET", "/v1/nothing", "").want(t, 404, "not_found")
		in.call(t, in.acme.admin, "GET", "/v1/clients/", "").want(t, 404, "not_found")
		r := in.call(t, in.acme.admin, "PUT", "/v1/clients", `{}`).want(t, 405, "method_not_allowed")
		if got := r.header.Get("Allow"); got != "GET, POST" && got != "POST, GET" {
			t.Errorf("Allow: got %q", got)
		}
	})
}

func TestProjectBoundCredential(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		bound := in.token(t, in.acme, in.acme.project, "keywright:read", "keywright:write")
		wide := in.client(t, in.acme, `{"name":"x","scopes":["a"]}`).text("clientId")
		in.call(t, bound, "GET", "/v1/clients/"+wide, "").want(t, 404, "not_found")
		r := in.call(t, bound, "POST", "/v1/apis", `{"identifier":"https://api.example.com","name":"x"}`).want(t, 403, "grant_exceeds_own")
		if got := r.header.Get("WWW-Authenticate"); got != "" {
			t.Errorf("challenge: got %q, though no scope is missing", got)
		}
		r = in.call(t, bound, "POST", "/v1/clients", `{"name":"x","scopes":["a"]}`).want(t, 201, "")
		if r.text("projectId") != in.acme.project {
			t.Errorf("project: got %s", r.text("projectId"))
		}
		in.call(t, bound, "POST", "/v1/clients", `{"name":"x","scopes":["keywright:read"]}`).want(t, 403, "console_session_required")
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		refused := in.call(t, in.acme.admin, "GET", "/v1/clients/none", "").want(t, 404, "not_found")
		id := refused.header.Get("X-Error-Id")
		r := in.call(t, in.acme.admin, "GET", "/v1/refusals/"+id, "").want(t, 200, "")
		if r.text("errorId") != id || r.text("cause") != "not_found" || r.text("organizationId") != in.acme.id ||
			r.text("credentialKind") != "api_token" || r.text("credentialId") != in.creator(t) || r.text("at") != "2026-03-01T12:00:00Z" {
			t.Errorf("got %s", r.raw)
		}
		in.call(t, in.globex.admin, "GET", "/v1/refusals/"+id, "").want(t, 404, "not_found")
		in.call(t, in.acme.admin, "GET", "/v1/refusals/"+id[:len(id)-2], "").want(t, 404, "not_found")

		// A token that nobody has concerns no organization: any administrator may know.
		text, err := registry.NewSecretText(strings.NewReader(strings.Repeat("x", 100)), registry.PrefixAPITokenValue)
		must(t, err)
		unknown := in.call(t, text.Reveal(), "GET", "/v1/me", "").want(t, 401, "unauthenticated")
		for _, tn := range []tenant{in.acme, in.globex} {
			if got := in.cause(t, tn, unknown); got != "unknown_token" {
				t.Errorf("cause: got %s", got)
			}
		}
	})
}

func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		db, err := storage.Open(t.Context(), storage.Config{URL: storagetest.URL(t, dialect), Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		in := install(t, db)
		x := in.targets(t, in.acme, "https://api.example.com")
		token := in.accessTokenOfAdministrator(t)
		must(t, db.Close())
		for _, op := range operations(t) {
			for _, credential := range []string{in.acme.admin, token} {
				r := in.call(t, credential, op.method, x.fill(op.path), bodies[op]).want(t, 503, "unavailable")
				if r.header.Get("Retry-After") == "" || r.text("detail") != "the service cannot answer at the moment" {
					t.Errorf("got Retry-After %q and %s", r.header.Get("Retry-After"), r.raw)
				}
			}
		}
	})
}
