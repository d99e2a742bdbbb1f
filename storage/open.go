// Package storage keeps what package registry describes in Postgres or SQLite,
// through Bun. It implements the ports registry.Store, HotPath, FeedStore,
// LeaseStore, KeyStore, UsageStore and Health.
//
// It knows SQL and nothing of the rules: it neither authorizes nor derives a
// state, and it sees digests and sealed keys only, never a secret. There is
// one file per aggregate, with its row, the mapping and the queries.
//
// Promises that the rest of the program leans on:
//
//   - Every call answers within Config.Timeout, waiting for a connection
//     included, and ChangeMany within 20 seconds; what could not be answered is
//     registry.Unavailable.
//   - A state and its feed position are read in one snapshot.
//   - Positions are handed out in commit order.
//   - No statement text and no value of a row is in an error or a log.
//
// A change that was answered survives the end of the process, on SQLite also a
// loss of power (synchronous=FULL); on Postgres that is as its
// synchronous_commit and fsync are set. When the answer to a commit is lost,
// the caller gets Unavailable and the change may or may not be in force.
package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"keywright/registry"
)

// Defaults of Config.
const (
	DefaultPoolSize = 16
	DefaultTimeout  = 3 * time.Second
)

// Config says where the database is and how patient to be with it.
type Config struct {
	// URL is postgres://… or sqlite:PATH. Required. It may hold a password and
	// is in no error.
	URL string
	// PoolSize is how many connections may be open; on SQLite, how many read
	// beside the one that writes. Zero: DefaultPoolSize.
	PoolSize int
	// Timeout bounds each call from waiting for a connection to the commit,
	// retries included. Migrate alone is not bound by it, and ChangeMany has 20
	// seconds where that is more. Zero: DefaultTimeout.
	Timeout time.Duration
	// Logger hears of migrations and repeated transactions. Required.
	Logger *slog.Logger
	// OnStatement, when set, is called with each statement before it is sent,
	// BEGIN, COMMIT and ROLLBACK included, from many goroutines; only the
	// connection of Listen is not heard. It is for benchmarks and tests that
	// count them: the text has most arguments in it.
	OnStatement func(statement string)
}

// DB is an open database. Its methods may be called from many goroutines.
type DB struct {
	dialect   sqlDialect
	write     *bun.DB
	read      *bun.DB          // on Postgres the same as write
	connector driver.Connector // for connections of the migration's own
	direct    *pgx.ConnConfig  // for connections beside the pool; nil on SQLite
	unlock    io.Closer        // gives the file lock back; nil on Postgres
	timeout   time.Duration
	logger    *slog.Logger

	clientStateQuery   string
	apiTokenStateQuery string
}

var (
	_ registry.Store      = (*DB)(nil)
	_ registry.HotPath    = (*DB)(nil)
	_ registry.FeedStore  = (*DB)(nil)
	_ registry.LeaseStore = (*DB)(nil)
	_ registry.KeyStore   = (*DB)(nil)
	_ registry.UsageStore = (*DB)(nil)
	_ registry.Health     = (*DB)(nil)
)

// Open opens the database. Postgres is not contacted yet: a server that is
// down shows in the first call, and its coming back needs no new Open. A
// SQLite file is made when absent, readable for its owner alone, and locked:
// a second process that opens it gets ErrInUse.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.PoolSize == 0 {
		cfg.PoolSize = DefaultPoolSize
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = DefaultTimeout
	}
	var db *DB
	var err error
	switch {
	case strings.HasPrefix(cfg.URL, "postgres://"), strings.HasPrefix(cfg.URL, "postgresql://"):
		db, err = openPostgres(cfg)
	case strings.HasPrefix(cfg.URL, "sqlite:"):
		db, err = openSQLite(ctx, strings.TrimPrefix(cfg.URL, "sqlite:"), cfg)
	default:
		return nil, errors.New("database URL is neither postgres://… nor sqlite:PATH")
	}
	if err != nil {
		return nil, err
	}
	db.timeout, db.logger = cfg.Timeout, cfg.Logger
	db.clientStateQuery = clientStateQuery(db)
	db.apiTokenStateQuery = apiTokenStateQuery(db)
	return db, nil
}

// Close waits for what is running, closes all connections and gives the file
// lock back.
func (db *DB) Close() error {
	var errs []error
	if db.read != db.write {
		errs = append(errs, db.read.Close())
	}
	errs = append(errs, db.write.Close())
	if db.unlock != nil {
		errs = append(errs, db.unlock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	if _, err := db.read.ExecContext(ctx, "SELECT 1"); err != nil {
		return registry.Unavailable(clean(err))
	}
	return nil
}
