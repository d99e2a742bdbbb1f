package oauth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keywright/internal/guess"
	"keywright/internal/jwk"
	"keywright/internal/replica"
	"keywright/internal/seal"
	"keywright/internal/vault"
	"keywright/internal/web"
	"keywright/oauth"
	"keywright/oauth/signing"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// Identifiers of the APIs of the first organization. The second has its own.
const (
	documents  = "https://api.example.com/documents"
	statistics = "https://api.example.com/statistics"
)

// bed is a server on a real listener over a real database, and two
// organizations with clients whose access tokens have one format.
type bed struct {
	dialect, format string
	databaseURL     string
	clock           *clock
	db              *storage.DB
	keys            *vault.Vault
	ring            *signing.Ring
	signingKey      vault.SigningKey
	errorIDs        *registry.ErrorIDs
	service         *registry.Service
	uses            *uses
	measured        *measured
	guard           *guess.Guard
	fosite          *oauth.Fosite
	log             *lockedBuffer
	statements      *atomic.Int64 // sent to the database, but for those that keep the copy true
	copy            *replica.Replica
	loseCopy        func() // from then on every request reads the database
	root            string // of the listener
	issuer          string

	operator   registry.Actor // of the first organization
	strangers  registry.Actor // operator of the second
	adminToken string         // an API token of it
	projectID  string
	reader     party // scopes of documents and a free-form one; of an application, with a role
	wide       party // scopes of both APIs
	all        party // introspects "*"
	server     party // introspects documents
	stranger   party // another organization's reader
	theirs     party // another organization's resource server, introspects "*"
}

// party is a client and its secret.
type party struct {
	registry.ClientDetails
	secret string
}

// newBed starts a server over a database of its own. issuerPath is what the
// issuer has after the address of the listener, and may be empty.
func newBed(t *testing.T, dialect, format, issuerPath string) *bed {
	t.Helper()
	b := newBedOn(t, storagetest.URL(t, dialect), format, issuerPath)
	b.dialect = dialect
	return b
}

// newBedOn starts a server over a migrated, empty database.
func newBedOn(t *testing.T, databaseURL, format, issuerPath string) *bed {
	t.Helper()
	statements := &atomic.Int64{}
	db, err := storage.Open(t.Context(), storage.Config{
		URL: databaseURL, Logger: slog.New(slog.DiscardHandler), OnStatement: func(statement string) {
			if !storagetest.OfReplicas(statement) {
				statements.Add(1)
			}
		},
	})
	must(t, err)
	t.Cleanup(func() { _ = db.Close() }) // some cases close it themselves
	b := &bed{databaseURL: databaseURL, format: format, clock: newClock(), db: db, uses: &uses{}, measured: &measured{}, log: &lockedBuffer{}, statements: statements}
	b.guard = guess.NewGuard(b.clock.Now)
	b.open(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	b.root = "http://" + listener.Addr().String()
	b.issuer = b.root + issuerPath
	keys, err := b.keys.AccessKeys(t.Context())
	must(t, err)
	b.signingKey = keys.Signing[0]
	// Nothing reads the keys again while a case moves the clock.
	b.ring, err = signing.NewRing(b.issuer, func() time.Time { return keys.ReadAt }, keys)
	must(t, err)
	edge, err := oauth.New(oauth.Config{
		Issuer:        b.issuer,
		Authenticator: registry.NewAuthenticator(registry.AuthenticatorConfig{HotPath: b.copy, Assertions: b.db, Peppers: b.keys.Peppers(), Uses: b.uses, Now: b.clock.Now, Guard: b.guard}),
		Revoker:       b.service,
		Keys:          b.ring,
		Metrics:       b.measured,
		Now:           b.clock.Now,
		Random:        rand.Reader,
	})
	must(t, err)
	b.fosite = oauth.WatchFosite(edge)
	logger := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	engine := web.NewEngine(web.Config{
		Listener: "public", MaxBody: web.MaxPublicBody, Health: web.NewHealth(b.db), WriteError: edge.WriteError,
		ErrorIDs: b.errorIDs, Now: b.clock.Now, Rand: rand.Reader, Logger: logger,
	})
	edge.Mount(engine)
	server := web.NewServer(engine, logger)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	b.furnish(t)
	return b
}

// open makes what stands between the database and the edge.
func (b *bed) open(t *testing.T) {
	t.Helper()
	master, err := seal.ParseMaster(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, seal.KeyBytes)), rand.Reader)
	must(t, err)
	b.keys, err = vault.Open(t.Context(), vault.Config{Store: b.db, Master: master, Random: rand.Reader, Now: b.clock.Now})
	must(t, err)
	b.errorIDs = registry.NewErrorIDs(b.keys.RefusalBox())
	b.copy, b.loseCopy = newReplica(t, b.db)
	b.service = registry.NewService(registry.ServiceConfig{
		Store: b.copy.Store(b.db), Peppers: b.keys.Peppers(), AuditKeys: b.keys.AuditKeys(), ErrorIDs: b.errorIDs, CursorBox: b.keys.CursorBox(),
		Now: b.clock.Now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		Hash: func(string) (string, error) { return "$unused$", nil }, ParseKeys: jwk.ParseSet,
	})
}

// newReplica returns a replica that follows the feed until it is stopped or the
// test ends.
func newReplica(t *testing.T, db *storage.DB) (r *replica.Replica, stop func()) {
	t.Helper()
	c := replica.Config{HotPath: db, Feed: db, Now: time.Now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler)}
	if db.Shared() {
		c.Leases = db
	}
	r, err := replica.New(c)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return r, stop
}

// settled waits until requests are answered from memory.
func (b *bed) settled(t *testing.T) {
	t.Helper()
	b.eventually(t, "the replica follows the feed", b.copy.Usable)
}

func (b *bed) eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came about that %s", what)
		}
	}
}

// furnish makes the two organizations.
func (b *bed) furnish(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	one := b.organization(t, "one")
	b.operator, b.projectID, b.adminToken = operatorOf(one), one.Project.ID, one.AdminToken.Reveal()
	_, err := b.service.CreateRole(ctx, b.operator, registry.RoleInput{
		Name: "editor", Scopes: []string{"documents:write"}, Permissions: []string{"write"},
	})
	must(t, err)
	api := b.api(t, b.operator, documents, "documents:read", "documents:write")
	b.api(t, b.operator, statistics, "statistics:read")
	app, err := b.service.CreateApplication(ctx, b.operator, registry.ApplicationInput{
		Name: "Archive", ProjectID: b.projectID, Endpoints: []string{api.Endpoints[0].ID},
	})
	must(t, err)
	b.reader = b.client(t, registry.ClientInput{
		ApplicationID: app.Application.ID, Scopes: []string{"documents:read", "export"},
		Roles: []string{"editor"}, Permissions: []string{"read"},
	})
	b.wide = b.client(t, registry.ClientInput{Scopes: []string{"documents:read", "export", "statistics:read"}})
	b.all = b.client(t, registry.ClientInput{Scopes: []string{"export"}, Introspects: []string{"*"}})
	b.server = b.client(t, registry.ClientInput{Scopes: []string{"export"}, Introspects: []string{documents}})

	other := operatorOf(b.organization(t, "two"))
	b.strangers = other
	b.api(t, other, "https://api.example.net", "documents:read")
	b.stranger = b.clientOf(t, other, registry.ClientInput{Scopes: []string{"documents:read"}})
	b.theirs = b.clientOf(t, other, registry.ClientInput{Scopes: []string{"x"}, Introspects: []string{"*"}})
}

func (b *bed) organization(t *testing.T, name string) registry.CreatedOrganization {
	t.Helper()
	made, err := b.service.CreateOrganization(t.Context(), operatorOf(registry.CreatedOrganization{}), registry.OrganizationInput{
		Name: name, Email: "owner@" + name + ".example",
	})
	must(t, err)
	return made
}

func operatorOf(o registry.CreatedOrganization) registry.Actor {
	return registry.Actor{
		Principal: registry.Principal{Kind: registry.ActorOperator}, OrganizationID: o.Organization.ID, Via: registry.ViaBootstrap,
	}
}

func (b *bed) api(t *testing.T, actor registry.Actor, identifier string, scopes ...string) registry.API {
	t.Helper()
	api, err := b.service.CreateAPI(t.Context(), actor, registry.APIInput{
		Identifier: identifier, Name: identifier, Scopes: scopes,
		Endpoints: []registry.EndpointInput{{Method: "GET", Path: "/v1/things", Scope: scopes[0]}},
	})
	must(t, err)
	return api
}

// client makes a client of the first organization.
func (b *bed) client(t *testing.T, in registry.ClientInput) party {
	t.Helper()
	return b.clientOf(t, b.operator, in)
}

func (b *bed) clientOf(t *testing.T, actor registry.Actor, in registry.ClientInput) party {
	t.Helper()
	in.Name, in.TokenFormat = "client", b.format
	made, secret, err := b.service.CreateClient(t.Context(), actor, in)
	must(t, err)
	return party{made, secret.Reveal()}
}

// another makes a client like reader, for a case that changes it.
func (b *bed) another(t *testing.T) party {
	t.Helper()
	return b.client(t, registry.ClientInput{Scopes: []string{"documents:read"}})
}

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// option changes a request before it is sent.
type option func(*http.Request)

func as(p party) option { return func(req *http.Request) { req.SetBasicAuth(p.ID, p.secret) } }

func with(header, value string) option {
	return func(req *http.Request) { req.Header.Add(header, value) }
}

func body(text string) option {
	return func(req *http.Request) {
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}

func (b *bed) send(t *testing.T, method, target string, form url.Values, options ...option) reply {
	t.Helper()
	if !strings.Contains(target, "://") {
		target = b.root + target
	}
	req, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	must(t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, o := range options {
		o(req)
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	return reply{res.StatusCode, res.Header, string(text)}
}

func (b *bed) post(t *testing.T, target string, form url.Values, options ...option) reply {
	t.Helper()
	return b.send(t, "POST", target, form, options...)
}

// grant is the form of a token request with further parameters, name by value.
func grant(pairs ...string) url.Values {
	return values(append([]string{"grant_type", "client_credentials"}, pairs...)...)
}

func values(pairs ...string) url.Values {
	form := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		form.Add(pair[0], pair[1])
	}
	return form
}

// issued is the answer to a token request.
type issued struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"`
	Scope       string `json:"scope"`
}

func (b *bed) issue(t *testing.T, p party, pairs ...string) issued {
	t.Helper()
	return granted(t, b.post(t, pathToken, grant(pairs...), as(p)))
}

func granted(t *testing.T, r reply) issued {
	t.Helper()
	if r.status != http.StatusOK {
		t.Fatalf("token request: got %d %s, want 200", r.status, r.body)
	}
	var got issued
	must(t, json.Unmarshal([]byte(r.body), &got))
	return got
}

// active introspects a token that must be active.
func (b *bed) active(t *testing.T, caller party, token string, pairs ...string) map[string]any {
	t.Helper()
	r := b.post(t, pathIntrospect, values(append(pairs, "token", token)...), as(caller))
	var got map[string]any
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || r.status != http.StatusOK || got["active"] != true {
		t.Fatalf("introspection: got %d %s, want an active token", r.status, r.body)
	}
	return got
}

// inactive introspects a token that must not be active, for that cause.
func (b *bed) inactive(t *testing.T, caller party, token string, want registry.Cause, pairs ...string) {
	t.Helper()
	r := b.post(t, pathIntrospect, values(append(pairs, "token", token)...), as(caller))
	if r.status != http.StatusOK || r.body != `{"active":false}` {
		t.Errorf("introspection: got %d %s, want an inactive token", r.status, r.body)
		return
	}
	if got := b.cause(t, r.header.Get("X-Error-Id")); got.Cause != want {
		t.Errorf("cause: got %v, want %v", got.Cause, want)
	}
}

func (b *bed) cause(t *testing.T, errorID string) registry.Refusal {
	t.Helper()
	got, err := b.errorIDs.Open(errorID)
	if err != nil {
		t.Errorf("error id %q: %v", errorID, err)
	}
	return got
}

// refused checks an error answer, and what holds for all of them. The body has
// exactly three members, so nothing internal has a place in it.
func (b *bed) refused(t *testing.T, r reply, status int, code string) registry.Refusal {
	t.Helper()
	var got map[string]string
	if err := json.Unmarshal([]byte(r.body), &got); err != nil || len(got) != 3 {
		t.Errorf("got body %s, want error, error_description and error_id", r.body)
		return registry.Refusal{}
	}
	if r.status != status || got["error"] != code {
		t.Errorf("got %d %s, want %d %s", r.status, r.body, status, code)
	}
	if strings.ContainsFunc(got["error_description"], func(c rune) bool { return c < 0x20 || c > 0x7e || c == '"' || c == '\\' }) {
		t.Errorf("description outside of RFC 6749 section 5.2: %q", got["error_description"])
	}
	for _, internal := range []string{"sql", "SQL", "fosite", "goroutine", ".go", "panic"} {
		// Not the error id: its random characters spell anything now and then.
		if strings.Contains(got["error_description"], internal) {
			t.Errorf("the description tells internals: %s", r.body)
		}
	}
	if got["error_id"] == "" || got["error_id"] != r.header.Get("X-Error-Id") {
		t.Errorf("error id %q in the body, %q in the header", got["error_id"], r.header.Get("X-Error-Id"))
	}
	b.header(t, r, "Content-Type", "application/json")
	b.header(t, r, "Cache-Control", "no-store")
	b.header(t, r, "Pragma", "no-cache")
	if challenged := r.header.Get("WWW-Authenticate") == `Basic realm="keywright"`; challenged != (status == 401) {
		t.Errorf("status %d with challenge %q", status, r.header.Get("WWW-Authenticate"))
	}
	if retry := r.header.Get("Retry-After") != ""; retry != (status == 503 || status == 429) {
		t.Errorf("status %d with Retry-After %q", status, r.header.Get("Retry-After"))
	}
	return b.cause(t, got["error_id"])
}

func (b *bed) header(t *testing.T, r reply, name, want string) {
	t.Helper()
	if got := r.header.Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

// breakTable takes the copy away and, behind the server's back, one table, so that
// authentication works and what comes after it fails.
func (b *bed) breakTable(t *testing.T, table string) {
	t.Helper()
	b.loseCopy()
	_, err := storagetest.SQL(t, b.databaseURL).ExecContext(t.Context(), "ALTER TABLE "+table+" RENAME TO broken_"+table)
	must(t, err)
}

// position is that of the change feed.
func (b *bed) position(t *testing.T) registry.Position {
	t.Helper()
	state, err := b.db.ClientState(t.Context(), b.reader.ID)
	must(t, err)
	return state.Rev
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a clock that stands until it is moved.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(time.Date(2031, 3, 4, 5, 6, 7, 890_123_000, time.UTC).UnixMicro())
	return c
}

// Now is the time the clock shows.
func (c *clock) Now() time.Time { return time.UnixMicro(c.micros.Load()).UTC() }

func (c *clock) move(d time.Duration) { c.micros.Add(d.Microseconds()) }

// uses is a registry.Recorder that keeps all it is told.
type uses struct {
	mu  sync.Mutex
	all []registry.Use
}

// Record implements registry.Recorder.
func (u *uses) Record(use registry.Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, use)
}

// of returns the uses of one client so far.
func (u *uses) of(clientID string) []registry.Use {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(u.all), func(x registry.Use) bool { return x.ID != clientID })
}

// measured is an oauth.Metrics that keeps all it is told.
type measured struct {
	mu  sync.Mutex
	all []string
}

func (m *measured) note(parts ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, strings.Join(parts, " "))
}

// TokenRequest implements oauth.Metrics.
func (m *measured) TokenRequest(grantType, outcome string, _ time.Duration) {
	m.note("token", grantType, outcome)
}

// Introspection implements oauth.Metrics.
func (m *measured) Introspection(credentialType, outcome string, _ time.Duration) {
	m.note("introspection", credentialType, outcome)
}

// Revocation implements oauth.Metrics.
func (m *measured) Revocation(outcome string) { m.note("revocation", outcome) }

// Verification implements oauth.Metrics.
func (m *measured) Verification(outcome string) { m.note("verification", outcome) }

// ClientAuthentication implements oauth.Metrics.
func (m *measured) ClientAuthentication(method, outcome string) {
	m.note("authentication", method, outcome)
}

// taken returns what was noted since the last call.
func (m *measured) taken() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.all
	m.all = nil
	return all
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// String is all that was written.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
