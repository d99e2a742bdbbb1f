package admin_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// events are the items of a page, as their action and target.
func (r reply) events() []string {
	var all []string
	for _, item := range r.body["items"].([]any) {
		e := item.(map[string]any)
		all = append(all, e["action"].(string)+" "+e["outcome"].(string))
	}
	return all
}

// export fetches what is no JSON object.
func (in *installation) export(t *testing.T, token, query string) (string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", in.URL+"/v1/audit-events?"+query, http.NoBody)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := in.Client().Do(req)
	must(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d %s", query, resp.StatusCode, raw)
	}
	return string(raw), resp.Header
}

func TestAuditEvents(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		id := in.client(t, in.acme, `{"name":"first","scopes":["a"]}`).text("clientId")
		one := "/v1/clients/" + id
		in.clock.advance(time.Hour)
		in.call(t, in.acme.admin, "PATCH", one, `{"name":"second"}`, "X-Request-Id", "ignored").want(t, 200, "")
		in.call(t, in.acme.admin, "POST", one+"/revoke", "").want(t, 200, "")
		in.call(t, in.acme.admin, "POST", one+"/revoke", "").want(t, 409, "credential_revoked")
		in.clock.advance(time.Hour)
		in.call(t, in.acme.admin, "DELETE", one, "").want(t, 204, "")

		of := "/v1/audit-events?targetId=" + id
		r := in.call(t, in.acme.admin, "GET", of, "").want(t, 200, "")
		want := []string{"client.delete done", "client.revoke refused", "client.revoke done", "client.update done", "client.create done"}
		if got := r.events(); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		update := r.body["items"].([]any)[3].(map[string]any)
		before, after := update["before"].(map[string]any), update["after"].(map[string]any)
		if before["name"] != "first" || after["name"] != "second" || update["actorId"] != in.creator(t) || update["actorKind"] != "api_token" ||
			update["at"] != "2026-03-01T13:00:00Z" || update["address"] != "127.0.0.1" || update["requestId"] == nil || update["targetKind"] != "client" {
			t.Errorf("got %v", update)
		}
		refused := r.body["items"].([]any)[1].(map[string]any)
		if refused["reason"] != "credential_revoked" || refused["before"] != nil {
			t.Errorf("got %v", refused)
		}

		for query, want := range map[string]int{
			"&action=client.revoke": 2, "&outcome=refused": 1, "&actor=" + in.creator(t): 5, "&actor=operator": 0, "&targetKind=api": 0,
			"&since=2026-03-01T13:00:00Z": 4, "&until=2026-03-01T13:00:00Z": 1, "&since=2026-03-01T12:30:00Z&until=2026-03-01T13:30:00Z": 3,
		} {
			if got := len(in.call(t, in.acme.admin, "GET", of+query, "").want(t, 200, "").events()); got != want {
				t.Errorf("%s: got %d events, want %d", query, got, want)
			}
		}
		for _, query := range []string{"?outcome=maybe", "?format=xml", "?since=yesterday", "?cursor=forged", "?limit=0", "?limit=201", "?unknown=1", "?outcome=maybe&format=csv"} {
			in.call(t, in.acme.admin, "GET", "/v1/audit-events"+query, "").want(t, 400, "malformed_request")
		}
		if got := in.call(t, in.globex.admin, "GET", of, "").want(t, 200, "").events(); len(got) != 0 {
			t.Errorf("another organization sees %v", got)
		}
	})
}

func TestAuditPagesStayInPlace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for i := range 5 {
			in.client(t, in.acme, fmt.Sprintf(`{"name":"%d","scopes":["a"]}`, i))
		}
		const list = "/v1/audit-events?action=client.create&limit=2"
		var seen []string
		first := ""
		for cursor := ""; ; {
			r := in.call(t, in.acme.admin, "GET", list+cursor, "").want(t, 200, "")
			for _, item := range r.body["items"].([]any) {
				seen = append(seen, item.(map[string]any)["after"].(map[string]any)["name"].(string))
			}
			if cursor = r.text("nextCursor"); cursor == "" {
				break
			}
			if first == "" {
				first = cursor
			}
			cursor = "&cursor=" + cursor
			in.client(t, in.acme, `{"name":"later","scopes":["a"]}`)
		}
		if got := strings.Join(seen, ""); got != "43210" {
			t.Errorf("got %s", got)
		}
		for _, other := range []string{"/v1/audit-events?limit=2", "/v1/clients?limit=2", "/v1/audit-events?action=client.create&outcome=done"} {
			in.call(t, in.acme.admin, "GET", other+"&cursor="+first, "").want(t, 400, "malformed_request")
		}
		in.call(t, in.globex.admin, "GET", list+"&cursor="+first, "").want(t, 400, "malformed_request")
	})
}

func TestAuditOfAProject(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		bound := in.token(t, in.acme, in.acme.project, "keywright:read", "keywright:write")
		in.client(t, in.acme, `{"name":"wide","scopes":["a"]}`)
		in.client(t, in.acme, `{"name":"narrow","scopes":["a"],"projectId":"`+in.acme.project+`"}`)
		in.call(t, bound, "POST", "/v1/clients", `{"name":"own","scopes":["a"]}`).want(t, 201, "")
		r := in.call(t, bound, "GET", "/v1/audit-events", "").want(t, 200, "")
		for _, item := range r.body["items"].([]any) {
			if e := item.(map[string]any); e["projectId"] != in.acme.project {
				t.Errorf("got %v", e)
			}
		}
		if got := len(in.call(t, bound, "GET", "/v1/audit-events?action=client.create", "").events()); got != 2 {
			t.Errorf("got %d creations, want those of the project", got)
		}
		lines, _ := in.export(t, bound, "format=jsonl")
		if strings.Contains(lines, "wide") || !strings.Contains(lines, "narrow") {
			t.Errorf("got %s", lines)
		}
	})
}

func TestAuditExports(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		const events = 450 // more than two pages in memory
		id := in.client(t, in.acme, `{"name":"x","scopes":["a"]}`).text("clientId")
		hostile := `{"name":"=HYPERLINK(\"x\")","scopes":["a"]}`
		for range events {
			in.call(t, in.acme.admin, "PATCH", "/v1/clients/"+id, hostile).want(t, 200, "")
		}
		lines, header := in.export(t, in.acme.admin, "format=jsonl&action=client.update&limit=1")
		if got := strings.Count(lines, "\n"); got != events || header.Get("Content-Type") != "application/jsonl" {
			t.Errorf("got %d lines of %s, want %d", got, header.Get("Content-Type"), events)
		}
		for line := range strings.Lines(lines) {
			var e map[string]any
			must(t, json.Unmarshal([]byte(line), &e))
		}

		text, header := in.export(t, in.acme.admin, "format=csv&action=client.update")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		must(t, err)
		if len(rows) != events+1 || !strings.HasPrefix(header.Get("Content-Type"), "text/csv") ||
			header.Get("Content-Disposition") != `attachment; filename="audit-events.csv"` {
			t.Errorf("got %d rows, %v", len(rows), header)
		}
		for _, row := range rows {
			for _, cell := range row {
				if strings.IndexAny(cell, "=+-@\t") == 0 {
					t.Errorf("a spreadsheet would calculate %q", cell)
				}
			}
		}
	})
}

// TestCellsAreNoFormulas looks at a cell that a caller chose: the target of an
// attempt is whatever stood in the path.
func TestCellsAreNoFormulas(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for _, target := range []string{"=1+1", "+1", "-1", "@x", "%09x"} {
			in.call(t, in.acme.admin, "POST", "/v1/clients/"+target+"/revoke", "").want(t, 404, "not_found")
		}
		text, _ := in.export(t, in.acme.admin, "format=csv&outcome=refused")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		must(t, err)
		var got []string
		for _, row := range rows[1:] {
			got = append(got, row[6])
		}
		if want := []string{"'\tx", "'@x", "'-1", "'+1", "'=1+1"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
