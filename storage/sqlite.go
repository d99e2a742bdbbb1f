package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/uptrace/bun"
	"modernc.org/sqlite"
)

// ErrInUse is returned by Open when another process has the SQLite file open.
var ErrInUse = errors.New("the SQLite database is in use by another process")

// openSQLite opens the file at path: one connection that writes and begins
// its transactions at once as the writer, and a pool that can only read.
func openSQLite(ctx context.Context, path string, cfg Config) (_ *DB, err error) {
	if path == "" || path == ":memory:" {
		return nil, errors.New("database URL sqlite:PATH needs the path of a file")
	}
	unlock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			unlock.Close()
		}
	}()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // SQLite would make it readable for all
	if err != nil {
		return nil, fmt.Errorf("open the SQLite database: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("open the SQLite database: %w", err)
	}

	writer, err := sqlitePool(path, cfg, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	writer.SetMaxOpenConns(1)
	// The writer turns the write-ahead log on before the first reader comes.
	if err := writer.PingContext(ctx); err != nil {
		writer.Close()
		return nil, fmt.Errorf("open the SQLite database: %w", clean(err))
	}
	readers, err := sqlitePool(path, cfg, "query_only(1)")
	if err != nil {
		writer.Close()
		return nil, err
	}
	readers.SetMaxOpenConns(cfg.PoolSize)
	readers.SetMaxIdleConns(cfg.PoolSize)

	dialect := sqliteDialect()
	return &DB{
		dialect: dialect,
		write:   bun.NewDB(writer, dialect.bun),
		read:    bun.NewDB(readers, dialect.bun),
		unlock:  unlock,
	}, nil
}

func sqlitePool(path string, cfg Config, pragmas ...string) (*sql.DB, error) {
	busy := "busy_timeout(" + strconv.FormatInt(cfg.Timeout.Milliseconds(), 10) + ")"
	params := url.Values{"_txlock": {"immediate"}, "_pragma": append([]string{busy}, pragmas...)}
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	connector, err := sqlite.NewConnector("file:" + escaped + "?" + params.Encode())
	if err != nil {
		return nil, fmt.Errorf("open the SQLite database: %w", clean(err))
	}
	return sql.OpenDB(watch(connector, cfg.OnStatement)), nil
}

// lockFile takes an exclusive lock that the system gives back when the process
// ends, however it ends. The file stays: removing it would let two processes
// lock two files of the same name.
func lockFile(path string) (io.Closer, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the SQLite database: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s is locked", ErrInUse, path)
		}
		return nil, fmt.Errorf("lock the SQLite database: %w", err)
	}
	return file, nil
}
