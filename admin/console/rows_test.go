package console_test

import (
	"database/sql"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestTenThousandRows asks for every page that lists something in an
// organization with very much of everything. What a page costs does not grow
// with that: it is bounded in statements and in bytes.
func TestTenThousandRows(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		var statements atomic.Int64
		address := storagetest.URL(t, dialect)
		db := storagetest.OpenWith(t, storage.Config{URL: address, OnStatement: func(string) { statements.Add(1) }})
		clock := newClock()
		in, made := serve(t, db, clock.now)
		crowd(t, storagetest.SQL(t, address), in, made)
		clock.pass(time.Minute)
		v := in.signedIn(t)
		for _, page := range pagesOfMany(made.Organization.ID) {
			const most = 40 // three for each read: it begins, reads and ends
			path := page.path
			for range 2 { // and the page behind it, if there is one
				before := statements.Load()
				body := v.body(path)
				if got := statements.Load() - before; got > most {
					t.Errorf("%s takes %d statements, more than %d", path, got, most)
				}
				if len(body) > 200_000 {
					t.Errorf("%s has %d bytes", path, len(body))
				}
				if path == page.path && !strings.Contains(body, page.shows) {
					t.Errorf("%s does not show %q", path, page.shows)
				}
				next := nextPage.FindStringSubmatch(body)
				if next == nil {
					break
				}
				path = html.UnescapeString(next[1])
			}
		}
	})
}

// pagesOfMany are the pages that list or offer something, and what each shows
// of it.
func pagesOfMany(organizationID string) []struct{ path, shows string } {
	return []struct{ path, shows string }{
		{"/console", "Recent activity"},
		{"/console/clients", "Client 10000"},
		{"/console/clients?q=client+4711", "Client 4711"},
		{"/console/clients?status=active&sort=name", "Client 1000"},
		{"/console/clients?projectId=Project+77&expiringWithin=7", "No client fits."},
		{"/console/clients/new", "Type a part of the name"},
		{"/console/clients/new?projectId=project+99", "Project 999"},
		{"/console/clients/revoke-all", "Type a part of the name"},
		{"/console/clients/revoke-all?target=" + organizationID, "and 9\u202f901 more"},
		{"/console/tokens", "Administration"},
		{"/console/tokens/new", "Type a part of the name"},
		{"/console/applications", "There are no applications"},
		{"/console/audit", "client.create"},
		{"/console/audit?targetKind=client&outcome=done", "client.create"},
		{"/console/roles", "role 1000"},
		{"/console/roles?q=role+47", "role 471"},
		{"/console/projects", "Project 1000"},
		{"/console/scopes", "No scope is described"},
		{"/console/apis", "There are no APIs"},
		{"/console/members", "m1000@acme.example"},
		{"/console/members?q=m99", "m999@acme.example"},
		{"/console/sessions", "owner@acme.example"},
	}
}

var nextPage = regexp.MustCompile(`href="([^"]+)" rel="next"`)

// body is a page as it is sent.
func (v *visitor) body(path string) string {
	v.Helper()
	resp, err := v.client.Get(v.in.URL + path)
	must(v.T, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(v.T, err)
	if resp.StatusCode != http.StatusOK {
		v.Fatalf("%s: %d", path, resp.StatusCode)
	}
	return string(body)
}

// crowd makes one client, project and role, and copies them and the owner
// within the database, which is quicker than to make each.
func crowd(t *testing.T, db *sql.DB, in *installation, made registry.CreatedOrganization) {
	t.Helper()
	owner := registry.Actor{
		Principal: registry.Principal{Kind: registry.ActorMember, ID: made.Owner.ID}, OrganizationID: made.Organization.ID,
		Role: registry.RoleOwner, ConsoleSession: true, Via: registry.ViaConsole,
	}
	project, err := in.service.CreateProject(t.Context(), owner, registry.ProjectInput{Name: "Project"})
	must(t, err)
	role, err := in.service.CreateRole(t.Context(), owner, registry.RoleInput{Name: "role", Scopes: []string{"documents"}})
	must(t, err)
	client, _, err := in.service.CreateClient(t.Context(), owner, registry.ClientInput{Name: "Client", Scopes: []string{"documents", "mail"}, ProjectID: project.ID})
	must(t, err)
	multiply(t, db, "projects", project.ID, 1000, map[string]string{"name": "'Project ' || n"})
	multiply(t, db, "roles", role.ID, 1000, map[string]string{"name": "'role ' || n"})
	multiply(t, db, "members", made.Owner.ID, 1000, map[string]string{"email": "'m' || n || '@acme.example'"})
	multiply(t, db, "clients", client.ID, 10000, map[string]string{"name": "'Client ' || n"})
	var event string
	must(t, db.QueryRowContext(t.Context(), `SELECT id FROM audit_events WHERE action = 'client.create'`).Scan(&event))
	multiply(t, db, "audit_events", event, 10000, map[string]string{"position": "1000000 + n", "sequence": "NULL", "mac": "NULL"})
}

// multiply copies a row of a table n times, under ids of its own and with
// expressions of n in some columns.
func multiply(t *testing.T, db *sql.DB, table, id string, times int, columns map[string]string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" WHERE 1 = 0")
	must(t, err)
	defer rows.Close()
	names, err := rows.Columns()
	must(t, err)
	must(t, rows.Err())
	prefix, _, _ := strings.Cut(id, "_")
	values := make([]string, len(names))
	for i, name := range names {
		switch expression, set := columns[name]; {
		case name == "id": // 26 characters, of which the last is even enough
			values[i] = "'" + prefix + "_' || substr('0000000000000000000000000' || n, length('' || n) + 1) || '0'"
		case set:
			values[i] = expression
		default:
			values[i] = name
		}
	}
	_, err = db.ExecContext(t.Context(), fmt.Sprintf(
		`WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) INSERT INTO %s (%s) SELECT %s FROM %s, numbers WHERE id = '%s'`,
		times, table, strings.Join(names, ", "), strings.Join(values, ", "), table, id))
	must(t, err)
}
