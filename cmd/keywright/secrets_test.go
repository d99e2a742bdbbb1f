package main

import (
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keywright/internal/testserver"
)

// TestSecretsNowhere lets secrets and tokens pass through every door, also in
// places where they do not belong, at log level debug. None of them is then in
// the database with its audit events, the log or the metrics.
func TestSecretsNowhere(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, databaseURL string) {
		in := install(t, environment(databaseURL, "KEYWRIGHT_LOG_LEVEL=debug"))
		seen := useEveryDoor(t, in)
		metrics := get(t, in.metrics+"/metrics")
		if code, err := in.Stop(); err != nil || code != exitDone {
			t.Fatalf("ended with %d, %v", code, err)
		}
		tables := dump(t, databaseURL)
		printed, err := in.Printed()
		if err != nil {
			t.Fatal(err)
		}

		for name, text := range map[string]string{
			"database": tables, "log": in.Log.String(), "standard output": printed, "metrics": metrics,
		} {
			for what, secret := range seen.secrets {
				// The middle alone would give it away, too.
				for _, part := range []string{secret, secret[len(secret)/4 : len(secret)*3/4]} {
					if strings.Contains(text, part) {
						t.Errorf("%s: the %s is there", name, what)
						break
					}
				}
			}
		}
		// What is looked at is really what was written.
		for name, text := range map[string]string{"database": tables, "log": in.Log.String(), "metrics": metrics} {
			if !strings.Contains(text, seen.clientID) {
				t.Errorf("%s: the client id is missing, so nothing was shown", name)
			}
		}
		if !strings.Contains(tables, "client.regenerate") {
			t.Error("database: the audit events are missing, so nothing was shown")
		}
	})
}

type passed struct {
	clientID string
	secrets  map[string]string
}

func useEveryDoor(t *testing.T, in *installation) passed {
	t.Helper()
	p := passed{secrets: map[string]string{
		"master key": testserver.MasterKey, "password": in.password, "admin token": in.adminToken,
		"resource server's secret": in.resourceServer.Secret,
	}}
	c := in.caller()
	for i, client := range in.newClients(t, 2) {
		name := []string{"JWT", "opaque"}[i] + " client's "
		p.clientID = client.ID
		p.secrets[name+"first secret"] = client.Secret
		made := in.admin(t, "POST", "/v1/clients/"+client.ID+"/regenerate", map[string]any{"overlapSeconds": 60}, http.StatusOK)
		client.Secret = made["clientSecret"].(string)
		p.secrets[name+"second secret"] = client.Secret
		made = in.admin(t, "POST", "/v1/clients/"+client.ID+"/secrets", map[string]any{}, http.StatusCreated)
		p.secrets[name+"third secret"] = made["clientSecret"].(string)

		a, err := c.token(client)
		if err != nil || a.status != http.StatusOK {
			t.Fatalf("token: %s, %v", a, err)
		}
		token := a.object()["access_token"].(string)
		p.secrets[name+"token"] = token
		if !in.active(t, c, token) {
			t.Fatal("the token is not active")
		}
		misplace(t, in, client, token)
		if a, err := c.revoke(client, token); err != nil || a.status != http.StatusOK {
			t.Fatalf("revoke: %s, %v", a, err)
		}
		if in.active(t, c, token) {
			t.Fatal("the token is still active")
		}
	}
	in.admin(t, "POST", "/v1/clients/"+p.clientID+"/revoke", map[string]any{}, http.StatusOK)
	in.admin(t, "POST", "/v1/clients/"+p.clientID+"/revoke", map[string]any{}, http.StatusConflict)
	return p
}

// misplace sends a secret and a token where they do not belong. What is
// answered does not matter, as long as the server stays well.
func misplace(t *testing.T, in *installation, client credential, token string) {
	t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {client.ID}, "client_secret": {client.Secret}}
	for _, r := range []struct {
		method, url, contentType, authorization, body string
	}{
		{"GET", in.public + "/oauth2/token?" + form.Encode(), "", "", ""},
		{"POST", in.public + "/oauth2/token?" + form.Encode(), "application/x-www-form-urlencoded", "", ""},
		{"POST", in.public + "/oauth2/token", "application/json", "", `{"client_secret":"` + client.Secret + `"}`},
		{"POST", in.public + "/oauth2/token", "application/x-www-form-urlencoded", "Basic " + client.Secret, form.Encode()},
		{"POST", in.public + "/oauth2/token", "application/x-www-form-urlencoded", "", form.Encode() + "&scope=" + url.QueryEscape(token)},
		{"POST", in.public + "/oauth2/token", "application/x-www-form-urlencoded", "", form.Encode() + "&resource=" + url.QueryEscape(token)},
		{"POST", in.public + "/oauth2/introspect?token=" + token, "application/x-www-form-urlencoded", "Bearer " + token, "token=" + token},
		{"POST", in.public + "/oauth2/revoke", "application/x-www-form-urlencoded", "", form.Encode() + "&token=" + in.adminToken},
		{"GET", in.process.admin + "/v1/me?access_token=" + in.adminToken, "", "", ""},
		{"GET", in.process.admin + "/v1/me", "", "Bearer " + in.adminToken + "x", ""},
		{"GET", in.process.admin + "/v1/me", "", "Bearer " + token, ""},
		{"GET", in.process.admin + "/v1/clients?cursor=" + in.adminToken, "", "Bearer " + in.adminToken, ""},
		{"POST", in.process.admin + "/v1/clients", "application/json", "Bearer " + in.adminToken, `{"name":"x","clientSecret":"` + client.Secret + `"}`},
		{"POST", in.process.admin + "/v1/clients", "application/json", "Bearer " + in.adminToken, `{"name":"` + client.Secret},
	} {
		req, err := http.NewRequestWithContext(t.Context(), r.method, r.url, strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Content-Type": r.contentType, "Authorization": r.authorization} {
			if value != "" {
				req.Header.Set(name, value)
			}
		}
		a, err := send(http.DefaultClient, req)
		if err != nil {
			t.Fatal(err)
		}
		if a.status >= http.StatusInternalServerError {
			t.Errorf("%s %s: %s", r.method, req.URL.Path, a)
		}
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// dump returns all that a database holds: the bytes of the SQLite files, or
// every row of every table in Postgres.
func dump(t *testing.T, databaseURL string) string {
	t.Helper()
	var all strings.Builder
	if path, ok := strings.CutPrefix(databaseURL, "sqlite:"); ok {
		files, err := filepath.Glob(path + "*")
		if err != nil || len(files) == 0 {
			t.Fatalf("no database at %s: %v", path, err)
		}
		for _, name := range files {
			content, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(content)
		}
		return all.String()
	}
	db, err := sql.Open("pgx", databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range column(t, db, `SELECT quote_ident(table_name) FROM information_schema.tables WHERE table_schema = 'public'`) {
		for _, row := range column(t, db, "SELECT t::text FROM "+table+" AS t") {
			fmt.Fprintln(&all, table, row)
		}
	}
	return all.String()
}

func column(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var values []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			t.Fatal(err)
		}
		values = append(values, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}
