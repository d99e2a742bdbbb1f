package main

import (
	"net/http"
	"time"
)

func rule25(s *scene) {
	s.do("POST", "/v1/roles", object{"name": "role-25", "scopes": []string{"c"}})
	made, c := s.client(object{"name": "Before", "scopes": []string{"a"}, "description": "Old", "environment": "staging"})
	end := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	changes := object{
		"name": "After", "description": "New", "permissions": []string{"p"}, "scopes": []string{"a", "b"}, "roles": []string{"role-25"},
		"expiresAt": end.Format(time.RFC3339), "ipWhitelist": []string{"127.0.0.1"}, "isActive": true,
	}
	changed := s.do("PATCH", "/v1/clients/"+c.ID, changes)
	for name, want := range changes {
		s.equal(name, changed[name], want)
	}
	s.equal("what was not named", changed["environment"], "staging")
	s.equal("secrets", changed.column("secrets", "id"), made.column("secrets", "id"))
	s.equal("scope", s.look(s.fetch(c))["scope"], "a b c") // with the same secret
	s.equal("cleared", s.do("PATCH", "/v1/clients/"+c.ID, object{"environment": nil, "description": nil})["description"], "")

	token, reader := s.reader(nil)
	path := "/v1/tokens/" + token.text("id")
	changes = object{
		"name": "After", "description": "New", "permissions": []string{"q"}, "scopes": []string{"extra", "keywright:read"},
		"expiresAt": end.Format(time.RFC3339), "ipWhitelist": []string{"127.0.0.1"}, "isActive": true,
	}
	changed = s.as(s.owner).do("PATCH", path, changes)
	for name, want := range changes {
		s.equal(name+" of an API token", changed[name], want)
	}
	s.equal("hint", changed["hint"], token["hint"])
	if !s.lives(reader) {
		s.t.Error("an edited API token has another value")
	}
	for path, fields := range map[string]object{"/v1/clients/" + c.ID: {"clientId": "x"}, path: {"token": "x"}} {
		for field := range fields {
			s.as(s.owner).refused(http.StatusUnprocessableEntity, "invalid_input", "PATCH", path, fields, field)
		}
	}

	// Of two who read the same revision, the second is told.
	tag := s.ask("GET", "/v1/clients/"+c.ID, nil).header.Get("ETag")
	s.authenticates(c) // use does not move it
	s.do("PATCH", "/v1/clients/"+c.ID, object{"name": "One"}, "If-Match", tag)
	if a := s.ask("PATCH", "/v1/clients/"+c.ID, object{"name": "Two"}, "If-Match", tag); a.status != http.StatusPreconditionFailed {
		s.t.Errorf("a stale If-Match: %s", a)
	}
}

func rule27(s *scene) {
	made, c := s.client(object{})
	path := "/v1/clients/" + c.ID
	token := s.fetch(c)
	s.await("the count of uses", func() bool { return s.get(path).number("usageCount") == 1 })
	s.equal("status", s.do("PATCH", path, object{"isActive": false})["status"], "disabled")
	if s.authenticates(c) || s.good(token) {
		s.t.Error("a disabled client authenticates, or its token is active")
	}
	enabled := s.do("PATCH", path, object{"isActive": true})
	s.equal("status when enabled", enabled["status"], "active")
	s.equal("scopes kept", enabled["scopes"], made["scopes"])
	s.equal("history kept", enabled["usageCount"], 1)
	if !s.authenticates(c) {
		s.t.Error("the secret does not work again")
	}
	if s.good(token) {
		s.t.Error("the token from before is active again")
	}
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "PATCH", path, object{"isActive": nil}, "isActive")

	apiToken, reader := s.reader(nil)
	for _, active := range []bool{false, true} {
		s.as(s.owner).do("PATCH", "/v1/tokens/"+apiToken.text("id"), object{"isActive": active})
		s.equal("API token lives", s.lives(reader), active)
	}
}
