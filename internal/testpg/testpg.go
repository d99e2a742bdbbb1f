// Package testpg gives tests a Postgres of their own, without a container
// engine and also as root.
//
// TEST_DATABASE_URL names a server that is there already. Otherwise one is
// started from the binaries in PG_BIN, the newest /usr/lib/postgresql/*/bin or
// PATH: one for each test binary, when its first test asks, on a unix socket
// in a folder under /tmp. It is stopped and its folder removed when the
// process of the test ends, however that ends; see watchdog.
//
// Without a Postgres the test is skipped, or fails when REQUIRE_POSTGRES=1.
//
// The package knows nothing of the schema: who wants one hands in a function
// that makes it.
package testpg

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long anything here may take.
const patience = 30 * time.Second

// New returns the URL of an empty database that is dropped after the test.
func New(t testing.TB) string {
	t.Helper()
	return database(t, sharedServer(t), "")
}

// Copy returns the URL of a copy of that database, as a restored backup would
// be. Nobody may be connected to the original meanwhile.
func Copy(t testing.TB, original string) string {
	t.Helper()
	u, err := url.Parse(original)
	if err != nil {
		t.Fatal(err)
	}
	return database(t, sharedServer(t), strings.TrimPrefix(u.Path, "/"))
}

// Template makes databases that are copies of one.
type Template struct {
	// Prepare fills the database at url. It is called once in the process, or
	// for each copy on a server named by TEST_DATABASE_URL, where no template
	// is left behind.
	Prepare func(url string) error

	once sync.Once
	name string
	err  error
}

// New returns the URL of a prepared database that is dropped after the test.
func (tp *Template) New(t testing.TB) string {
	t.Helper()
	server := sharedServer(t)
	if os.Getenv("TEST_DATABASE_URL") != "" {
		prepared := database(t, server, "")
		if err := tp.Prepare(prepared); err != nil {
			t.Fatalf("prepare a database: %v", err)
		}
		return prepared
	}
	tp.once.Do(func() {
		tp.name = newName()
		if tp.err = execute(server, "CREATE DATABASE "+tp.name); tp.err == nil {
			tp.err = tp.Prepare(withDatabase(server, tp.name))
		}
	})
	if tp.err != nil {
		t.Fatalf("prepare the template database: %v", tp.err)
	}
	return database(t, server, tp.name)
}

// database makes a database, a copy of template unless that is empty.
func database(t testing.TB, server, template string) string {
	t.Helper()
	name := newName()
	create := "CREATE DATABASE " + name
	if template != "" {
		create += " TEMPLATE " + template
	}
	if err := execute(server, create); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := execute(server, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the database: %v", err)
		}
	})
	return withDatabase(server, name)
}

func newName() string { return "kwtest_" + strings.ToLower(rand.Text()) }

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server // it was connected to, so this is not reached
	}
	u.Path = "/" + name
	return u.String()
}

func execute(server, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// shared is the one server of this process.
var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// sharedServer returns the URL of a server on which databases may be made.
func sharedServer(t testing.TB) string {
	t.Helper()
	if given := os.Getenv("TEST_DATABASE_URL"); given != "" {
		return given
	}
	bin := binaries(t)
	shared.once.Do(func() { shared.server, shared.err = start(bin) })
	if shared.err != nil {
		t.Fatalf("start Postgres: %v", shared.err)
	}
	return shared.server.url
}
