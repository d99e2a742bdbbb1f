package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// static makes an API token for a resource server and returns it with its text.
func (s *scene) static(settings object) (object, string) {
	s.t.Helper()
	all := object{"name": "Script of rule " + s.name, "scopes": []string{"free:form"}, "permissions": []string{"read"}}
	for name, value := range settings {
		all[name] = value
	}
	made := s.do("POST", "/v1/tokens", all)
	return made, made.text("token")
}

// verify asks as a gateway about a bearer token for an API, with further headers.
func (s *scene) verify(token, audience string, headers ...string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.base()+"/verify?"+url.Values{"audience": {audience}}.Encode(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	bearer(token)(req)
	for pair := range slices.Chunk(headers, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	a, err := send(s.http, req)
	if err != nil {
		s.t.Fatal(err)
	}
	return a.status
}

func rule17(s *scene) {
	identifier, read, _, _ := s.api(nil)
	made, token := s.static(object{"scopes": []string{read, "free:form"}, "permissions": []string{"write", "read"}})
	got, want := s.look(token), object{
		"active": true, "credential_type": "api_token", "client_id": made["id"], "sub": made["id"], "jti": made["id"],
		"aud": identifier, "scope": "free:form " + read, "permissions": []string{"read", "write"}, "roles": []string{},
		"organization_id": s.organizationID, "project_id": nil, "application_id": nil, "token_type": "Bearer",
		"exp": float64(made.time("expiresAt").Unix()), "iat": float64(made.time("createdAt").Unix()),
	}
	for member := range want {
		s.equal(member, got[member], want[member])
	}
	s.equal("a gateway", s.verify(token, identifier), http.StatusOK)
	s.equal("a gateway for another API", s.verify(token, "https://api.example.com/nowhere") == http.StatusOK, false)

	// It is a bearer token and nothing else.
	s.equal("a token for a token", s.exchange(credential{made.text("id"), token}).status, http.StatusUnauthorized)
	last := "0"
	if strings.HasSuffix(token, last) {
		last = "1"
	}
	s.equal("one digit off", s.good(token[:len(token)-1]+last), false)
}

func rule18(s *scene) {
	made, token := s.static(object{"ipWhitelist": []string{"203.0.113.0/24", "2001:db8::7"}})
	told := func(address string) bool {
		a := s.oauth("/oauth2/introspect", s.observer, "token", token, "client_ip", address)
		return a.object()["active"] == true
	}
	for address, want := range map[string]bool{
		"203.0.113.9": true, "::ffff:203.0.113.9": true, "2001:DB8:0::7": true,
		"203.0.114.9": false, "2001:db8::8": false, "127.0.0.1": false,
	} {
		s.equal("address "+address, told(address), want)
	}
	unknown := s.oauth("/oauth2/introspect", s.observer, "token", token)
	s.equal("no address told", unknown.object()["active"], false)
	refusal := s.get("/v1/refusals/" + unknown.header.Get("X-Error-Id"))
	s.equal("its cause", refusal["cause"], "address_unknown")
	path := "/v1/tokens/" + made.text("id")
	s.await("the failures apart from the uses", func() bool {
		now := s.get(path)
		return now.number("failureCount") == 4 && now.number("usageCount") == 3
	})
}

func rule19(s *scene) {
	made, token := s.static(nil)
	path := "/v1/tokens/" + made.text("id")
	s.equal("uses of a new token", made.number("usageCount"), 0)
	s.equal("last use of a new token", made["lastUsedAt"], nil)
	for _, address := range []string{"203.0.113.9", "2001:db8::7"} {
		s.oauth("/oauth2/introspect", s.observer, "token", token, "client_ip", address)
	}
	var now object
	s.await("the uses", func() bool { now = s.get(path); return now.number("usageCount") == 2 })
	s.equal("address of the last use", now["lastUsedIp"], "2001:db8::7")
	if at := now.time("lastUsedAt"); at.Before(made.time("createdAt")) || time.Since(at) > time.Minute {
		s.t.Errorf("last used at %s", now.text("lastUsedAt"))
	}

	// A client counts what is issued to it; introspecting moves only its last use.
	issued, c := s.client(object{})
	server, asks := s.client(object{"name": "Server of rule 19", "introspects": []string{"*"}, "scopes": []string{"free:form"}})
	access := s.fetch(c)
	s.oauth("/oauth2/introspect", asks, "token", access)
	s.await("the token issued", func() bool { return s.get("/v1/clients/"+issued.text("clientId")).number("usageCount") == 1 })
	s.await("the caller's last use", func() bool {
		caller := s.get("/v1/clients/" + server.text("clientId"))
		return caller["lastUsedAt"] != nil && caller.number("usageCount") == 0
	})
}

func rule21(s *scene) {
	made, token := s.static(nil)
	path := "/v1/tokens/" + made.text("id")
	s.equal("active", s.good(token), true)
	s.do("PATCH", path, object{"isActive": false})
	s.equal("disabled", s.good(token), false)
	s.do("PATCH", path, object{"isActive": true})
	s.equal("enabled again", s.good(token), true)
	regenerated := s.do("POST", path+"/regenerate", nil).text("token")
	s.equal("regenerated", s.good(token), false)
	s.equal("its successor", s.good(regenerated), true)
	s.do("POST", path+"/revoke", nil)
	s.equal("revoked", s.good(regenerated), false)
	s.do("DELETE", path, nil)
	s.equal("deleted", s.good(regenerated), false)

	_, passing := s.static(object{"expiresAt": time.Now().Add(time.Second)})
	s.await("expiry", func() bool { return !s.good(passing) })

	// A client that may not authenticate may do so nowhere.
	off, c := s.client(object{"introspects": []string{"*"}, "name": "Disabled of rule 21", "scopes": []string{"free:form"}})
	access := s.fetch(c)
	s.do("PATCH", "/v1/clients/"+off.text("clientId"), object{"isActive": false})
	for _, endpoint := range []string{"/oauth2/introspect", "/oauth2/revoke"} {
		s.equal(endpoint, s.oauth(endpoint, c, "token", access).status, http.StatusUnauthorized)
	}
	s.equal("token", s.authenticates(c), false)
	s.equal("its access token", s.good(access), false)
}
