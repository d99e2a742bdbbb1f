package main

import (
	"net/http"
	"strings"
)

func rule13(s *scene) {
	made, c := s.client(object{})
	path := "/v1/clients/" + c.ID
	secrets := map[string]string{"first": c.Secret}
	secrets["second"] = s.do("POST", path+"/regenerate", object{"overlapSeconds": 60}).text("clientSecret")
	secrets["third"] = s.do("POST", path+"/secrets", object{}).text("clientSecret")
	token := s.do("POST", "/v1/tokens", object{"name": "Once 13", "scopes": []string{"a"}, "permissions": []string{"b"}})
	secrets["API token"] = token.text("token")
	secrets["its successor"] = s.do("POST", "/v1/tokens/"+token.text("id")+"/regenerate", nil).text("token")
	for name, secret := range secrets {
		if !secretForm.MatchString(secret) {
			s.t.Fatalf("the %s secret was not shown", name)
		}
	}

	// A repeated request is answered without it, and makes nothing twice.
	again := func() object {
		return s.do("POST", path+"/secrets", object{}, "Idempotency-Key", "rule-13")
	}
	fourth, replay := again(), again()
	secrets["fourth"] = fourth.text("clientSecret")
	s.equal("secret that is replayed", replay["id"], fourth["id"])
	if _, shown := replay["clientSecret"]; shown {
		s.t.Error("a replayed answer shows the secret")
	}

	for _, later := range []string{
		path, path + "/secrets", "/v1/clients?limit=200&q=" + s.name, "/v1/tokens/" + token.text("id"), "/v1/tokens?limit=200",
		"/v1/audit-events?limit=200&targetId=" + made.text("clientId"), "/v1/audit-events?limit=200&targetId=" + token.text("id"),
		"/v1/audit-events?format=jsonl", "/v1/audit-events?format=csv",
	} {
		a := s.ask("GET", later, nil)
		if a.status != http.StatusOK {
			s.t.Fatalf("GET %s: %s", later, a)
		}
		for name, secret := range secrets {
			if strings.Contains(a.body, secret[4:40]) {
				s.t.Errorf("GET %s shows the %s secret", later, name)
			}
		}
	}
}

func rule14(s *scene) {
	made, c := s.client(object{"name": "Waits", "scopes": []string{"a"}, "confirmRequired": true})
	path := "/v1/clients/" + c.ID
	s.equal("status", made["status"], "pending")
	if s.authenticates(c) {
		s.t.Error("a pending client authenticates")
	}
	s.equal("status when confirmed", s.do("POST", path+"/confirm", nil)["status"], "active")
	if !s.authenticates(c) {
		s.t.Error("a confirmed client does not authenticate")
	}
	s.refused(http.StatusConflict, "conflict", "POST", path+"/confirm", nil)

	_, _, _, endpoints := s.api(nil)
	app := s.do("POST", "/v1/applications", object{
		"name": "Waits 14", "endpoints": endpoints, "createClient": object{"name": "First", "confirmRequired": true},
	})
	s.equal("first client of an application", app.object("client")["status"], "pending")

	// All else is live at once.
	at, now := s.client(object{})
	s.equal("status unless asked otherwise", at["status"], "active")
	now.Secret = s.do("POST", "/v1/clients/"+now.ID+"/regenerate", nil).text("clientSecret")
	if !s.authenticates(now) {
		s.t.Error("a regenerated secret is not live at once")
	}
	if _, token := s.reader(nil); !s.lives(token) {
		s.t.Error("an API token is not live at once")
	}
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/tokens",
		object{"name": "x", "scopes": []string{"a"}, "permissions": []string{"b"}, "confirmRequired": true}, "confirmRequired")
	s.as(s.stranger).refused(http.StatusNotFound, "not_found", "POST", path+"/confirm", nil)
}

func rule15(s *scene) {
	made, c := s.client(object{})
	hint := "kws_…" + c.Secret[len(c.Secret)-4:]
	s.equal("hint", made.column("secrets", "hint"), []string{hint})
	s.equal("hint later", s.get("/v1/clients/"+c.ID+"/secrets").column("items", "hint"), []string{hint})
	token := s.do("POST", "/v1/tokens", object{"name": "Hint 15", "scopes": []string{"a"}, "permissions": []string{"b"}})
	value := token.text("token")
	s.equal("hint of an API token", s.get("/v1/tokens/" + token.text("id"))["hint"], "kwt_…"+value[len(value)-4:])
}

func rule16(s *scene) {
	identifier, read, _, _ := s.api(nil)
	_, c := s.client(object{"name": "Exchanges", "scopes": []string{read}, "tokenTtlSeconds": 120})
	a := s.exchange(c)
	answered := object(a.object())
	s.equal("token_type", strings.ToLower(answered.text("token_type")), "bearer")
	s.equal("expires_in", answered["expires_in"], 120)
	s.equal("scope", answered["scope"], read)
	s.equal("Cache-Control", a.header.Get("Cache-Control"), "no-store")
	s.equal("audience", s.look(answered.text("access_token"))["aud"], identifier)

	// Authenticate first, authorize second: who is not known learns no more.
	for _, wrong := range [][]string{{"scope", "not:its"}, {"resource", "https://nowhere.example"}} {
		known, unknown := s.exchange(c, wrong...), s.exchange(credential{c.ID, "kws_" + strings.Repeat("0", 56) + "0bc75c58"}, wrong...)
		if known.status != http.StatusBadRequest || !strings.HasPrefix(object(known.object()).text("error"), "invalid_") {
			s.t.Errorf("%s, known: %s", wrong, known)
		}
		if unknown.status != http.StatusUnauthorized || unknown.object()["error"] != "invalid_client" {
			s.t.Errorf("%s, unknown: %s", wrong, unknown)
		}
	}
	if a := s.oauth("/oauth2/token", c, "grant_type", "password"); a.object()["error"] != "unsupported_grant_type" {
		s.t.Errorf("another grant: %s", a)
	}
}
