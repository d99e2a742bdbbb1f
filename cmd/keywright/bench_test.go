package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/spf13/pflag"

	"keywright/configs"
	"keywright/internal/testpg"
	"keywright/registry"
)

const benchConnections = 16

// BenchmarkServer measures the server over loopback TCP, on 16 connections
// that are kept alive, each beside a bare Gin handler that answers a body of
// the same size in the same run. The log is written, to nowhere. Next to ns/op
// it reports requests per second, their ratio to those of the bare handler, and
// SQL statements per request, BEGIN and COMMIT included; allocations are those
// of the server, as the caller makes none.
func BenchmarkServer(b *testing.B) {
	for _, database := range []string{"postgres", "sqlite"} {
		b.Run(database, func(b *testing.B) {
			s := newBenchServer(b, database)
			for _, format := range []string{registry.FormatOpaque, registry.FormatJWT} {
				client := s.clients[format]
				issue := s.request("/oauth2/token", client, url.Values{"grant_type": {"client_credentials"}})
				s.measure(b, "issue/"+format, issue)
				introspect := s.request("/oauth2/introspect", s.resourceServer, url.Values{"token": {s.token(b, client)}})
				s.measure(b, "introspect/"+format, introspect)
			}
		})
	}
}

// benchServer is a server inside the benchmark.
type benchServer struct {
	address        string
	statements     atomic.Int64
	clients        map[string]credential // by token format
	resourceServer credential
	revoked        credential
}

func newBenchServer(b *testing.B, database string) *benchServer {
	b.Helper()
	if database == "postgres" {
		return newServerInside(b, testpg.New(b), nil)
	}
	return newServerInside(b, "sqlite:"+filepath.Join(b.TempDir(), "keywright.db"), nil)
}

// newServerInside starts a server on an empty database. heard, if it is not
// nil, is called with each SQL statement.
func newServerInside(b testing.TB, databaseURL string, heard func(statement string)) *benchServer {
	b.Helper()
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	configs.AddFlags(flags)
	environ := environment(databaseURL, fmt.Sprint("KEYWRIGHT_DATABASE_POOL=", benchConnections))
	cfg, err := configs.Load(configs.Source{Environ: environ, Flags: flags})
	if err != nil {
		b.Fatal(err)
	}
	bs := &benchServer{clients: map[string]credential{}}
	logger := slog.New(slog.NewJSONHandler(io.Discard, nil))
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		opts := options{migrate: true, onStatement: func(statement string) {
			bs.statements.Add(1)
			if heard != nil {
				heard(statement)
			}
		}}
		ended <- serve(ctx, cfg, logger, opts, func(ctx context.Context, s *server) error {
			defer close(started)
			bs.address = s.listeners.public.address()
			return bs.fill(ctx, s.service)
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
	return bs
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
	s.revoked, err = create(registry.ClientInput{Name: "Revoked", Scopes: []string{"documents:read", "documents:write"}})
	if err != nil {
		return err
	}
	_, err = service.RevokeClient(ctx, actor, s.revoked.ID, 0)
	return err
}

// request is an HTTP request as it stands on the wire.
func (s *benchServer) request(path string, as credential, form url.Values) []byte {
	body := form.Encode()
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\n"+
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		path, s.address, base64.StdEncoding.EncodeToString([]byte(as.ID+":"+as.Secret)), len(body), body)
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

// measure runs the same load against a bare handler and the server.
func (s *benchServer) measure(b *testing.B, name string, request []byte) {
	size := answerSize(b, s.address, request)
	var bare float64 // requests per second
	b.Run(name+"/bare", func(b *testing.B) {
		address := bareServer(b, size)
		bare = rate(b, address, request)
		b.ReportMetric(bare, "requests/s")
	})
	b.Run(name, func(b *testing.B) {
		before := s.statements.Load()
		perSecond := rate(b, s.address, request)
		b.ReportMetric(perSecond, "requests/s")
		b.ReportMetric(perSecond/bare, "of-bare")
		b.ReportMetric(float64(s.statements.Load()-before)/float64(b.N), "statements/op")
	})
}

// bareServer answers every request with a body of that size.
func bareServer(b *testing.B, size int) (address string) {
	b.Helper()
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	body := bytes.Repeat([]byte("x"), size)
	engine.NoRoute(func(g *gin.Context) { g.Data(http.StatusOK, "application/json", body) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: engine, ReadHeaderTimeout: patience}
	go func() { _ = srv.Serve(l) }() // until it is closed
	b.Cleanup(func() { srv.Close() })
	return l.Addr().String()
}

// rate sends the request b.N times over benchConnections connections, and
// returns how many were answered per second.
func rate(b *testing.B, address string, request []byte) float64 {
	b.Helper()
	connections := make([]*connection, benchConnections)
	for i := range connections {
		connections[i] = dial(b, address)
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	var working sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for _, c := range connections {
		working.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := c.exchange(request); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	working.Wait()
	b.StopTimer()
	for _, c := range connections {
		c.Close()
	}
	return float64(b.N) / b.Elapsed().Seconds()
}

func answerSize(b *testing.B, address string, request []byte) int {
	b.Helper()
	c := dial(b, address)
	defer c.Close()
	size, err := c.exchange(request)
	if err != nil {
		b.Fatal(err)
	}
	return size
}

// connection is an HTTP client that allocates nothing, so that what is
// measured is the server.
type connection struct {
	net.Conn
	in *bufio.Reader
}

func dial(b *testing.B, address string) *connection {
	b.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		b.Fatal(err)
	}
	return &connection{c, bufio.NewReader(c)}
}

// exchange sends a request and returns the length of the body of the answer.
func (c *connection) exchange(request []byte) (int, error) {
	if _, err := c.Write(request); err != nil {
		return 0, err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
			return 0, fmt.Errorf("answered %s", line)
		}
		if len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, fmt.Errorf("the answer has no Content-Length")
	}
	_, err := c.in.Discard(length)
	return length, err
}
