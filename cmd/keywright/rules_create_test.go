package main

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

func rule05(s *scene) {
	longest := strings.Repeat("ü", 100)
	for path, valid := range map[string]object{
		"/v1/clients": {"scopes": []string{"a"}},
		"/v1/tokens":  {"scopes": []string{"a"}, "permissions": []string{"read"}},
	} {
		with := func(more object) object {
			body := object{"name": "x"}
			for _, o := range []object{valid, more} {
				for name, value := range o {
					body[name] = value
				}
			}
			return body
		}
		for _, name := range []any{nil, "", "  ", longest + "ü", "two\nlines", "nul\u0000"} {
			status, code := http.StatusUnprocessableEntity, "invalid_input"
			if name == "nul\u0000" {
				status, code = http.StatusBadRequest, "malformed_request"
			}
			s.refused(status, code, "POST", path, with(object{"name": name}))
		}
		s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", path,
			with(object{"name": "", "description": strings.Repeat("d", 501)}), "name", "description")
		made := s.do("POST", path, with(object{"name": longest, "description": strings.Repeat("ß", 500)}))
		s.equal("name", made["name"], longest)
		s.equal("no description", s.do("POST", path, with(nil))["description"], "")
	}
	made, _ := s.client(object{})
	s.equal("application", made["applicationId"], nil)
}

var (
	clientIDForm = regexp.MustCompile(`^kwc_[0-9a-z]{26}$`) // 26 × 5 bits
	secretForm   = regexp.MustCompile(`^kw[ts]_[0-9a-f]{64}$`)
)

func rule06(s *scene) {
	seen := map[string]bool{}
	check := func(prefix, secret string) {
		s.t.Helper()
		body, digits := secret[:len(secret)-8], secret[len(secret)-8:]
		if !secretForm.MatchString(secret) || !strings.HasPrefix(secret, prefix) || digits != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body))) {
			s.t.Errorf("a value that begins with %s has not its form", prefix)
		}
		if seen[secret] {
			s.t.Error("a value came twice")
		}
		seen[secret] = true
	}
	for range 3 {
		_, c := s.client(object{})
		if !clientIDForm.MatchString(c.ID) || seen[c.ID] {
			s.t.Errorf("client_id %s", c.ID)
		}
		seen[c.ID] = true
		check("kws_", c.Secret)
		check("kwt_", s.do("POST", "/v1/tokens", object{"name": "x", "scopes": []string{"a"}, "permissions": []string{"b"}}).text("token"))
	}

	// Values come from the server alone.
	for _, field := range []string{"clientId", "clientSecret"} {
		s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/clients",
			object{"name": "x", "scopes": []string{"a"}, field: "mine"}, field)
	}
	_, c := s.client(object{})
	if s.authenticates(credential{c.ID, "kws_" + strings.ToUpper(c.Secret[4:])}) {
		s.t.Error("a secret in upper case is accepted")
	}
	made, _ := s.reader(nil)
	value := made.text("token")
	if !s.lives(bearer(value)) || s.lives(bearer("kwt_"+strings.ToUpper(value[4:]))) {
		s.t.Error("an API token must be accepted as it is, and never in upper case")
	}
}

func rule07(s *scene) {
	mine, other := s.newProject("Mine"), s.newProject("Other")
	body := func(more object) object {
		all := object{"name": "Typed 07", "scopes": []string{"a"}, "permissions": []string{"b"}}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	wide := s.do("POST", "/v1/tokens", body(object{"type": "organization"}))
	s.equal("project of an organization's", wide["projectId"], nil)
	bound := s.do("POST", "/v1/tokens", body(object{"projectId": mine}))
	s.equal("type with a project", bound["type"], "project")
	for _, wrong := range []object{
		{"type": "project"}, {"type": "organization", "projectId": mine}, {"projectId": "prj_00000000000000000000000000"},
	} {
		s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/tokens", body(wrong), "projectId")
	}
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/tokens", body(object{"type": "galaxy"}), "type")
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "PATCH", "/v1/tokens/"+bound.text("id"), object{"projectId": other}, "projectId")

	// One of a project reaches that project, and one of the organization all.
	_, keeper := s.reader(object{"name": "Keeper 07", "projectId": mine, "scopes": []string{"keywright:read", "keywright:write"}})
	here, elsewhere := s.as(keeper), s.do("POST", "/v1/tokens", body(object{"projectId": other}))
	for _, hidden := range []object{wide, elsewhere} {
		here.refused(http.StatusNotFound, "not_found", "GET", "/v1/tokens/"+hidden.text("id"), nil)
		s.get("/v1/tokens/" + hidden.text("id"))
	}
	here.get("/v1/tokens/" + bound.text("id"))
	made := here.do("POST", "/v1/tokens", body(nil))
	s.equal("project of what it makes", made["projectId"], mine)
	here.refused(http.StatusForbidden, "grant_exceeds_own", "POST", "/v1/tokens", body(object{"projectId": other}))
	here.refused(http.StatusForbidden, "grant_exceeds_own", "POST", "/v1/tokens", body(object{"type": "organization"}))
}

func rule08(s *scene) {
	_, read, _, _ := s.api(object{"strictScopes": true})
	body := func(scopes, permissions []string) object {
		return object{"name": "Holder 08", "scopes": scopes, "permissions": permissions}
	}
	made := s.do("POST", "/v1/tokens", body([]string{"anything:at/all", "x"}, []string{"read", "sing in the rain"}))
	s.equal("scopes", made["scopes"], []string{"anything:at/all", "x"})
	s.equal("permissions", made["permissions"], []string{"read", "sing in the rain"})
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/tokens", body(nil, nil), "scopes", "permissions")
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/tokens",
		body([]string{"fine", "two words", `quo"te`, `back\slash`, "ümlaut", ""}, []string{""}),
		"scopes[1]", "scopes[2]", "scopes[3]", "scopes[4]", "scopes[5]", "permissions[0]")
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "PATCH", "/v1/tokens/"+made.text("id"), object{"permissions": []string{}}, "permissions")
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "PATCH", "/v1/tokens/"+made.text("id"), object{"scopes": nil}, "scopes")

	s.do("POST", "/v1/tokens", body([]string{read}, []string{"read"}))
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/tokens", body([]string{"not:declared", read}, []string{"read"}), "scopes[0]")
}

func rule09(s *scene) {
	_, read, write, endpoints := s.api(nil)
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/clients", object{"name": "Holds nothing"}, "scopes")
	empty := s.do("POST", "/v1/applications", object{"name": "No endpoints 09"})
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/clients",
		object{"name": "Holds nothing", "applicationId": empty["id"]}, "scopes")
	connected := s.do("POST", "/v1/applications", object{"name": "Endpoints 09", "endpoints": endpoints})
	s.client(object{"name": "Endpoints", "applicationId": connected["id"]})
	s.client(object{"name": "Scopes", "scopes": []string{"a"}})

	// Roles decide what it may read and write.
	role := s.do("POST", "/v1/roles", object{"name": "editor-09", "scopes": []string{read, write}, "permissions": []string{"edit"}})
	_, c := s.client(object{"name": "Roles", "roles": []string{"editor-09"}})
	token := s.fetch(c)
	seen := s.look(token)
	s.equal("scope", seen["scope"], read+" "+write)
	s.equal("roles", seen["roles"], []string{"editor-09"})
	s.equal("permissions", seen["permissions"], []string{"edit"})
	s.do("PATCH", "/v1/roles/"+role.text("id"), object{"scopes": []string{read}, "permissions": []string{}})
	seen = s.look(token)
	s.equal("scope after the role was cut", seen["scope"], read)
	s.equal("permissions after the role was cut", len(seen.objects("permissions")), 0)
	s.refused(http.StatusConflict, "conflict", "DELETE", "/v1/roles/"+role.text("id"), nil)
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/clients", object{"name": "x", "roles": []string{"no such"}}, "roles[0]")
}

func rule10(s *scene) {
	token := func(expiresAt any) object {
		return object{"name": "Expires 10", "scopes": []string{"a"}, "permissions": []string{"b"}, "expiresAt": expiresAt}
	}
	near := func(what string, got time.Time, want time.Time) {
		s.t.Helper()
		if d := got.Sub(want).Abs(); d > time.Minute {
			s.t.Errorf("%s: got %s, want %s", what, got, want)
		}
	}
	now := time.Now()
	near("blank", s.do("POST", "/v1/tokens", token(nil)).time("expiresAt"), now.AddDate(1, 0, 0))
	later := now.AddDate(3, 0, 0)
	kept := s.do("POST", "/v1/tokens", token(later))
	near("given", kept.time("expiresAt"), later)
	near("cleared", s.do("PATCH", "/v1/tokens/"+kept.text("id"), object{"expiresAt": nil}).time("expiresAt"), now.AddDate(1, 0, 0))
	made, c := s.client(object{})
	s.equal("client without expiry", made["expiresAt"], nil)
	for _, path := range []string{"/v1/tokens", "/v1/clients"} {
		body := token(now.Add(-time.Second))
		if path == "/v1/clients" {
			delete(body, "permissions")
		}
		s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", path, body, "expiresAt")
	}

	// An expiry ends the client and the life of its tokens.
	end := time.Now().Add(4 * time.Second)
	_, brief := s.client(object{"name": "Brief", "scopes": []string{"a"}, "expiresAt": end})
	a := object(s.exchange(brief).object())
	if a.number("expires_in") > 4 {
		s.t.Errorf("a token outlives its client: %v", a["expires_in"])
	}
	s.await("the expiry", func() bool { return s.get("/v1/clients/" + brief.ID)["status"] == "expired" })
	if s.authenticates(brief) || s.good(a.text("access_token")) {
		s.t.Error("an expired client authenticates, or its token is active")
	}
	s.refused(http.StatusConflict, "credential_expired", "PATCH", "/v1/clients/"+brief.ID, object{"expiresAt": now.Add(time.Hour)})

	// The organization's longest.
	month := 30 * 24 * time.Hour
	s.refused(http.StatusForbidden, "console_session_required", "PATCH", "/v1/organization", object{"maxCredentialLifetimeSeconds": 1e6})
	s.as(s.owner).do("PATCH", "/v1/organization", object{"maxCredentialLifetimeSeconds": month.Seconds()})
	near("blank under a limit", s.do("POST", "/v1/tokens", token(nil)).time("expiresAt"), now.Add(month))
	limited, _ := s.client(object{})
	near("client under a limit", limited.time("expiresAt"), now.Add(month))
	for _, path := range []string{"/v1/tokens/" + kept.text("id"), "/v1/clients/" + c.ID} {
		s.refused(http.StatusUnprocessableEntity, "invalid_input", "PATCH", path, object{"expiresAt": now.Add(month + time.Hour)}, "expiresAt")
	}
}

func rule11(s *scene) {
	list := []string{"203.0.113.7", "198.51.100.0/24", "2001:db8::/32", "::1", "127.0.0.0/8"}
	made, c := s.client(object{"ipWhitelist": list})
	s.equal("list", made["ipWhitelist"], list)
	if !s.authenticates(c) {
		s.t.Error("a listed address is refused")
	}
	token := s.fetch(c)
	s.do("PATCH", "/v1/clients/"+c.ID, object{"ipWhitelist": list[:4]})
	if s.authenticates(c) {
		s.t.Error("an address off the list is accepted")
	}
	ask := func(address string) bool {
		a := s.oauth("/oauth2/introspect", s.observer, "token", token, "client_ip", address)
		return a.object()["active"] == true
	}
	for address, want := range map[string]bool{
		"203.0.113.7": true, "198.51.100.200": true, "2001:db8:1::9": true, "::ffff:203.0.113.7": true,
		"203.0.113.8": false, "2001:db9::1": false, "127.0.0.1": false,
	} {
		s.equal("address "+address, ask(address), want)
	}
	s.do("PATCH", "/v1/clients/"+c.ID, object{"ipWhitelist": []string{}})
	if !s.authenticates(c) || !ask("192.0.2.1") {
		s.t.Error("an empty list must mean any address")
	}
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "PATCH", "/v1/clients/"+c.ID,
		object{"ipWhitelist": []string{"192.0.2.1", "192.0.2.300", "localhost", "10.0.0.0/33", "fe80::1%eth0", ""}},
		"ipWhitelist[1]", "ipWhitelist[2]", "ipWhitelist[3]", "ipWhitelist[4]", "ipWhitelist[5]")

	_, here := s.reader(object{"ipWhitelist": []string{"127.0.0.1"}})
	_, there := s.reader(object{"ipWhitelist": []string{"203.0.113.7"}})
	if !s.lives(here) || s.lives(there) {
		s.t.Error("the list of an API token is not what decides")
	}
}

func rule12(s *scene) {
	_, member := s.newMember("member")
	adminID, admin := s.newMember("admin")
	readerToken, reader := s.reader(nil)
	bodies := map[string]object{
		"/v1/clients":      {"name": "x", "scopes": []string{"a"}},
		"/v1/tokens":       {"name": "x", "scopes": []string{"a"}, "permissions": []string{"b"}},
		"/v1/applications": {"name": "x"},
	}
	own := s.get("/v1/me").text("id")
	for path, body := range bodies {
		s.as(member).refused(http.StatusForbidden, "forbidden", "POST", path, body)
		s.as(reader).refused(http.StatusForbidden, "forbidden", "POST", path, body)
		s.as(func(*http.Request) {}).refused(http.StatusUnauthorized, "unauthenticated", "POST", path, body)
		s.equal("maker of "+path, s.as(admin).do("POST", path, body)["createdBy"], adminID)
		s.equal("maker of "+path, s.do("POST", path, body)["createdBy"], own)
	}
	byAdmin, _ := s.as(admin).client(object{})
	byToken, c := s.client(object{})
	s.equal("via of a person", byAdmin["createdVia"], "console")
	s.equal("via of a credential", byToken["createdVia"], "api")
	s.equal("maker of what was bootstrapped", s.get("/v1/tokens/" + own)["createdBy"], "operator")
	s.equal("shown later", s.get("/v1/clients/" + c.ID)["createdBy"], own)

	// A client acts as admin by an access token for the admin API alone.
	_, acting := s.as(s.owner).client(object{"name": "Acts", "scopes": []string{"keywright:write", "other"}})
	write := bearer(s.fetch(acting, "resource", "urn:keywright:admin", "scope", "keywright:write"))
	byClient, _ := s.as(write).client(object{})
	s.equal("maker, a client", byClient["createdBy"], acting.ID)
	if plain := bearer(s.fetch(acting)); s.as(plain).ask("POST", "/v1/clients", bodies["/v1/clients"]).status != http.StatusUnauthorized {
		s.t.Error("an access token for another audience creates")
	}
	if slices.Contains(s.get("/v1/tokens?limit=200").column("items", "token"), readerToken.text("token")) {
		s.t.Error("a list shows values of API tokens")
	}
}
