package oauth_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"keywright/internal/guess"
	"keywright/internal/jwk"
	"keywright/internal/replica"
	"keywright/internal/seal"
	"keywright/internal/testserver"
	"keywright/internal/vault"
	"keywright/internal/web"
	"keywright/oauth"
	"keywright/oauth/signing"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
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
	log             *testserver.Output
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

// eachBed runs a test as parallel subtests, on each database with each format.
func eachBed(t *testing.T, test func(t *testing.T, b *bed)) {
	t.Helper()
	for _, dialect := range storagetest.Dialects() {
		for _, format := range []string{registry.FormatJWT, registry.FormatOpaque} {
			t.Run(dialect+"/"+format, func(t *testing.T) {
				t.Parallel()
				test(t, newBed(t, dialect, format, ""))
			})
		}
	}
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
	b := &bed{databaseURL: databaseURL, format: format, clock: newClock(), db: db, uses: &uses{}, measured: &measured{}, log: testserver.NewOutput(), statements: statements}
	b.guard = guess.NewGuard(b.clock.Now)
	b.open(t)
	listener, root := listen(t)
	b.root, b.issuer = root, root+issuerPath
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
	b.serve(t, listener, edge, web.Config{Now: b.clock.Now, Logger: logger})
	b.furnish(t)
	return b
}

// listen returns a free port of the loopback, and its URL.
func listen(t *testing.T) (listener net.Listener, root string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return listener, "http://" + listener.Addr().String()
}

// serve lets an edge answer until the test ends. c is what may differ from
// server to server: Proxies, Now and Logger.
func (b *bed) serve(t *testing.T, listener net.Listener, edge *oauth.Server, c web.Config) {
	t.Helper()
	c.Listener, c.MaxBody, c.Health, c.WriteError = "public", web.MaxPublicBody, web.NewHealth(b.db), edge.WriteError
	c.ErrorIDs, c.Rand = b.errorIDs, rand.Reader
	engine := web.NewEngine(c)
	edge.Mount(engine)
	server := web.NewServer(engine, c.Logger)
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
}

// open makes what stands between the database and the edge.
func (b *bed) open(t *testing.T) {
	t.Helper()
	b.keys = openVault(t, b.db, vault.Config{Now: b.clock.Now})
	b.errorIDs = registry.NewErrorIDs(b.keys.RefusalBox())
	b.copy, b.loseCopy = newReplica(t, b.db)
	b.service = registry.NewService(registry.ServiceConfig{
		Store: b.copy.Store(b.db), Peppers: b.keys.Peppers(), AuditKeys: b.keys.AuditKeys(), ErrorIDs: b.errorIDs, CursorBox: b.keys.CursorBox(),
		Now: b.clock.Now, Rand: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		Hash: func(string) (string, error) { return "$unused$", nil }, ParseKeys: jwk.ParseSet,
	})
}

// openVault opens the keys of a bed's database.
func openVault(t *testing.T, store registry.KeyStore, cfg vault.Config) *vault.Vault {
	t.Helper()
	master, err := seal.ParseMaster(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, seal.KeyBytes)), rand.Reader)
	must(t, err)
	cfg.Store, cfg.Master, cfg.Random = store, master, rand.Reader
	v, err := vault.Open(t.Context(), cfg)
	must(t, err)
	return v
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
