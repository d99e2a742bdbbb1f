package main

import (
	"fmt"
	"net/http"
	"time"
)

func rule31(s *scene) {
	_, c := s.client(object{})
	path := "/v1/clients/" + c.ID
	token := s.fetch(c)
	revoked := s.do("POST", path+"/revoke", nil)
	s.equal("status", revoked["status"], "revoked")
	if time.Since(revoked.time("revokedAt")).Abs() > time.Minute {
		s.t.Errorf("revoked at %v", revoked["revokedAt"])
	}
	if s.authenticates(c) || s.good(token) {
		s.t.Error("a revoked client authenticates, or its token is active")
	}
	// It is terminal.
	s.refused(http.StatusConflict, "credential_revoked", "POST", path+"/revoke", nil)
	s.refused(http.StatusConflict, "credential_revoked", "PATCH", path, object{"isActive": true})
	s.refused(http.StatusConflict, "credential_revoked", "PATCH", path, object{"isActive": false})
	s.refused(http.StatusConflict, "credential_revoked", "POST", path+"/secrets", nil)
	s.refused(http.StatusConflict, "credential_revoked", "POST", path+"/regenerate", nil)

	apiToken, reader := s.reader(nil)
	path = "/v1/tokens/" + apiToken.text("id")
	s.equal("status of an API token", s.as(s.owner).do("POST", path+"/revoke", nil)["status"], "revoked")
	if s.lives(reader) {
		s.t.Error("a revoked API token is accepted")
	}
	s.as(s.owner).refused(http.StatusConflict, "credential_revoked", "POST", path+"/revoke", nil)
	s.as(s.owner).refused(http.StatusConflict, "credential_revoked", "PATCH", path, object{"isActive": true})
	_, other := s.client(object{})
	s.as(s.stranger).refused(http.StatusNotFound, "not_found", "POST", "/v1/clients/"+other.ID+"/revoke", nil)
}

func rule32(s *scene) {
	project := s.newProject("Hit")
	app := s.do("POST", "/v1/applications", object{"name": "Hit 32"}).text("id")
	adminID, admin := s.newMember("admin")
	group := func(as *scene, more object) []credential {
		s.t.Helper()
		var all []credential
		for i := range 2 {
			body := object{"name": fmt.Sprint("Hit ", i), "scopes": []string{"a"}}
			for name, value := range more {
				body[name] = value
			}
			_, c := as.client(body)
			all = append(all, c)
		}
		return all
	}
	// Each selector hits its own two. In the end that of the organization hits
	// all that is left: two, and the observers, of whom each round leaves one.
	for _, selected := range []struct {
		selector object
		hit      []credential
		count    int
	}{
		{object{"projectId": project}, group(s, object{"projectId": project}), 2},
		{object{"applicationId": app}, group(s, object{"applicationId": app}), 2},
		{object{"createdBy": adminID}, group(s.as(admin), nil), 2},
		{object{"organizationId": s.organizationID}, group(s, nil), 2 + 4},
	} {
		s.revokesAll(selected.selector, selected.hit, selected.count)
	}
	for _, wrong := range []object{{}, {"projectId": project, "createdBy": adminID}} {
		s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/clients/revoke-all", wrong)
		s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/tokens/revoke-all", wrong)
	}
	s.as(s.stranger).refused(http.StatusNotFound, "not_found", "POST", "/v1/clients/revoke-all", object{"organizationId": s.organizationID})

	// API tokens.
	_, keeper := s.reader(object{"projectId": project})
	own := s.as(admin).do("POST", "/v1/tokens", object{"name": "Own", "scopes": []string{"a"}, "permissions": []string{"b"}})
	all := "/v1/tokens/revoke-all"
	s.refused(http.StatusForbidden, "console_session_required", "POST", all, object{"projectId": project})
	s.equal("preview", s.as(s.owner).do("POST", all, object{"projectId": project, "dryRun": true})["count"], 1)
	if !s.lives(keeper) {
		s.t.Error("a preview revokes")
	}
	s.as(s.owner).refused(http.StatusConflict, "count_changed", "POST", all, object{"projectId": project, "expectedCount": 2})
	s.equal("of a project", s.as(s.owner).do("POST", all, object{"projectId": project, "expectedCount": 1})["count"], 1)
	s.equal("of a creator", s.do("POST", all, object{"createdBy": adminID})["count"], 1)
	s.equal("status", s.get("/v1/tokens/" + own.text("id"))["status"], "revoked")
	s.refused(http.StatusForbidden, "console_session_required", "POST", all, object{"organizationId": s.organizationID})
	if s.lives(keeper) {
		s.t.Error("a revoked API token is accepted")
	}
	s.equal("of the organization", s.as(s.owner).do("POST", all, object{"organizationId": s.organizationID})["count"], 1)
	if s.lives(s.who) {
		s.t.Error("the last API token of the organization is accepted")
	}
}

// revokesAll previews and revokes what a selector hits, which is count clients.
func (s *scene) revokesAll(selector object, hit []credential, count int) {
	s.t.Helper()
	with := func(more object) object {
		for name, value := range selector {
			more[name] = value
		}
		return more
	}
	const path = "/v1/clients/revoke-all"
	var tokens []string
	for _, c := range hit {
		tokens = append(tokens, s.fetch(c))
	}
	preview := s.do("POST", path, with(object{"dryRun": true}))
	s.equal(fmt.Sprint("preview of ", selector), preview["count"], count)
	s.equal("items", len(preview.objects("items")), count)
	s.refused(http.StatusConflict, "count_changed", "POST", path, with(object{"expectedCount": count + 1}))
	if !s.authenticates(hit[0]) || !s.good(tokens[0]) {
		s.t.Errorf("%v: a preview or a wrong count revokes", selector)
	}
	s.equal("count", s.do("POST", path, with(object{"expectedCount": count}))["count"], count)
	s.equal("what is left", s.do("POST", path, with(object{"dryRun": true}))["count"], 0)
	for i, c := range hit {
		if s.authenticates(c) {
			s.t.Errorf("%v: client %d authenticates", selector, i)
		}
	}
	s.observer = s.newClient(s.t, object{"name": "Observer", "introspects": []string{"*"}})
	for i, token := range tokens {
		if s.good(token) {
			s.t.Errorf("%v: token %d is active", selector, i)
		}
	}
}

func rule33(s *scene) {
	_, c := s.client(object{})
	path := "/v1/clients/" + c.ID
	token := s.fetch(c)
	s.do("DELETE", path, nil) // a live one: revoked by that
	if s.authenticates(c) || s.good(token) {
		s.t.Error("a deleted client authenticates, or its token is active")
	}
	s.refused(http.StatusNotFound, "not_found", "GET", path, nil)
	s.refused(http.StatusNotFound, "not_found", "DELETE", path, nil)
	s.refused(http.StatusNotFound, "not_found", "POST", path+"/confirm", nil)
	s.equal("audit trail", s.get("/v1/audit-events?outcome=done&targetId="+c.ID).column("items", "action"),
		[]string{"client.delete", "client.create"})

	apiToken, reader := s.reader(nil)
	path = "/v1/tokens/" + apiToken.text("id")
	s.as(s.owner).do("POST", path+"/revoke", nil)
	s.as(s.owner).do("DELETE", path, nil)
	if s.lives(reader) {
		s.t.Error("a deleted API token is accepted")
	}
	s.refused(http.StatusNotFound, "not_found", "GET", path, nil)
	s.equal("audit trail of an API token", s.get("/v1/audit-events?outcome=done&targetId="+apiToken.text("id")).column("items", "action"),
		[]string{"api_token.delete", "api_token.revoke", "api_token.create"})
	_, other := s.client(object{})
	s.as(s.stranger).refused(http.StatusNotFound, "not_found", "DELETE", "/v1/clients/"+other.ID, nil)
}
