package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
)

// preparedStatements is how many of them a connection keeps: more than there are.
const preparedStatements = 16

// openPostgres prepares a pool. Nothing in it outlives a transaction on the
// server: no SET, no session lock, and a prepared statement only where there is
// no pooler; so it works behind one that hands out connections per transaction.
func openPostgres(cfg Config) (*DB, error) {
	config, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errors.New("database URL is not a valid postgres:// URL") // err may quote it
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // Bun puts the arguments into the text
	config.StatementCacheCapacity = preparedStatements
	config.DescriptionCacheCapacity = 0
	// A standby lags: who read the feed there would miss changes that have
	// returned. Of several hosts in the URL this takes the one to write to,
	// whatever target_session_attrs says.
	config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	config.ConnectTimeout = cfg.Timeout // database/sql also connects in the background, without a context
	config.RuntimeParams["client_encoding"] = "UTF8"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "keywright"
	}
	base := stdlib.GetConnector(*config, stdlib.OptionAfterConnect(checkQuoting))
	connector := watch(preparing{base, cfg.Timeout}, cfg.OnStatement)

	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(cfg.PoolSize)
	pool.SetMaxIdleConns(cfg.PoolSize)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(time.Hour)
	dialect := postgresDialect()
	db := bun.NewDB(pool, dialect.bun)
	return &DB{dialect: dialect, write: db, read: db, connector: connector, direct: config}, nil
}

// checkQuoting refuses a server on which Bun's way of quoting a string would
// not be safe.
func checkQuoting(_ context.Context, conn *pgx.Conn) error {
	if conn.PgConn().ParameterStatus("standard_conforming_strings") != "on" {
		return errors.New("the server has standard_conforming_strings off")
	}
	if conn.PgConn().ParameterStatus("client_encoding") != "UTF8" {
		return errors.New("the server does not speak UTF8 with us")
	}
	return nil
}
