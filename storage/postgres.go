package storage

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
)

// openPostgres prepares a pool. Nothing in it outlives a transaction on the
// server: no prepared statement, no SET, no session lock; so it works behind a
// pooler that hands out connections per transaction.
func openPostgres(cfg Config) (*DB, error) {
	config, err := pgx.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errors.New("database URL is not a valid postgres:// URL") // err may quote it
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // Bun puts the arguments into the text
	config.StatementCacheCapacity = 0
	config.DescriptionCacheCapacity = 0
	config.ConnectTimeout = cfg.Timeout // database/sql also connects in the background, without a context
	config.RuntimeParams["client_encoding"] = "UTF8"
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "keywright"
	}
	connector := watch(stdlib.GetConnector(*config, stdlib.OptionAfterConnect(checkQuoting)), cfg.OnStatement)

	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(cfg.PoolSize)
	pool.SetMaxIdleConns(cfg.PoolSize)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(time.Hour)
	dialect := postgresDialect()
	db := bun.NewDB(pool, dialect.bun)
	return &DB{dialect: dialect, write: db, read: db, connector: connector}, nil
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
