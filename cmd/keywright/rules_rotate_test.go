package main

import (
	"net/http"
	"time"
)

func rule28(s *scene) {
	made, c := s.client(object{})
	path := "/v1/clients/" + c.ID
	regenerate := func(body object) credential {
		s.t.Helper()
		return credential{c.ID, s.do("POST", path+"/regenerate", body).text("clientSecret")}
	}
	token := s.fetch(c)
	second := regenerate(nil)
	if s.authenticates(c) || s.good(token) || !s.authenticates(second) {
		s.t.Error("without overlap the new secret alone must work, and what the old got is dead")
	}
	token = s.fetch(second)
	third := regenerate(object{"overlapSeconds": 600})
	if !s.authenticates(second) || !s.authenticates(third) || !s.good(token) {
		s.t.Error("with overlap both must work")
	}
	fourth := regenerate(object{"overlapSeconds": 1})
	s.await("the end of the overlap", func() bool { return !s.authenticates(second) && !s.authenticates(third) })
	if !s.authenticates(fourth) || !s.good(token) {
		s.t.Error("after the overlap the newest secret works, and tokens run to their end")
	}
	after := s.get(path)
	for _, name := range []string{"clientId", "name", "scopes", "createdAt", "isActive"} {
		s.equal(name+" stays", after[name], made[name])
	}
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", path+"/regenerate", object{"overlapSeconds": -1}, "overlapSeconds")

	// It does not count against the five.
	for range 4 {
		s.do("POST", path+"/secrets", nil)
	}
	s.refused(http.StatusConflict, "conflict", "POST", path+"/secrets", nil)
	fifth := regenerate(object{"overlapSeconds": 600})

	s.do("PATCH", path, object{"isActive": false})
	sixth := regenerate(nil)
	s.equal("a disabled one", s.get(path)["status"], "disabled")
	s.do("PATCH", path, object{"isActive": true})
	if s.authenticates(fifth) || !s.authenticates(sixth) {
		s.t.Error("the secret of a disabled client was not regenerated")
	}
	s.do("POST", path+"/revoke", nil)
	s.refused(http.StatusConflict, "credential_revoked", "POST", path+"/regenerate", nil)
	s.expiredRegenerates()
	s.tokenRegenerates()
}

func (s *scene) expiredRegenerates() {
	s.t.Helper()
	soon := time.Now().Add(3 * time.Second)
	_, c := s.client(object{"name": "Brief", "scopes": []string{"a"}, "expiresAt": soon})
	path := "/v1/clients/" + c.ID
	apiToken, _ := s.reader(object{"expiresAt": soon})
	tokenPath := "/v1/tokens/" + apiToken.text("id")
	s.await("the expiry", func() bool { return s.get(path)["status"] == "expired" && s.get(tokenPath)["status"] == "expired" })
	made := s.do("POST", path+"/regenerate", object{"expiresAt": soon.Add(time.Hour)})
	s.equal("an expired one", made["status"], "active")
	if !s.authenticates(credential{c.ID, made.text("clientSecret")}) {
		s.t.Error("an expired client was regenerated and does not authenticate")
	}
	made = s.as(s.owner).do("POST", tokenPath+"/regenerate", nil)
	if year := time.Now().AddDate(1, 0, 0); made.time("expiresAt").Sub(year).Abs() > time.Minute || !s.lives(bearer(made.text("token"))) {
		s.t.Errorf("an expired API token was regenerated until %s", made.text("expiresAt"))
	}
}

func (s *scene) tokenRegenerates() {
	s.t.Helper()
	first, old := s.reader(nil)
	path := "/v1/tokens/" + first.text("id")
	owner := s.as(s.owner)
	second := owner.do("POST", path+"/regenerate", nil)
	s.equal("id of an API token", second["id"], first["id"])
	s.equal("expiry of an API token", second["expiresAt"], first["expiresAt"])
	if s.lives(old) || !s.lives(bearer(second.text("token"))) {
		s.t.Error("of an API token the new value alone must work")
	}
	owner.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", path+"/regenerate", object{"overlapSeconds": 60}, "overlapSeconds")
	owner.do("PATCH", path, object{"isActive": false})
	s.equal("a disabled API token", owner.do("POST", path+"/regenerate", nil)["status"], "disabled")
	owner.do("POST", path+"/revoke", nil)
	owner.refused(http.StatusConflict, "credential_revoked", "POST", path+"/regenerate", nil)
}

func rule29(s *scene) {
	made, first := s.client(object{"environment": "staging", "name": "Overlap 29", "scopes": []string{"a"}})
	path := "/v1/clients/" + first.ID + "/secrets"
	firstID := made.column("secrets", "id")[0]
	s.authenticates(first)
	added := s.do("POST", path, nil)
	second := credential{first.ID, added.text("clientSecret")}
	if !s.authenticates(first) || !s.authenticates(second) {
		s.t.Error("both secrets must work")
	}
	for range 3 {
		s.do("POST", path, nil)
	}
	s.refused(http.StatusConflict, "conflict", "POST", path, nil)

	// Each shows its own last use, and one that was used lately needs force.
	s.await("the last use", func() bool {
		uses := s.get(path).objects("items")
		return uses[0]["lastUsedAt"] != nil && uses[1]["lastUsedAt"] != nil
	})
	if uses := s.get(path).objects("items"); uses[2]["lastUsedAt"] != nil || uses[2].number("usageCount") != 0 || uses[0].number("usageCount") != 2 {
		s.t.Errorf("the secrets do not show their own use: %v", uses)
	}
	token, kept := s.fetch(first), s.fetch(second)
	s.refused(http.StatusConflict, "secret_in_use", "DELETE", path+"/"+firstID, nil)
	s.do("DELETE", path+"/"+firstID+"?force=true", nil)
	if s.authenticates(first) || s.good(token) || !s.authenticates(second) || !s.good(kept) {
		s.t.Error("the deleted secret alone must be dead, with what it got")
	}
	s.do("DELETE", path+"/"+s.get(path).column("items", "id")[3], nil) // never used
	s.refused(http.StatusNotFound, "not_found", "DELETE", path+"/"+firstID, nil)

	// Create another like this one.
	like := s.do("POST", "/v1/clients/"+first.ID+"/duplicate", object{"name": "Successor 29"})
	other := credential{like.text("clientId"), like.text("clientSecret")}
	s.equal("its scopes", like["scopes"], made["scopes"])
	s.equal("its environment", like["environment"], "staging")
	s.equal("its uses", like["usageCount"], 0)
	s.equal("its secrets", len(like.objects("secrets")), 1)
	if other.ID == first.ID || !s.authenticates(other) || s.authenticates(credential{other.ID, second.Secret}) {
		s.t.Error("another like this one has an id and a secret of its own")
	}
}

func rule30(s *scene) {
	const day = 24 * 60 * 60
	s.equal("recommended", s.get("/v1/organization").number("rotationAgeSeconds"), 90*day)
	owner := s.as(s.owner)
	s.equal("set", owner.do("PATCH", "/v1/organization", object{"rotationAgeSeconds": 30 * day}).number("rotationAgeSeconds"), 30*day)
	s.equal("cleared", owner.do("PATCH", "/v1/organization", object{"rotationAgeSeconds": nil}).number("rotationAgeSeconds"), 90*day)
	owner.refused(http.StatusUnprocessableEntity, "invalid_input", "PATCH", "/v1/organization", object{"rotationAgeSeconds": 1}, "rotationAgeSeconds")
	// Nothing here is a day old; that what is older is marked and listed is shown by TestRotationDue, which has a clock.
	s.equal("due", len(s.get("/v1/clients?rotationDue=true").objects("items")), 0)
}
