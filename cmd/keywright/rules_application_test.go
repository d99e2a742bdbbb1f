package main

import (
	"net/http"
	"slices"
)

func rule01(s *scene) {
	identifier, read, _, endpoints := s.api(nil)
	made := s.do("POST", "/v1/applications", object{
		"name": "Importer 01", "description": "Fetches things.", "endpoints": endpoints[:1],
		"createClient": object{"name": "First"},
	})
	s.equal("description", made["description"], "Fetches things.")
	s.equal("endpoints", made["endpoints"], endpoints[:1])
	s.equal("clientCount", made["clientCount"], 1)
	client := made.object("client")
	s.equal("application of the client", client["applicationId"], made["id"])

	// The pair works at once, and its secret was shown in that answer alone.
	first := credential{client.text("clientId"), made.text("clientSecret")}
	seen := s.look(s.fetch(first))
	s.equal("scope", seen["scope"], read)
	s.equal("audience", seen["aud"], identifier)
	if again := s.get("/v1/applications/" + made.text("id")); again["clientSecret"] != nil || again["client"] != nil {
		s.t.Errorf("the application shows its client's secret again: %v", again)
	}

	// It is one step: what is wrong with the client keeps the application from being made.
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/applications", object{
		"name": "Never made 01", "endpoints": endpoints, "createClient": object{"name": "x", "ipWhitelist": []string{"nowhere"}},
	}, "ipWhitelist[0]")
	if names := s.get("/v1/applications?limit=200").column("items", "name"); slices.Contains(names, "Never made 01") {
		s.t.Error("an application was made without the client that was asked for")
	}
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/applications", object{"name": ""}, "name")
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "POST", "/v1/applications",
		object{"name": "x", "endpoints": []string{"ept_00000000000000000000000000"}}, "endpoints[0]")
}

func rule02(s *scene) {
	_, _, _, endpoints := s.api(nil)
	made := s.do("POST", "/v1/applications", object{"name": "Shown 02", "description": "On a card.", "endpoints": endpoints})
	id := made.text("id")
	alive, _ := s.client(object{"name": "Alive", "applicationId": id})
	dead, _ := s.client(object{"name": "Dead", "applicationId": id})
	s.do("POST", "/v1/clients/"+dead.text("clientId")+"/revoke", object{})

	cards := s.get("/v1/applications?limit=200").objects("items")
	at := slices.IndexFunc(cards, func(card object) bool { return card.text("id") == id })
	if at < 0 {
		s.t.Fatal("the application is not listed")
	}
	s.equal("name on the card", cards[at]["name"], "Shown 02")
	s.equal("description on the card", cards[at]["description"], "On a card.")

	detail := s.get("/v1/applications/" + id)
	slices.Sort(endpoints)
	s.equal("endpoints", detail["endpoints"], endpoints)
	s.equal("clientCount", detail["clientCount"], 2)
	credentials := s.get("/v1/clients?sort=name&applicationId=" + id)
	s.equal("credentials", credentials.column("items", "clientId"), []string{alive.text("clientId"), dead.text("clientId")})
	s.equal("their status", credentials.column("items", "status"), []string{"active", "revoked"})

	s.as(s.stranger).refused(http.StatusNotFound, "not_found", "GET", "/v1/applications/"+id, nil)
}

func rule03(s *scene) {
	_, _, _, endpoints := s.api(nil)
	id := s.do("POST", "/v1/applications", object{"name": "Many 03", "endpoints": endpoints}).text("id")
	var last object
	for _, environment := range []string{"development", "staging", "production", "staging"} {
		last, _ = s.client(object{"name": "In " + environment, "applicationId": id, "environment": environment})
		s.equal("environment", last["environment"], environment)
	}
	s.equal("clientCount", s.get("/v1/applications/" + id)["clientCount"], 4)
	staging := "/v1/clients?environment=staging&applicationId=" + id
	s.equal("clients in staging", len(s.get(staging).objects("items")), 2)

	s.do("PATCH", "/v1/clients/"+last.text("clientId"), object{"environment": nil})
	s.equal("clients in staging", len(s.get(staging).objects("items")), 1)
}

func rule04(s *scene) {
	identifier, read, write, endpoints := s.api(nil)
	path := "/v1/applications/" + s.do("POST", "/v1/applications", object{"name": "Reach 04", "endpoints": endpoints}).text("id")
	id := path[len("/v1/applications/"):]
	_, plain := s.client(object{"name": "Lists none", "applicationId": id})
	_, narrow := s.client(object{"name": "Lists its own", "applicationId": id, "scopes": []string{read}})

	token := s.fetch(plain)
	s.equal("scope from endpoints", s.look(token)["scope"], read+" "+write)
	s.equal("audience from endpoints", s.look(token)["aud"], identifier)
	s.equal("scope of its own", s.look(s.fetch(narrow))["scope"], read)

	// A gateway lets connected endpoints pass, and no others.
	gateway := func(method, uri string) int {
		return s.verify(token, identifier, "X-Forwarded-Method", method, "X-Forwarded-Uri", uri)
	}
	s.equal("a connected endpoint", gateway("GET", "/things/7?full=1"), http.StatusOK)
	s.equal("the other one", gateway("POST", "/things"), http.StatusOK)
	s.equal("no endpoint", gateway("DELETE", "/things/7"), http.StatusForbidden)
	s.equal("another spelling", gateway("GET", "/things/..%2f7"), http.StatusForbidden)
	s.equal("nothing told", s.verify(token, identifier), http.StatusForbidden)

	s.do("PATCH", path, object{"endpoints": endpoints[:1]})
	s.equal("an endpoint that stays connected", gateway("GET", "/things/7"), http.StatusOK)
	s.equal("an endpoint that was taken away", gateway("POST", "/things"), http.StatusForbidden)
	s.equal("scope of the earlier token", s.look(token)["scope"], read)
	s.equal("scope of a new token", s.look(s.fetch(plain))["scope"], read)
	if a := s.exchange(plain, "scope", write); a.status != http.StatusBadRequest || a.object()["error"] != "invalid_scope" {
		s.t.Errorf("the scope of an endpoint that is not connected: %s", a)
	}

	s.do("PATCH", path, object{"endpoints": []string{}})
	if s.good(token) {
		s.t.Error("a token for an API that its client reaches no more is active")
	}
	if a := s.exchange(plain, "resource", identifier); a.status != http.StatusBadRequest || a.object()["error"] != "invalid_target" {
		s.t.Errorf("an API that is not connected: %s", a)
	}
}
