package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// errBadText is returned instead of sending a statement that holds a string
// with a NUL byte or bytes that are not UTF-8; see text.
var errBadText = errors.New("text with a NUL byte or not in UTF-8")

// watch wraps a driver so that each statement passes one place, which tells
// onStatement of it (nil: nobody) and refuses text that SQL cannot carry.
func watch(base driver.Connector, onStatement func(string)) driver.Connector {
	if onStatement == nil {
		onStatement = func(string) {}
	}
	return watchedConnector{base, onStatement}
}

type watchedConnector struct {
	driver.Connector
	onStatement func(string)
}

func (c watchedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &watchedConn{conn.(fullConn), c.onStatement}, nil
}

// fullConn is what the connections of both drivers can do.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
}

type watchedConn struct {
	fullConn
	onStatement func(string)
}

func (c *watchedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if strings.IndexByte(query, 0) >= 0 {
		return nil, errBadText
	}
	c.onStatement(query)
	return c.fullConn.ExecContext(ctx, query, args)
}

func (c *watchedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if strings.IndexByte(query, 0) >= 0 {
		return nil, errBadText
	}
	c.onStatement(query)
	return c.fullConn.QueryContext(ctx, query, args)
}

func (c *watchedConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	c.onStatement("BEGIN")
	tx, err := c.fullConn.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return watchedTx{tx, c.onStatement}, nil
}

// CheckNamedValue leaves the arguments of goose's few statements to the driver.
func (c *watchedConn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.fullConn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

type watchedTx struct {
	driver.Tx
	onStatement func(string)
}

func (t watchedTx) Commit() error {
	t.onStatement("COMMIT")
	return t.Tx.Commit()
}

func (t watchedTx) Rollback() error {
	t.onStatement("ROLLBACK")
	return t.Tx.Rollback()
}
