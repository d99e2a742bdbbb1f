package main

import "net/http"

func rule20(s *scene) {
	memberID, member := s.newMember("member")
	holder, _ := s.as(s.owner).client(object{"name": "Holder 20", "scopes": []string{"keywright:read"}})
	held, _ := s.reader(object{"name": "Held 20"})
	role := s.as(s.owner).do("POST", "/v1/roles", object{"name": "keeper-20", "scopes": []string{"keywright:read"}})
	plain, _ := s.client(object{})
	self := "/v1/tokens/" + s.get("/v1/me").text("id")

	for _, r := range []struct {
		method, path string
		body         object
	}{
		{"POST", "/v1/members", object{"email": "new@20.members.example", "role": "member"}},
		{"PATCH", "/v1/members/" + memberID, object{"role": "owner"}},
		{"DELETE", "/v1/members/" + memberID, nil},
		{"PATCH", "/v1/organization", object{"rotationAgeSeconds": 86400}},
		{"POST", "/v1/signing-keys/rotate", nil},
		{"POST", "/v1/me/password", object{"current": s.password, "new": "a new password of some length"}},
		{"POST", "/v1/me/one-time-code", object{"password": s.password}},
		// The exceptions under "who may grant what".
		{"POST", "/v1/clients", object{"name": "x", "scopes": []string{"keywright:read"}}},
		{"POST", "/v1/clients", object{"name": "x", "roles": []string{"keeper-20"}}},
		{"POST", "/v1/tokens", object{"name": "x", "scopes": []string{"keywright:write"}, "permissions": []string{"a"}}},
		{"POST", "/v1/roles", object{"name": "other-20", "scopes": []string{"keywright:write"}}},
		{"PATCH", "/v1/clients/" + plain.text("clientId"), object{"scopes": []string{"keywright:read"}}},
		{"PATCH", "/v1/clients/" + holder.text("clientId"), object{"name": "y"}},
		{"POST", "/v1/clients/" + holder.text("clientId") + "/regenerate", nil},
		{"POST", "/v1/clients/" + holder.text("clientId") + "/revoke", nil},
		{"DELETE", "/v1/clients/" + holder.text("clientId"), nil},
		{"PATCH", "/v1/tokens/" + held.text("id"), object{"name": "y"}},
		{"POST", "/v1/tokens/" + held.text("id") + "/regenerate", nil},
		{"PATCH", self, object{"name": "y"}},
		{"POST", self + "/regenerate", nil},
		{"DELETE", self, nil},
		{"PATCH", "/v1/roles/" + role.text("id"), object{"description": "y"}},
		{"DELETE", "/v1/roles/" + role.text("id"), nil},
	} {
		s.refused(http.StatusForbidden, "console_session_required", r.method, r.path, r.body)
	}

	// A person may, in a console session: an owner or admin.
	owner := s.as(s.owner)
	s.as(member).refused(http.StatusForbidden, "forbidden", "POST", "/v1/members", object{"email": "new@20.members.example", "role": "member"})
	s.equal("role given by a person", owner.do("PATCH", "/v1/members/"+memberID, object{"role": "admin"})["role"], "admin")
	s.as(member).refused(http.StatusForbidden, "grant_exceeds_own", "PATCH", "/v1/members/"+memberID, object{"role": "owner"})
	owner.do("DELETE", "/v1/members/"+memberID, nil)
	s.as(member).refused(http.StatusUnauthorized, "unauthenticated", "GET", "/v1/me", nil)
	owner.do("POST", "/v1/tokens/"+held.text("id")+"/regenerate", nil)
	owner.do("POST", "/v1/clients/"+holder.text("clientId")+"/revoke", nil)
}

func rule26(s *scene) {
	memberID, creator := s.newMember("admin")
	mine, c := s.as(creator).client(object{"name": "Mine", "scopes": []string{"a", "b"}, "ipWhitelist": []string{"127.0.0.0/8", "::1"}})
	token := s.as(creator).do("POST", "/v1/tokens", object{"name": "Mine", "scopes": []string{"a", "b"}, "permissions": []string{"x", "y"}})
	foreign, _ := s.client(object{})
	s.as(s.owner).do("PATCH", "/v1/members/"+memberID, object{"role": "member"})

	// From now on a plain member, who created those two.
	m, client, tokenPath := s.as(creator), "/v1/clients/"+c.ID, "/v1/tokens/"+token.text("id")
	m.do("PATCH", client, object{"name": "Renamed", "description": "Described", "scopes": []string{"a"}, "ipWhitelist": []string{"127.0.0.1"}})
	m.do("PATCH", tokenPath, object{"name": "Renamed", "scopes": []string{"a"}, "permissions": []string{"x"}})
	for path, wider := range map[string][]object{
		client: {
			{"scopes": []string{"a", "b"}}, {"ipWhitelist": []string{}}, {"ipWhitelist": []string{"127.0.0.1", "10.0.0.1"}},
			{"permissions": []string{"all"}}, {"introspects": []string{"*"}}, {"tokenTtlSeconds": 86400},
		},
		tokenPath: {
			{"scopes": []string{"a", "b"}}, {"permissions": []string{"x", "y"}}, {"expiresAt": "2090-01-01T00:00:00Z"},
		},
	} {
		for _, body := range wider {
			m.refused(http.StatusForbidden, "grant_exceeds_own", "PATCH", path, body)
		}
	}
	m.do("PATCH", client, object{"isActive": false})
	m.refused(http.StatusForbidden, "grant_exceeds_own", "PATCH", client, object{"isActive": true})
	s.do("PATCH", client, object{"isActive": true}) // any owner or admin
	c.Secret = m.do("POST", client+"/regenerate", nil).text("clientSecret")
	if !s.authenticates(c) {
		s.t.Error("what the creator regenerated does not authenticate")
	}
	m.do("POST", tokenPath+"/regenerate", nil)
	m.refused(http.StatusForbidden, "forbidden", "PATCH", "/v1/clients/"+foreign.text("clientId"), object{"name": "y"})
	m.refused(http.StatusForbidden, "forbidden", "DELETE", "/v1/clients/"+foreign.text("clientId"), nil)
	m.refused(http.StatusForbidden, "forbidden", "POST", "/v1/clients", object{"name": "x", "scopes": []string{"a"}})
	m.do("DELETE", tokenPath, nil)

	// Only while a member.
	s.as(s.owner).do("DELETE", "/v1/members/"+memberID, nil)
	m.refused(http.StatusUnauthorized, "unauthenticated", "DELETE", client, nil)
	s.equal("what they created stays", s.get(client)["createdBy"], mine["createdBy"])
	s.do("DELETE", client, nil)
}
