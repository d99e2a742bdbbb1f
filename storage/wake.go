package storage

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// errPooled tells why there is no listening behind a pooler.
var errPooled = errors.New("a pooler stands before the server: nothing can be listened to through it")

// Shared tells whether other processes may change this database. A SQLite file
// is locked for one.
func (db *DB) Shared() bool { return db.unlock == nil }

// WakeReplicas implements registry.LeaseStore. On SQLite there is nobody to wake.
func (db *DB) WakeReplicas(ctx context.Context) error {
	if !db.Shared() {
		return nil
	}
	s := db.single(db.write)
	_, err := s.exec(ctx, "feed", s.bun.NewRaw("NOTIFY keywright_feed"))
	return err
}

// Listen implements registry.LeaseStore. On Postgres it needs a connection of
// its own beside the pool; on SQLite nobody wakes, and it waits for the end of
// ctx.
//
// LISTEN is of a session. A pooler that hands out connections per transaction
// would leave it on a connection that others get next, and wake nobody; so
// behind a pooler, of whatever mode, Listen fails at once. Whoever depends on
// the feed polls it, too.
func (db *DB) Listen(ctx context.Context, wake func()) error {
	if !db.Shared() {
		<-ctx.Done()
		return ctx.Err()
	}
	conn, err := db.listener(ctx)
	if err != nil {
		return translate("feed", err)
	}
	defer db.hangUp(ctx, conn)
	for {
		wake()
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return translate("feed", err)
		}
	}
}

// listener returns a connection that listens.
func (db *DB) listener(ctx context.Context) (_ *pgx.Conn, err error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, db.direct)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			db.hangUp(ctx, conn)
		}
	}()
	pooled, err := throughPooler(ctx, conn)
	if err != nil {
		return nil, err
	}
	if pooled {
		return nil, errPooled
	}
	_, err = conn.Exec(ctx, "LISTEN keywright_feed")
	return conn, err
}

// hangUp closes a connection, even if ctx is done.
func (db *DB) hangUp(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.timeout)
	defer cancel()
	conn.Close(ctx) // how it ended is of no interest any more
}
