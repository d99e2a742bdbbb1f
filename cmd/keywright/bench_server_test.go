package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"keywright/configs"
	"keywright/internal/testpg"
	"keywright/oauth/signing"
	"keywright/registry"
	"keywright/storage/storagetest"
)

// benchServer is a server inside the benchmark.
type benchServer struct {
	databaseURL    string
	address        string
	statements     atomic.Int64          // those that keep a replica true left out
	clients        map[string]credential // by token format
	resourceServer credential
	revoked        credential
	apiToken       string
	keys           *signing.Ring
	usable         func() bool // requests are answered from memory
}

func newBenchServer(b *testing.B, database string) *benchServer {
	b.Helper()
	databaseURL := "sqlite:" + filepath.Join(b.TempDir(), "keywright.db")
	if database == "postgres" {
		databaseURL = testpg.New(b)
	}
	s := newServerInside(b, databaseURL, nil)
	s.settle(b)
	return s
}

// newServerInside starts a server on an empty database. heard, if it is not
// nil, is called with each SQL statement.
func newServerInside(b testing.TB, databaseURL string, heard func(statement string)) *benchServer {
	b.Helper()
	s := &benchServer{databaseURL: databaseURL, clients: map[string]credential{}}
	s.start(b, heard, s.fill)
	return s
}

// sibling starts another server on the same database.
func (s *benchServer) sibling(b testing.TB) *benchServer {
	b.Helper()
	other := &benchServer{databaseURL: s.databaseURL}
	other.start(b, nil, func(context.Context, *registry.Service) error { return nil })
	other.settle(b)
	return other
}

func (s *benchServer) start(b testing.TB, heard func(statement string), fill func(context.Context, *registry.Service) error) {
	b.Helper()
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	configs.AddFlags(flags)
	environ := environment(s.databaseURL, fmt.Sprint("KEYWRIGHT_DATABASE_POOL=", benchConnections), "KEYWRIGHT_ISSUER=http://127.0.0.1:8080")
	cfg, err := configs.Load(configs.Source{Environ: environ, Flags: flags})
	if err != nil {
		b.Fatal(err)
	}
	logger := slog.New(slog.NewJSONHandler(io.Discard, nil))
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		opts := options{migrate: true, onStatement: func(statement string) {
			if !storagetest.OfReplicas(statement) {
				s.statements.Add(1)
			}
			if heard != nil {
				heard(statement)
			}
		}}
		ended <- serve(ctx, cfg, logger, opts, func(ctx context.Context, running *server) error {
			defer close(started)
			s.address, s.keys, s.usable = running.listeners.public.address(), running.keys, running.replica.Usable
			return fill(ctx, running.service)
		})
	}()
	select {
	case <-started:
	case err := <-ended:
		b.Fatal(err)
	}
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
}

// settle waits until requests are answered from memory.
func (s *benchServer) settle(b testing.TB) {
	b.Helper()
	for deadline := time.Now().Add(patience); !s.usable(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal("the server does not follow the changes")
		}
	}
}

// fill makes what the requests are about.
func (s *benchServer) fill(ctx context.Context, service *registry.Service) error {
	made, err := service.Bootstrap(ctx, operator(""), registry.OrganizationInput{Name: "Acme", Email: "owner@example.com"})
	if err != nil {
		return err
	}
	actor := operator(made.Organization.ID)
	if _, err := service.CreateAPI(ctx, actor, registry.APIInput{
		Identifier: testAPI, Name: "Documents", Scopes: []string{"documents:read", "documents:write"},
	}); err != nil {
		return err
	}
	create := func(in registry.ClientInput) (credential, error) {
		client, secret, err := service.CreateClient(ctx, actor, in)
		return credential{client.ID, secret.Reveal()}, err
	}
	for _, format := range []string{registry.FormatOpaque, registry.FormatJWT} {
		s.clients[format], err = create(registry.ClientInput{
			Name: format, TokenFormat: format, Scopes: []string{"documents:read", "documents:write"},
		})
		if err != nil {
			return err
		}
	}
	s.resourceServer, err = create(registry.ClientInput{Name: "Resource server", Introspects: []string{testAPI}})
	if err != nil {
		return err
	}
	_, value, err := service.CreateAPIToken(ctx, actor, registry.APITokenInput{
		Type: registry.TokenTypeOrganization, Name: "static", Scopes: []string{"documents:read"}, Permissions: []string{"read"},
	})
	if err != nil {
		return err
	}
	s.apiToken = value.Reveal()
	s.revoked, err = create(registry.ClientInput{Name: "Revoked", Scopes: []string{"documents:read", "documents:write"}})
	if err != nil {
		return err
	}
	_, err = service.RevokeClient(ctx, actor, s.revoked.ID, 0)
	return err
}

// populate makes more clients like the one with opaque tokens, behind the
// server's back, and returns their ids; all have its secret.
func (s *benchServer) populate(b *testing.B, from, to int) (ids []string) {
	b.Helper()
	like := s.clients[registry.FormatOpaque].ID
	beside := storagetest.SQL(b, s.databaseURL)
	const atOnce = 20_000
	for first := from; first < to; first += atOnce {
		var names []string
		for i := first; i < min(first+atOnce, to); i++ {
			names = append(names, benchID(b, i))
			ids = append(ids, registry.PrefixClient+names[len(names)-1])
		}
		list := strings.Join(names, ",")
		copyRows(b, beside, "clients", "id", like, list, map[string]string{"id": "'kwc_' || n"})
		copyRows(b, beside, "secrets", "client_id", like, list, map[string]string{"id": "'sec_' || n", "client_id": "'kwc_' || n"})
	}
	if _, err := beside.Exec("ANALYZE"); err != nil {
		b.Fatal(err)
	}
	return ids
}

// copyRows copies the row for each name in the list, with some columns changed.
func copyRows(b *testing.B, db *sql.DB, table, key, like, list string, changed map[string]string) {
	b.Helper()
	rows, err := db.Query("SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = current_schema()", table)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var names, values []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			b.Fatal(err)
		}
		value, ok := changed[name]
		if !ok {
			value = "t." + name
		}
		names, values = append(names, name), append(values, value)
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	_, err = db.Exec(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s AS t, unnest(string_to_array($2, ',')) AS n WHERE t.%s = $1",
		table, strings.Join(names, ", "), strings.Join(values, ", "), table, key), like, list)
	if err != nil {
		b.Fatal(err)
	}
}

// benchID is the random part of an id, the same for the same number.
func benchID(b testing.TB, number int) string {
	b.Helper()
	sum := sha256.Sum256(strconv.AppendInt(nil, int64(number), 10))
	id, err := registry.NewID(strings.NewReader(string(sum[:])), "")
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// request is an HTTP request as it stands on the wire.
func (s *benchServer) request(path string, as credential, form url.Values) []byte {
	body := form.Encode()
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: keywright\r\nAuthorization: Basic %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		path, base64.StdEncoding.EncodeToString([]byte(as.ID+":"+as.Secret)), len(body), body)
}

func (s *benchServer) token(b *testing.B, as credential) string {
	b.Helper()
	c := caller{http: http.DefaultClient, base: func() string { return "http://" + s.address }}
	a, err := c.token(as)
	if err != nil || a.status != http.StatusOK {
		b.Fatalf("token: %s, %v", a, err)
	}
	return a.object()["access_token"].(string)
}
