package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pressly/goose/v3"

	"keywright/migrations"
)

// ErrNewerSchema is returned when a later version of the program took something
// away from the schema that this one needs. A newer schema to which things were
// only added is no error: the previous version keeps working on it.
var ErrNewerSchema = errors.New("the database has a newer schema than this version can work with")

// MigrationStatus is how far the schema has come.
type MigrationStatus struct {
	Current int64    // the version of the database; 0: empty
	Latest  int64    // the newest version that this program knows
	Pending []string // the files that Migrate would apply, in order
}

// Migrate applies the pending migrations. Replicas may start it together: one
// applies them and the others wait. It gives up when ctx ends, not after
// Config.Timeout.
func (db *DB) Migrate(ctx context.Context) error {
	return db.withSchema(ctx, func(provider *goose.Provider) error {
		applied, err := provider.Up(ctx)
		if err != nil {
			return fmt.Errorf("migrate the database: %w", err)
		}
		for _, m := range applied {
			db.logger.InfoContext(ctx, "migrated the database", "version", m.Source.Version, "duration", m.Duration)
		}
		return nil
	})
}

// MigrationStatus tells what Migrate would do. It fails with ErrNewerSchema as
// Migrate does.
func (db *DB) MigrationStatus(ctx context.Context) (MigrationStatus, error) {
	var status MigrationStatus
	err := db.withSchema(ctx, func(provider *goose.Provider) error {
		all, err := provider.Status(ctx)
		if err != nil {
			return fmt.Errorf("read the migration status: %w", err)
		}
		for _, m := range all {
			status.Latest = m.Source.Version
			if m.State == goose.StateApplied {
				status.Current = m.Source.Version
			} else {
				status.Pending = append(status.Pending, m.Source.Path)
			}
		}
		return nil
	})
	return status, err
}

// withSchema calls fn while no other replica migrates, with a schema that the
// program can work with.
func (db *DB) withSchema(ctx context.Context, fn func(*goose.Provider) error) error {
	if !db.dialect.locksRows {
		return db.checkSchema(ctx, db.write.DB, fn) // the file lock keeps others out
	}
	// A pool of its own, closed afterwards: one connection holds the lock, the
	// other migrates, and a pool of one or a busy one cannot get in the way.
	pool := sql.OpenDB(db.connector)
	defer pool.Close()
	lock, err := lockSchema(ctx, pool)
	if err != nil {
		return fmt.Errorf("lock the schema: %w", clean(err))
	}
	defer lock.Rollback()
	return db.checkSchema(ctx, pool, fn)
}

func (db *DB) checkSchema(ctx context.Context, pool *sql.DB, fn func(*goose.Provider) error) error {
	files, err := fs.Sub(migrations.Files, db.dialect.name)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	provider, err := goose.NewProvider(db.dialect.goose, pool, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	current, latest, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the version of the schema: %w", clean(err))
	}
	if current > latest {
		var oldest int64
		if err := pool.QueryRowContext(ctx, `SELECT oldest FROM schema_compatibility`).Scan(&oldest); err != nil {
			return fmt.Errorf("read the compatibility of the schema: %w", clean(err))
		}
		if latest < oldest {
			return fmt.Errorf("%w: it is at %d and needs a program for %d, this one is for %d", ErrNewerSchema, current, oldest, latest)
		}
	}
	return fn(provider)
}

// lockSchema locks the one row of a table that exists for it, until the
// returned transaction ends. A session lock, which goose offers, would be lost
// behind a pooler that hands out connections per transaction.
func lockSchema(ctx context.Context, pool *sql.DB) (*sql.Tx, error) {
	for {
		tx, err := tryLockSchema(ctx, pool)
		if !hasCode(err, stateNoTable) {
			return tx, err
		}
		// The first start on an empty database. Two replicas that make the table
		// at once can collide in the catalog; the loser finds it made.
		_, err = pool.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS schema_lock (id bigint NOT NULL PRIMARY KEY CHECK (id = 1))`)
		if err != nil && !hasCode(err, stateUnique, stateTableExists, stateObjectExists) {
			return nil, err
		}
	}
}

func tryLockSchema(ctx context.Context, pool *sql.DB) (_ *sql.Tx, err error) {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			tx.Rollback()
		}
	}()
	// The row appears with its lock: whoever inserts it second waits for the first.
	if _, err = tx.ExecContext(ctx, `INSERT INTO schema_lock (id) VALUES (1) ON CONFLICT DO NOTHING`); err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, `SELECT id FROM schema_lock FOR UPDATE`)
	return tx, err
}

func hasCode(err error, codes ...string) bool {
	e, ok := errors.AsType[*databaseError](clean(err))
	return ok && slices.Contains(codes, e.code)
}
