// Package storagetest gives tests real databases: for each dialect a fresh,
// migrated one per test, SQLite always and Postgres whenever it can be had
// (see package testpg). Its own tests are the conformance suite, which every
// dialect must pass.
//
// It knows nothing of the rules of the domain; what it puts into a database
// for a test is what the test says.
package storagetest

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for SQL
	_ "modernc.org/sqlite"             // for SQL

	"keywright/internal/testpg"
	"keywright/storage"
)

// The dialects.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Dialects are all dialects.
func Dialects() []string { return []string{SQLite, Postgres} }

// Each runs fn as a parallel subtest for each dialect.
func Each(t *testing.T, fn func(t *testing.T, dialect string)) {
	t.Helper()
	for _, dialect := range Dialects() {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			fn(t, dialect)
		})
	}
}

// Run is Each, on a database of its own.
func Run(t *testing.T, fn func(t *testing.T, db *storage.DB)) {
	t.Helper()
	Each(t, func(t *testing.T, dialect string) { fn(t, Open(t, dialect)) })
}

// Open opens a fresh, migrated database and closes it after the test.
func Open(t testing.TB, dialect string) *storage.DB {
	t.Helper()
	return OpenWith(t, storage.Config{URL: URL(t, dialect)})
}

// patience is the Timeout of databases whose test does not set one: tests run
// beside each other on few cores, and are about what is answered, not when.
const patience = 30 * time.Second

// OpenWith opens a database and closes it after the test. A Logger that is
// not set discards.
func OpenWith(t testing.TB, cfg storage.Config) *storage.DB {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = patience
	}
	db, err := storage.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open the database: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return db
}

// URL returns the URL of a fresh, migrated database, which is gone after the
// test.
func URL(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == Postgres {
		return template.New(t)
	}
	content, err := migratedFile()
	if err != nil {
		t.Fatalf("migrate a SQLite database: %v", err)
	}
	path := filepath.Join(t.TempDir(), "keywright.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// EmptyURL returns the URL of a database without a schema, which is gone after
// the test.
func EmptyURL(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == Postgres {
		return testpg.New(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "keywright.db")
}

// SQL opens a database beside storage, for what its ports do not show. On
// SQLite it goes around the lock of the file.
func SQL(t testing.TB, url string) *sql.DB {
	t.Helper()
	name, source := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		name, source = "sqlite", "file:"+path+"?_pragma=busy_timeout(3000)"
	}
	db, err := sql.Open(name, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

var template = testpg.Template{Prepare: migrate}

// migratedFile is a SQLite database with the schema.
var migratedFile = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "storagetest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "keywright.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // closing it has taken the write-ahead log in
})

func migrate(url string) error {
	ctx := context.Background()
	db, err := storage.Open(ctx, storage.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	if err := db.Migrate(ctx); err != nil {
		db.Close()
		return err
	}
	if err := db.Close(); err != nil {
		return fmt.Errorf("after migrating: %w", err)
	}
	return nil
}

// OfReplicas tells whether a statement that Config.OnStatement saw is one of
// those by which replicas follow the feed, and which no request causes.
func OfReplicas(statement string) bool {
	return slices.ContainsFunc([]string{
		"replica_leases", "FROM feed_counter AS h", "keywright_feed", "d.jti >",
	}, func(part string) bool { return strings.Contains(statement, part) })
}
