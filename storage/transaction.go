package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

const (
	// attempts is how often a transaction is run that the database asks to repeat.
	attempts = 5
	// manyTimeout bounds ChangeMany. The answer that waits for it must be sent
	// within web.NewServer's 30 seconds, and other things come before and after.
	manyTimeout = 20 * time.Second
)

// Read runs fn on one snapshot: what it reads belongs together.
func (db *DB) Read(ctx context.Context, fn func(registry.Reader) error) error {
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return db.transact(ctx, db.timeout, db.read, options, func(tx *session) error { return fn(tx) })
}

// Change runs fn in one transaction: READ COMMITTED on Postgres, so that what
// is read after a …ForUpdate is current; on SQLite as the only writer. A
// deadlock is resolved by running fn again. Any statement that failed, other
// than by finding nothing, fails the transaction even if fn goes on.
func (db *DB) Change(ctx context.Context, fn func(registry.Tx) error) error {
	return db.change(ctx, db.timeout, func(tx *session) error { return fn(tx) })
}

// ChangeMany implements registry.Store.
func (db *DB) ChangeMany(ctx context.Context, fn func(registry.Tx) error) error {
	return db.change(ctx, max(db.timeout, manyTimeout), func(tx *session) error { return fn(tx) })
}

func (db *DB) change(ctx context.Context, timeout time.Duration, fn func(*session) error) error {
	return db.transact(ctx, timeout, db.write, nil, fn)
}

func (db *DB) transact(ctx context.Context, timeout time.Duration, pool *bun.DB, options *sql.TxOptions, fn func(*session) error) error {
	return db.repeat(ctx, timeout, func(ctx context.Context) error { return db.try(ctx, pool, options, fn) })
}

// repeat runs a transaction again as long as the database asks for it.
func (db *DB) repeat(ctx context.Context, timeout time.Duration, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := try(ctx)
		failure, ok := errors.AsType[*databaseError](err)
		if !ok || !failure.repeat || attempt == attempts {
			return err
		}
		db.logger.DebugContext(ctx, "repeat a transaction", "attempt", attempt, "code", failure.code)
	}
}

func (db *DB) try(ctx context.Context, pool *bun.DB, options *sql.TxOptions, fn func(*session) error) error {
	tx, err := pool.BeginTx(ctx, options)
	if err != nil {
		return translate("transaction", err)
	}
	defer tx.Rollback() // after a commit it does nothing
	deadline, _ := ctx.Deadline()
	s := &session{db: db, bun: tx, deadline: deadline}
	if options == nil && db.dialect.boundPause != "" {
		if _, err := s.exec(ctx, "transaction", s.bun.NewRaw(db.dialect.boundPause, db.timeout.Milliseconds())); err != nil {
			return err
		}
	}
	if err := fn(s); err != nil {
		return err
	}
	if s.failed != nil {
		return s.failed
	}
	return translate("transaction", tx.Commit())
}

// session is one transaction, or a single statement outside of one. Every
// query of the package runs through its get, all and exec.
type session struct {
	db       *DB
	bun      bun.IDB
	deadline time.Time
	// failed is the first failure of a statement. Postgres ends a transaction
	// there; SQLite would commit what went before.
	failed error
	// onIndexes tells that preferIndexes was called.
	onIndexes bool
}

var _ registry.Tx = (*session)(nil)

// single returns a session for one statement on its own.
func (db *DB) single(pool bun.IDB) *session {
	return &session{db: db, bun: pool, deadline: time.Now().Add(db.timeout)}
}

// scanner and executor are what get and exec need of Bun's queries.
type (
	scanner interface {
		Scan(ctx context.Context, dest ...any) error
	}
	executor interface {
		Exec(ctx context.Context, dest ...any) (sql.Result, error)
	}
)

// get reads into the query's model or dest. Finding no single row is NotFound(what).
func (s *session) get(ctx context.Context, what string, query scanner, dest ...any) error {
	ctx, cancel := context.WithDeadline(ctx, s.deadline)
	defer cancel()
	return s.translate(what, query.Scan(ctx, dest...))
}

// exec changes, and returns how many rows.
func (s *session) exec(ctx context.Context, what string, query executor) (int64, error) {
	ctx, cancel := context.WithDeadline(ctx, s.deadline)
	defer cancel()
	result, err := query.Exec(ctx)
	if err != nil {
		return 0, s.translate(what, err)
	}
	n, err := result.RowsAffected()
	return n, s.translate(what, err)
}

// execOne is exec for a row that must be there.
func (s *session) execOne(ctx context.Context, what string, query executor) error {
	n, err := s.exec(ctx, what, query)
	if err == nil && n == 0 {
		return registry.NotFound(what)
	}
	return err
}

// preferIndexes keeps the rest of the transaction from reading whole tables
// where an index will do. A list of one organization then costs what that
// organization has, however many others there are: the planner, which counts
// pages, would take the whole table as soon as it is a few times as large.
func (s *session) preferIndexes(ctx context.Context) error {
	if s.onIndexes || s.db.dialect.preferIndexes == "" {
		return nil
	}
	s.onIndexes = true
	_, err := s.exec(ctx, "list", s.bun.NewRaw(s.db.dialect.preferIndexes))
	return err
}

func (s *session) insert(ctx context.Context, what string, row any) error {
	_, err := s.exec(ctx, what, s.bun.NewInsert().Model(row))
	return err
}

// lock locks one row for the rest of the transaction. The row is read by a
// statement of its own afterwards: after waiting for the lock, the statement
// that took it would still see other tables as they were before.
func (s *session) lock(ctx context.Context, what, table, organizationID, id string) error {
	if !s.db.dialect.locksRows {
		return nil
	}
	var found string
	return s.get(ctx, what, s.bun.NewSelect().Table(table).Column("id").
		Where("id = ? AND organization_id = ?", id, organizationID).For("UPDATE"), &found)
}

func (s *session) translate(what string, err error) error {
	if err == nil {
		return nil
	}
	err = translate(what, err)
	if registry.KindOf(err) != registry.KindNotFound && s.failed == nil {
		s.failed = err
	}
	return err
}
