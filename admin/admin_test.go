package admin_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"keywright/admin"
	"keywright/internal/guess"
	"keywright/internal/jwk"
	"keywright/internal/onetime"
	"keywright/internal/seal"
	"keywright/internal/signin"
	"keywright/internal/testserver"
	"keywright/internal/vault"
	"keywright/internal/web"
	"keywright/oauth/signing"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

const issuer = "https://id.example.com"

var loopback = netip.MustParseAddr("127.0.0.1")

// clock is a clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// uncounted takes note of no use: what is counted is not this package's business.
type uncounted struct{}

func (uncounted) Record(registry.Use) {}

// installation is an admin listener over a real database, with two organizations.
type installation struct {
	*httptest.Server
	db            *storage.DB
	service       *registry.Service
	authenticator *registry.Authenticator
	vault         *vault.Vault
	ring          *signing.Ring
	clock         *clock
	journal       *testserver.Output
	acme, globex  tenant
}

// tenant is an organization and the credentials its administrators use.
type tenant struct {
	id      string
	project string
	admin   string // API token with keywright:read and keywright:write

	owner    string // the member who owns it
	email    string
	password string
}

// hash and verify stand in for Argon2id, which takes its time; package
// password tests that.
func hash(text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:]), nil
}

func verify(_ context.Context, hashed, text string) (bool, error) {
	want, _ := hash(text)
	return hashed == want, nil
}

var operator = registry.Actor{Principal: registry.Principal{Kind: registry.ActorOperator}, Via: registry.ViaBootstrap}

// each runs a test against an installation of its own on every database.
func each(t *testing.T, test func(*testing.T, *installation)) {
	t.Helper()
	storagetest.RunWatched(t, func(t *testing.T, db *storage.DB) { test(t, install(t, db)) })
}

func install(t *testing.T, db *storage.DB) *installation {
	t.Helper()
	in := &installation{db: db, clock: &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, journal: testserver.NewOutput()}
	logger := slog.New(slog.NewJSONHandler(in.journal, &slog.HandlerOptions{Level: slog.LevelDebug}))

	master, err := seal.ParseMaster(base64.StdEncoding.EncodeToString(make([]byte, seal.KeyBytes)), rand.Reader)
	must(t, err)
	keys, err := vault.Open(t.Context(), vault.Config{Store: db, Master: master, Random: rand.Reader, Now: in.clock.now})
	must(t, err)
	in.vault = keys
	accessKeys, err := keys.AccessKeys(t.Context())
	must(t, err)
	// Nothing reads the keys again while a test moves the clock.
	in.ring, err = signing.NewRing(issuer, func() time.Time { return accessKeys.ReadAt }, accessKeys)
	must(t, err)
	errorIDs := registry.NewErrorIDs(keys.RefusalBox())
	in.service = registry.NewService(registry.ServiceConfig{
		Store: db, Peppers: keys.Peppers(), AuditKeys: keys.AuditKeys(), ErrorIDs: errorIDs, CursorBox: keys.CursorBox(),
		Now: in.clock.now, Rand: rand.Reader, Logger: logger,
		Hash: hash, Verify: verify, OneTimeCodes: onetime.NewCodes(rand.Reader), OneTimeBox: keys.OneTimeBox(),
		SigningSchedule: keys.SigningSchedule(),
		UsageRules:      registry.DefaultUsageRules, UsageHoursKept: 30 * aDay, UsageDaysKept: 400 * aDay,
		ParseKeys: jwk.ParseSet,
	})
	in.authenticator = registry.NewAuthenticator(registry.AuthenticatorConfig{HotPath: db, Assertions: db, Peppers: keys.Peppers(), Uses: uncounted{}, Now: in.clock.now, Guard: guess.NewGuard(in.clock.now)})

	engine := web.NewEngine(web.Config{
		Listener: "admin", MaxBody: web.MaxAdminBody, Health: web.NewHealth(db), WriteError: web.WriteProblem,
		ErrorIDs: errorIDs, Now: in.clock.now, Rand: rand.Reader, Logger: logger,
	})
	must(t, admin.Mount(engine, admin.Config{
		Service: in.service, Authenticator: in.authenticator, ParseAccessToken: in.ring.ParseAccessToken, Now: in.clock.now,
		Sessions: signin.NewKeeper(signin.Config{Service: in.service, Store: db.SessionTokens(), Now: in.clock.now}),
	}))
	in.Server = httptest.NewServer(engine)
	t.Cleanup(in.Close)

	in.acme, in.globex = in.organization(t, "Acme"), in.organization(t, "Globex")
	return in
}

func (in *installation) organization(t *testing.T, name string) tenant {
	t.Helper()
	made, err := in.service.CreateOrganization(t.Context(), operator, registry.OrganizationInput{
		Name: name, Email: "owner@" + strings.ToLower(name) + ".example",
	})
	must(t, err)
	return tenant{
		id: made.Organization.ID, project: made.Project.ID, admin: made.AdminToken.Reveal(),
		owner: made.Owner.ID, email: made.Owner.Email, password: made.Password.Reveal(),
	}
}

// operator acts for the tenant at the command line.
func (tn tenant) operator() registry.Actor {
	actor := operator
	actor.OrganizationID = tn.id
	return actor
}

// token makes an API token of the tenant with those scopes.
func (in *installation) token(t *testing.T, tn tenant, projectID string, scopes ...string) string {
	t.Helper()
	_, text, err := in.service.CreateAPIToken(t.Context(), tn.operator(), registry.APITokenInput{
		Name: "test", ProjectID: projectID, Scopes: scopes, Permissions: []string{"read"},
	})
	must(t, err)
	return text.Reveal()
}

// reply is what the listener answered.
type reply struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// asCookie stands before a credential that is the token of a session cookie.
const asCookie = "cookie:"

// call sends one request; headers come in pairs of name and value.
func (in *installation) call(t *testing.T, token, method, path, body string, headers ...string) reply {
	t.Helper()
	return in.send(t, token, "application/json", method, path, body, headers...)
}

func (in *installation) send(t *testing.T, token, contentType, method, path, body string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, in.URL+path, strings.NewReader(body))
	must(t, err)
	if cookie, ok := strings.CutPrefix(token, asCookie); ok {
		req.AddCookie(&http.Cookie{Name: "keywright", Value: cookie})
	} else if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" && contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header[headers[i]] = append(req.Header[headers[i]], headers[i+1])
	}
	resp, err := in.Client().Do(req)
	must(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	r := reply{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &r.body); err != nil {
			t.Fatalf("%s %s: the body %q is not a JSON object: %v", method, path, raw, err)
		}
	}
	return r
}

// callAs sends a body of another content type with Acme's credential.
func (in *installation) callAs(t *testing.T, contentType, method, path, body string) reply {
	t.Helper()
	return in.send(t, in.acme.admin, contentType, method, path, body)
}

// want checks the status, and for a problem its code.
func (r reply) want(t *testing.T, status int, code string) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("got %d %s, want %d %s", r.status, r.raw, status, code)
	}
	if status < 400 {
		return r
	}
	if r.body["code"] != code || r.body["status"] != float64(status) {
		t.Errorf("got the problem %s, want code %s", r.raw, code)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type: got %q", got)
	}
	if id := r.header.Get("X-Error-Id"); id == "" || id != r.body["errorId"] {
		t.Errorf("error id: got %q in the header, %q in the body", id, r.body["errorId"])
	}
	return r
}

// text is a member of the body that holds text.
func (r reply) text(name string) string {
	s, _ := r.body[name].(string)
	return s
}

// fields are the fields that a problem names, in order, with a space between.
func (r reply) fields() string {
	var names []string
	all, _ := r.body["errors"].([]any)
	for _, e := range all {
		names = append(names, e.(map[string]any)["field"].(string))
	}
	return strings.Join(names, " ")
}

// client makes a client by way of the API and returns the answer.
func (in *installation) client(t *testing.T, tn tenant, body string) reply {
	t.Helper()
	return in.call(t, tn.admin, "POST", "/v1/clients", body).want(t, 201, "")
}

// cause is what the error id of a reply says to the tenant's administrator.
func (in *installation) cause(t *testing.T, tn tenant, r reply) string {
	t.Helper()
	return in.call(t, tn.admin, "GET", "/v1/refusals/"+r.header.Get("X-Error-Id"), "").want(t, 200, "").text("cause")
}

// accessToken obtains an access token of a client, as the token endpoint would.
func (in *installation) accessToken(t *testing.T, clientID, secret, resource string, scopes ...string) string {
	t.Helper()
	c, err := in.authenticator.ClientBySecret(t.Context(), clientID, secret, loopback)
	must(t, err)
	grant, err := c.Grant(registry.GrantRequest{Resources: []string{resource}, Scopes: scopes}, issuer)
	must(t, err)
	text, err := in.ring.Sign(in.claims(c, grant))
	must(t, err)
	return text
}

// signer signs access tokens of an administrator's client, with what the test
// changes in them.
func (in *installation) signer(t *testing.T, id, secret string) func(change func(*registry.AccessToken)) string {
	t.Helper()
	c, err := in.authenticator.ClientBySecret(t.Context(), id, secret, loopback)
	must(t, err)
	return func(change func(*registry.AccessToken)) string {
		t.Helper()
		claims := in.claims(c, registry.Grant{Audience: []string{registry.AdminAudience}, Scopes: []string{"keywright:read"}})
		change(&claims)
		text, err := in.ring.Sign(claims)
		must(t, err)
		return text
	}
}

func (in *installation) claims(c registry.AuthenticatedClient, g registry.Grant) registry.AccessToken {
	return registry.AccessToken{
		JTI: rand.Text(), Issuer: issuer, ClientID: c.Client.ID, SecretID: c.SecretID,
		OrganizationID: c.Client.OrganizationID, ProjectID: c.Client.ProjectID, Audience: g.Audience, Scopes: g.Scopes,
		IssuedAt: in.clock.now(), ExpiresAt: in.clock.now().Add(15 * time.Minute), Rev: c.Rev,
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// used notes that a secret was used just now.
func (in *installation) used(t *testing.T, id string) {
	t.Helper()
	must(t, in.db.AddUsage(t.Context(), rand.Text(), in.clock.now(), []registry.UsageDelta{
		{Kind: registry.CredentialSecret, ID: id, Count: 3, LastAt: in.clock.now(), LastIP: loopback},
	}))
}
