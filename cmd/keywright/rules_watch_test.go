package main

import (
	"net/http"
	"strings"
	"time"
)

func rule37(s *scene) {
	ownerID := s.as(s.owner).get("/v1/me").text("id")
	_, c := s.as(s.owner).client(object{"name": "Watched", "scopes": []string{"a"}})
	path := "/v1/clients/" + c.ID
	a := s.ask("PATCH", path, object{"name": "Renamed"})
	if a.status != http.StatusOK {
		s.t.Fatal(a)
	}
	requestID := a.header.Get("X-Request-Id")
	_, reader := s.reader(nil)
	s.as(reader).refused(http.StatusForbidden, "forbidden", "POST", path+"/revoke", nil)
	s.refused(http.StatusForbidden, "console_session_required", "PATCH", path, object{"scopes": []string{"keywright:read"}})
	s.do("POST", path+"/revoke", nil)
	s.refused(http.StatusConflict, "credential_revoked", "POST", path+"/revoke", nil)
	s.refused(http.StatusUnprocessableEntity, "invalid_input", "PATCH", path, object{"name": ""}) // a slip, which attempts nothing
	s.do("DELETE", path, nil)

	// All of it is there, and outlives the client.
	events := s.get("/v1/audit-events?targetId=" + c.ID).objects("items")
	var got []string
	for _, e := range events {
		got = append(got, e.text("action")+" "+e.text("outcome")+" "+e.text("reason"))
	}
	s.equal("events, newest first", strings.Join(got, "; "), strings.Join([]string{
		"client.delete done ", "client.revoke refused credential_revoked", "client.revoke done ",
		"client.update refused console_session_required", "client.revoke refused forbidden", "client.update done ", "client.create done ",
	}, "; "))
	created, updated := events[len(events)-1], events[len(events)-2]
	s.equal("actor", created["actorId"], ownerID)
	s.equal("kind of actor", created["actorKind"], "member")
	s.equal("kind of the other", updated["actorKind"], "api_token")
	s.equal("kind of target", created["targetKind"], "client")
	s.equal("address", created["address"], "127.0.0.1")
	s.equal("request id", updated["requestId"], requestID)
	s.equal("before", updated.object("before")["name"], "Watched")
	s.equal("after", updated.object("after")["name"], "Renamed")
	if d := time.Since(created.time("at")).Abs(); d > time.Minute {
		s.t.Errorf("an event of %s ago", d)
	}
	if a := s.as(s.stranger).ask("GET", "/v1/audit-events?targetId="+c.ID, nil); len(object(a.object()).objects("items")) != 0 {
		s.t.Errorf("another organization sees the events: %s", a)
	}

	// A refusal at the OAuth edge is counted, and is no event.
	_, counted := s.client(object{})
	s.authenticates(credential{counted.ID, "kws_wrong"})
	s.await("the count of failures", func() bool { return s.get("/v1/clients/"+counted.ID).number("failureCount") == 1 })
	s.equal("events of a wrong secret", len(s.get("/v1/audit-events?targetId="+counted.ID).objects("items")), 1)
}

func rule39(s *scene) {
	_, good := s.client(object{})
	_, revoked := s.client(object{})
	_, disabled := s.client(object{})
	_, deleted := s.client(object{})
	_, replaced := s.client(object{})
	_, elsewhere := s.client(object{"ipWhitelist": []string{"203.0.113.7"}})
	_, pending := s.client(object{"confirmRequired": true})
	token := s.fetch(revoked)
	s.do("POST", "/v1/clients/"+revoked.ID+"/revoke", nil)
	s.do("PATCH", "/v1/clients/"+disabled.ID, object{"isActive": false})
	s.do("DELETE", "/v1/clients/"+deleted.ID, nil)
	s.do("POST", "/v1/clients/"+replaced.ID+"/regenerate", nil)

	// A test vector of docs/api.md, the secret of nobody.
	const zeros = "kws_000000000000000000000000000000000000000000000000000000000bc75c58"
	bodies := map[string]bool{}
	for _, r := range []struct {
		as       credential
		cause    string
		concerns any
	}{
		{credential{"kwc_00000000000000000000000000", zeros}, "unknown_client", nil},
		{deleted, "unknown_client", nil},
		{credential{good.ID, zeros}, "wrong_secret", good.ID},
		{replaced, "secret_revoked", replaced.ID},
		{revoked, "credential_revoked", revoked.ID},
		{disabled, "credential_disabled", disabled.ID},
		{pending, "credential_pending", pending.ID},
		{elsewhere, "address_off_list", elsewhere.ID},
	} {
		a := s.exchange(r.as)
		errorID := object(a.object()).text("error_id")
		bodies[strings.ReplaceAll(a.body, errorID, "")] = true
		s.equal("header", a.header.Get("X-Error-Id"), errorID)
		found := s.get("/v1/refusals/" + errorID)
		s.equal("cause", found["cause"], r.cause)
		s.equal("credential of "+r.cause, found["credentialId"], r.concerns)
		if d := time.Since(found.time("at")).Abs(); d > time.Minute {
			s.t.Errorf("%s: %s ago", r.cause, d)
		}
		stranger := s.as(s.stranger).ask("GET", "/v1/refusals/"+errorID, nil).status
		if want := map[bool]int{true: http.StatusOK, false: http.StatusNotFound}[r.concerns == nil]; stranger != want {
			s.t.Errorf("%s: another organization gets %d, want %d", r.cause, stranger, want)
		}
		swapped := errorID[:20] + errorID[30:40] + errorID[20:30] + errorID[40:]
		for _, forged := range []string{errorID[:len(errorID)-1], swapped, "err_"} {
			s.refused(http.StatusNotFound, "not_found", "GET", "/v1/refusals/"+forged, nil)
		}
	}
	if len(bodies) != 1 {
		s.t.Errorf("the caller can tell the causes apart: %v", bodies)
	}

	// {"active":false} is as silent, and explained in the same way.
	a := s.oauth("/oauth2/introspect", s.observer, "token", token)
	s.equal("introspection", strings.TrimSpace(a.body), `{"active":false}`)
	s.equal("cause", s.get("/v1/refusals/" + a.header.Get("X-Error-Id"))["cause"], "credential_revoked")

	// So is the admin API.
	dead, reader := s.reader(nil)
	s.as(s.owner).do("POST", "/v1/tokens/"+dead.text("id")+"/revoke", nil)
	refused := s.as(reader).refused(http.StatusUnauthorized, "unauthenticated", "GET", "/v1/me", nil)
	found := s.get("/v1/refusals/" + object(refused.object()).text("errorId"))
	s.equal("cause at the admin API", found["cause"], "credential_revoked")
	s.equal("credential at the admin API", found["credentialId"], dead["id"])
	s.as(reader).refused(http.StatusUnauthorized, "unauthenticated", "GET", "/v1/refusals/"+a.header.Get("X-Error-Id"), nil)
}
