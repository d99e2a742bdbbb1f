package main

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Every member of a client, a secret and an API token, in lists too.
var (
	clientColumns = []string{
		"clientId", "name", "description", "organizationId", "projectId", "applicationId", "environment", "status", "isActive",
		"expiresAt", "revokedAt", "roles", "scopes", "permissions", "audiences", "introspects", "ipWhitelist", "authMethod",
		"jwks", "tokenFormat", "tokenTtlSeconds", "watch", "secrets", "keys", "usageCount", "failureCount", "lastUsedAt", "lastUsedIp",
		"createdBy", "createdVia", "createdAt", "updatedAt",
	}
	secretColumns = []string{"id", "hint", "status", "createdAt", "expiresAt", "lastUsedAt", "usageCount"}
	tokenColumns  = []string{
		"id", "name", "description", "type", "organizationId", "projectId", "status", "isActive", "expiresAt", "permissions",
		"scopes", "ipWhitelist", "hint", "usageCount", "failureCount", "lastUsedAt", "lastUsedIp", "createdBy", "createdAt", "updatedAt",
	}
)

func rule22(s *scene) {
	has := func(what string, row object, columns []string) {
		s.t.Helper()
		for _, name := range columns {
			if _, there := row[name]; !there {
				s.t.Errorf("%s has no %s", what, name)
			}
		}
	}
	project := s.newProject("Listed")
	_, c := s.client(object{"name": "Row 22", "scopes": []string{"a"}, "projectId": project})
	s.do("POST", "/v1/tokens", object{"name": "Row 22", "scopes": []string{"a"}, "permissions": []string{"b"}, "projectId": project})
	s.authenticates(c)
	s.authenticates(credential{c.ID, "kws_wrong"})
	var row object
	s.await("the count of uses", func() bool {
		row = s.get("/v1/clients?projectId=" + project).objects("items")[0]
		return row.number("usageCount") == 1 && row.number("failureCount") == 1
	})
	has("a client in a list", row, clientColumns)
	has("its secret", row.objects("secrets")[0], secretColumns)
	has("an API token in a list", s.get("/v1/tokens?projectId=" + project).objects("items")[0], tokenColumns)
	s.equal("address of the last use", row["lastUsedIp"], "127.0.0.1")
	if d := time.Since(row.time("lastUsedAt")).Abs(); d > time.Minute {
		s.t.Errorf("last use: %s ago", d)
	}
}

func rule23(s *scene) {
	project := s.newProject("Found")
	app := s.do("POST", "/v1/applications", object{"name": "Found 23", "projectId": project}).text("id")
	soon := time.Now().Add(time.Hour)
	id := map[string]string{}
	for _, c := range []struct {
		name string
		more object
	}{
		{"Alpha 100%", object{"description": "first_of all", "environment": "staging"}},
		{"beta", object{"applicationId": app, "expiresAt": soon}},
		{"Gamma", object{"description": "ÄPFEL"}},
		{"delta", object{"confirmRequired": true}},
		{"epsilon", object{}},
	} {
		body := object{"name": c.name, "scopes": []string{"a"}, "projectId": project}
		for name, value := range c.more {
			body[name] = value
		}
		made, _ := s.client(body)
		id[c.name] = made.text("clientId")
	}
	s.do("PATCH", "/v1/clients/"+id["Gamma"], object{"isActive": false})
	s.do("POST", "/v1/clients/"+id["epsilon"]+"/revoke", nil)
	s.do("POST", "/v1/tokens", object{"name": "Found", "scopes": []string{"a"}, "permissions": []string{"b"}, "projectId": project})
	self := s.get("/v1/me").text("id")

	const all = "[Alpha 100% Gamma beta delta epsilon]"
	for query, want := range map[string]string{
		"":                        all,
		"createdBy=" + self:       all,
		"createdBy=mem_x":         "[]",
		"status=active":           "[Alpha 100% beta]",
		"status=disabled":         "[Gamma]",
		"status=pending":          "[delta]",
		"status=revoked":          "[epsilon]",
		"status=expired":          "[]",
		"applicationId=" + app:    "[beta]",
		"environment=staging":     "[Alpha 100%]",
		"expiringWithin=7200":     "[beta]",
		"expiringWithin=60":       "[]",
		"unusedFor=3600":          "[]", // made within the hour
		"q=ALPHA":                 "[Alpha 100%]",
		"q=first_of":              "[Alpha 100%]", // in the description
		"q=%25":                   "[Alpha 100%]", // not a wildcard
		"q=_":                     "[Alpha 100%]",
		"q=eta":                   "[beta]",
		"q=nothing":               "[]",
		"status=active&q=beta":    "[beta]",
		"environment=production":  "[]",
		"applicationId=app_other": "[]",
	} {
		got := s.get("/v1/clients?sort=name&projectId=" + project + "&" + query)
		s.equal("clients with "+query, got.column("items", "name"), want)
	}
	for query, want := range map[string]int{"type=project": 1, "type=organization": 0, "status=active": 1, "status=revoked": 0, "q=foun": 1} {
		got := s.get("/v1/tokens?projectId=" + project + "&" + query)
		s.equal("API tokens with "+query, len(got.objects("items")), want)
	}
	for _, sort := range []string{"createdAt", "-createdAt", "name", "-name", "expiresAt", "-expiresAt", "lastUsedAt", "-lastUsedAt"} {
		s.equal("pages by "+sort, s.pages("/v1/clients?limit=2&projectId="+project+"&sort="+sort, func() {}), 5)
	}
	for _, wrong := range []string{"sort=usageCount", "sort=name;drop", "status=odd", "limit=0", "limit=201", "cursor=abc", "expiringWithin=-1", "colour=red"} {
		s.refused(http.StatusBadRequest, "malformed_request", "GET", "/v1/clients?"+wrong, nil)
	}

	// Pages do not move when rows are added, and a cursor is good for its list alone.
	list := "/v1/clients?limit=2&projectId=" + project
	n := 0
	s.equal("clients while rows are added", s.pages(list, func() {
		n++
		s.client(object{"name": fmt.Sprint("Added ", n), "scopes": []string{"a"}, "projectId": project})
	}), 5)
	cursor := s.get(list).text("nextCursor")
	s.refused(http.StatusBadRequest, "malformed_request", "GET", "/v1/clients?limit=2&cursor="+cursor, nil)
	s.refused(http.StatusBadRequest, "malformed_request", "GET", "/v1/tokens?limit=2&projectId="+project+"&cursor="+cursor, nil)
	s.as(s.stranger).refused(http.StatusBadRequest, "malformed_request", "GET", list+"&cursor="+cursor, nil)
}

// pages walks a list of clients to its end and counts what it saw; between
// does something after each page.
func (s *scene) pages(path string, between func()) int {
	s.t.Helper()
	var seen []string
	for cursor := ""; ; between() {
		page := s.get(path + cursor)
		for _, id := range page.column("items", "clientId") {
			if slices.Contains(seen, id) {
				s.t.Errorf("%s: %s comes twice", path, id)
			}
			seen = append(seen, id)
		}
		if page["nextCursor"] == nil {
			return len(seen)
		}
		cursor = "&cursor=" + page.text("nextCursor")
	}
}

func rule24(s *scene) {
	project := s.newProject("Kept")
	_, c := s.client(object{"name": "Kept 24", "scopes": []string{"a"}, "projectId": project})
	token := s.do("POST", "/v1/tokens", object{"name": "Kept 24", "scopes": []string{"a"}, "permissions": []string{"b"}, "projectId": project})
	for list, one := range map[string]string{"/v1/clients": c.ID, "/v1/tokens": token.text("id")} {
		path := list + "/" + one
		s.do("POST", path+"/revoke", nil)
		s.equal("status in the list", s.get(list+"?projectId="+project).column("items", "status"), []string{"revoked"})
		s.equal("status", s.get(path)["status"], "revoked")
		s.do("DELETE", path, nil)
		s.equal("list after the deletion", len(s.get(list+"?projectId="+project).objects("items")), 0)
	}
}
