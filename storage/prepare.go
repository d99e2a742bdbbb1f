package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// fixed is a query whose text is always the same: its arguments are sent beside
// it, where Bun would write them in.
type fixed struct {
	pool *sql.DB
	text string
	args []any
}

// Scan runs the query and reads its one row.
func (q fixed) Scan(ctx context.Context, dest ...any) error {
	for _, arg := range q.args {
		if text, ok := arg.(string); ok && !isText(text) {
			return errBadText
		}
	}
	return q.pool.QueryRowContext(ctx, q.text, q.args...).Scan(dest...)
}

// preparing makes connections to Postgres that prepare fixed queries, the few
// statements with arguments, once for the life of the connection: to plan one
// takes several times as long as to run it. Behind a pooler, which may hand a
// connection of the server to others, they are plain connections.
type preparing struct {
	driver.Connector
	patience time.Duration
}

func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	postgres := conn.(*stdlib.Conn)
	ctx, cancel := context.WithTimeout(ctx, p.patience) // database/sql connects in the background without a deadline
	defer cancel()
	pooled, err := throughPooler(ctx, postgres.Conn())
	if err != nil {
		conn.Close() // err says more
		return nil, err
	}
	if pooled {
		return conn, nil
	}
	return preparingConn{postgres}, nil
}

// throughPooler tells whether another process than the one that was connected
// to answers: poolers give numbers of their own.
func throughPooler(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var process string
	err := conn.QueryRow(ctx, "SELECT pg_backend_pid()::text").Scan(&process)
	return process != strconv.FormatUint(uint64(conn.PgConn().PID()), 10), err
}

type preparingConn struct{ *stdlib.Conn }

func (c preparingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) > 0 {
		args = slices.Insert(args, 0, driver.NamedValue{Value: pgx.QueryExecModeCacheStatement})
	}
	return c.Conn.QueryContext(ctx, query, args)
}
