package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"keywright/registry"
	"keywright/storage/storagetest"
)

func rule34(s *scene) {
	_, busy := s.client(object{"name": "Busy", "scopes": []string{"a"}})
	soon := time.Now().Add(10 * 24 * time.Hour)
	_, calm := s.client(object{"name": "Calm", "scopes": []string{"a"}, "expiresAt": soon})
	for range 3 {
		s.fetch(busy)
	}
	s.authenticates(credential{calm.ID, "kws_wrong"})
	var seen object
	s.await("what was counted", func() bool {
		seen = s.get("/v1/usage?bucket=day")
		return seen.number("uses") >= 3 && seen.number("failures") == 1
	})
	s.equal("days", len(seen.objects("buckets")), 30)
	s.equal("why", seen.object("failuresByCause")["wrong_secret"], 1)
	top := seen.objects("top")
	if i := slices.IndexFunc(top, func(o object) bool { return o["id"] == busy.ID }); i < 0 || top[i].number("uses") != 3 || top[i]["name"] != "Busy" {
		s.t.Errorf("the most used: %v", top)
	}
	for _, e := range seen.objects("expiring") {
		want := 0
		if e["type"] == "client" && e["within"] == "30d" {
			want = 1
		}
		s.equal(fmt.Sprintf("%s that expire within %s", e["type"], e["within"]), e.number("count"), want)
	}
	s.equal("for how long unused", seen.number("unusedForSeconds"), 90*24*3600)
	s.equal("unused", seen.number("unused"), 0)
	if n := seen.number("neverUsed"); n < 1 {
		s.t.Errorf("%d were never used, want the calm one", n)
	}
	if recent := s.get("/v1/audit-events").objects("items"); recent[0]["targetId"] != calm.ID && recent[1]["targetId"] != calm.ID {
		s.t.Errorf("the recent activity does not begin with the last client: %v", recent[0])
	}
	if other := s.as(s.stranger).get("/v1/usage"); len(other.objects("top")) > 0 && other.objects("top")[0]["id"] == busy.ID {
		s.t.Error("another organization sees it")
	}
}

// past puts usage of earlier into the database, as that of a server which ran then.
func (s *scene) past(rows ...string) {
	s.t.Helper()
	i := slices.IndexFunc(s.environ, func(e string) bool { return strings.HasPrefix(e, "KEYWRIGHT_DATABASE_URL=") })
	_, url, _ := strings.Cut(s.environ[i], "=")
	db := storagetest.SQL(s.t, url)
	for _, row := range rows {
		if _, err := db.ExecContext(s.t.Context(), "INSERT INTO "+row); err != nil {
			s.t.Fatal(err)
		}
	}
}

func rule35(s *scene) {
	now := time.Now().UTC()
	text := func(at time.Time) string { return at.Format("2006-01-02T15:04:05.000000Z") }
	bucket := func(id, grain string, at time.Time, count int) string {
		return fmt.Sprintf("usage_buckets (kind, id, organization_id, grain, starts_at, cause, count) VALUES ('client', '%s', '%s', '%s', '%s', 0, %d)",
			id, s.organizationID, grain, text(at), count)
	}
	const day = 24 * time.Hour
	_, silent := s.client(object{})
	_, spiking := s.client(object{})
	_, moved := s.client(object{})
	_, steady := s.client(object{})
	s.past(bucket(silent.ID, "day", now.Add(-40*day).Truncate(day), 1))
	for n := range 10 {
		hour := now.AddDate(0, 0, -n-1).Add(-time.Hour).Truncate(time.Hour)
		for _, c := range []credential{spiking, moved, steady} {
			s.past(bucket(c.ID, "hour", hour, 2))
		}
	}
	for c, network := range map[credential]string{moved: "203.0.113.0/24", steady: "127.0.0.0/24"} {
		s.past(fmt.Sprintf("usage_networks (kind, id, network, first_seen, last_seen) VALUES ('client', '%s', '%s', '%s', '%s')",
			c.ID, network, text(now.Add(-10*day)), text(now.Add(-day))))
	}
	marks := func(c credential) (names []string) {
		return s.get("/v1/clients/"+c.ID+"/usage").column("marks", "mark")
	}
	for _, c := range []credential{silent, moved, steady} {
		s.fetch(c)
	}
	s.await("the silence", func() bool { return slices.Equal(marks(silent), []string{"silence"}) })
	s.await("the network", func() bool { return slices.Equal(marks(moved), []string{"new_network"}) })
	s.await("the spike", func() bool {
		s.fetch(spiking)
		return slices.Equal(marks(spiking), []string{"spike"})
	})
	s.equal("marks of the steady one", len(marks(steady)), 0)

	// The history beside it, by hour and by day.
	history := s.get("/v1/clients/" + steady.ID + "/usage?from=" + now.Add(-11*day).Format(time.RFC3339))
	s.equal("uses in the hours", history.number("uses"), 21)
	s.equal("hours", len(history.objects("buckets")), 11*24+1)
	days := s.get("/v1/clients/" + silent.ID + "/usage?bucket=day&from=" + now.Add(-40*day).Format(time.RFC3339))
	s.equal("uses in the days", days.number("uses"), 2)
	s.equal("the first day", days.objects("buckets")[0].number("uses"), 1)
	a := s.refused(http.StatusBadRequest, "malformed_request", "GET",
		"/v1/clients/"+silent.ID+"/usage?from="+now.Add(-40*day).Format(time.RFC3339), nil)
	if !strings.Contains(a.body, "bucket=day") {
		s.t.Errorf("it does not say what to do: %s", a)
	}

	// Marks are in the overview, in the audit and in the metrics, once.
	s.equal("marks in the overview", len(s.get("/v1/usage").objects("marks")), 3)
	for _, c := range []credential{silent, moved, spiking} {
		events := s.get("/v1/audit-events?actor=server&action=client.usage_marked&targetId=" + c.ID).objects("items")
		if len(events) != 1 || events[0]["actorKind"] != registry.ActorServer || events[0].object("after")["mark"] != marks(c)[0] {
			s.t.Errorf("the events of a mark: %v", events)
		}
	}
	for _, mark := range registry.Marks {
		s.await("the metric of "+mark, func() bool { return s.series(`keywright_usage_marks_total{mark="`+mark+`"}`) >= 1 })
	}
}

// series is the value of a series that the server exposes, or -1.
func (s *scene) series(name string) float64 {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.metrics+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return n
		}
	}
	return -1
}

func rule36(s *scene) {
	now := time.Now()
	_, c := s.client(object{"name": "Ends soon", "scopes": []string{"a"}, "expiresAt": now.Add(20 * time.Hour)})
	made, _ := s.static(object{"expiresAt": now.Add(20 * 24 * time.Hour)})
	windows := func(action, id string) (names []string) {
		for _, e := range s.get("/v1/audit-events?actor=server&action=" + action + "&targetId=" + id).objects("items") {
			names = append(names, e.object("after").text("within"))
		}
		return names
	}
	s.await("the warning of the last day", func() bool { return slices.Equal(windows("client.expiring", c.ID), []string{"1d"}) })
	s.await("the warning of the last month", func() bool {
		return slices.Equal(windows("api_token.expiring", made.text("id")), []string{"30d"})
	})

	// As a list, and as a metric.
	s.equal("expiring within a day", s.get("/v1/clients?expiringWithin=86400").column("items", "clientId"), []string{c.ID})
	s.await("the metric", func() bool {
		return s.series(`keywright_credentials_expiring{type="client",within="1d"}`) >= 1 &&
			s.series(`keywright_credentials_expiring{type="api_token",within="30d"}`) >= 1 &&
			s.series(`keywright_credentials{status="active",type="client"}`) >= 1
	})

	// So is a client whose only secret ends, though it has no end itself.
	with, ending := s.client(object{"name": "Loses its secret", "scopes": []string{"a"}})
	path := "/v1/clients/" + ending.ID + "/secrets"
	s.do("POST", path, object{"expiresAt": now.Add(19 * time.Hour)})
	s.do("DELETE", path+"/"+with.column("secrets", "id")[0], nil)
	s.await("the warning of the secret", func() bool { return slices.Equal(windows("client.secret.expiring", ending.ID), []string{"1d"}) })
	s.equal("expiring within a day", s.get("/v1/clients?expiringWithin=86400").column("items", "clientId"), []string{ending.ID, c.ID})

	// A later expiry is warned of in its turn, and nothing twice.
	s.do("PATCH", "/v1/clients/"+c.ID, object{"expiresAt": now.Add(5 * 24 * time.Hour)})
	s.await("the warning of the last week", func() bool {
		return slices.Equal(windows("client.expiring", c.ID), []string{"7d", "1d"})
	})
}
