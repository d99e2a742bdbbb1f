package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// soak says that the endurance tests take their time.
var soak = os.Getenv("SOAK") == "1"

const testAPI = "https://api.example.com/documents"

// installation is an organization with an API and the client of its resource
// server, behind a running server.
type installation struct {
	*process
	environ        []string
	organizationID string
	password       string
	adminToken     string
	resourceServer credential
}

type credential struct{ ID, Secret string }

// install bootstraps an empty database and starts a server on it.
func install(t testing.TB, environ []string) *installation {
	t.Helper()
	in := &installation{environ: environ}
	var made struct{ OrganizationID, Password, AdminToken string }
	out := command(t, environ, "bootstrap", "--organization", "Acme", "--email", "owner@example.com", "--json")
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	in.organizationID, in.password, in.adminToken = made.OrganizationID, made.Password, made.AdminToken
	in.process = start(t, environ)
	in.admin(t, "POST", "/v1/apis", map[string]any{
		"identifier": testAPI, "name": "Documents", "scopes": []string{"documents:read", "documents:write"},
	}, http.StatusCreated)
	in.resourceServer = in.newClient(t, map[string]any{"name": "Resource server", "introspects": []string{testAPI}})
	return in
}

// restart starts the server again, after its end.
func (in *installation) restart(t testing.TB) {
	t.Helper()
	in.process = start(t, in.environ)
}

// admin asks the admin API and returns the answer, which has that status.
func (in *installation) admin(t testing.TB, method, path string, body any, status int) map[string]any {
	t.Helper()
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, in.process.admin+path, sent)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+in.adminToken)
	req.Header.Set("Content-Type", "application/json")
	a, err := send(http.DefaultClient, req)
	if err != nil {
		t.Fatal(err)
	}
	if a.status != status {
		t.Fatalf("%s %s: got %d, want %d: %s", method, path, a.status, status, a.body)
	}
	return a.object()
}

// newClient makes a client that may read and write documents, with those settings.
func (in *installation) newClient(t testing.TB, settings map[string]any) credential {
	t.Helper()
	if settings["introspects"] == nil {
		settings["scopes"] = []string{"documents:read", "documents:write"}
	}
	made := in.admin(t, "POST", "/v1/clients", settings, http.StatusCreated)
	secret, _ := made["clientSecret"].(string) // one with a key of its own has none
	return credential{made["clientId"].(string), secret}
}

// newClients makes some clients, for either format of token in turn.
func (in *installation) newClients(t testing.TB, n int) []credential {
	t.Helper()
	clients := make([]credential, n)
	for i := range clients {
		clients[i] = in.newClient(t, map[string]any{
			"name": fmt.Sprint("Client ", i), "tokenFormat": []string{"jwt", "opaque"}[i%2],
		})
	}
	return clients
}

// answer is what a server answered.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) object() map[string]any {
	object := map[string]any{}
	_ = json.Unmarshal([]byte(a.body), &object) // empty where there is none
	return object
}

func (a answer) String() string { return fmt.Sprintf("%d %v %s", a.status, a.header, a.body) }

// unavailable tells whether the server said that it cannot say, in the right form.
func (a answer) unavailable() bool {
	return a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" &&
		a.object()["error"] == "temporarily_unavailable"
}

func send(client *http.Client, req *http.Request) (answer, error) {
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(body)}, err
}

// caller is one OAuth client program, with connections of its own.
type caller struct {
	http *http.Client
	base func() string // the public URL, which changes with a restart
}

func (in *installation) caller() caller {
	return caller{
		http: &http.Client{Transport: &http.Transport{}, Timeout: patience},
		base: func() string { return in.public },
	}
}

// post sends a form, as a client that authenticates by HTTP Basic.
func (c caller) post(path string, as credential, form url.Values) (answer, error) {
	req, err := http.NewRequest("POST", c.base()+path, io.NopCloser(strings.NewReader(form.Encode()))) // cannot be sent twice
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(as.ID, as.Secret)
	return send(c.http, req)
}

func (c caller) token(as credential) (answer, error) {
	return c.post("/oauth2/token", as, url.Values{"grant_type": {"client_credentials"}})
}

func (c caller) introspect(as credential, token string) (answer, error) {
	return c.post("/oauth2/introspect", as, url.Values{"token": {token}})
}

func (c caller) revoke(as credential, token string) (answer, error) {
	return c.post("/oauth2/revoke", as, url.Values{"token": {token}})
}

// active tells what the resource server learns of a token.
func (in *installation) active(t testing.TB, c caller, token string) bool {
	t.Helper()
	a, err := c.introspect(in.resourceServer, token)
	if err != nil {
		t.Fatal(err)
	}
	active, ok := a.object()["active"].(bool)
	if a.status != http.StatusOK || !ok {
		t.Fatalf("introspect: %s", a)
	}
	return active
}
