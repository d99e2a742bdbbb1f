package storage

import (
	"database/sql"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"keywright/registry"
)

// databaseError is an error of the database without what it may quote from a
// statement or a row: Bun writes the arguments into the statement, and digests
// are among them.
type databaseError struct {
	code   string // SQLSTATE, or the name of SQLite's result code
	reason string // what the database said, where that cannot quote a value

	taken  string // unique violation: the field
	inUse  bool   // foreign key violation
	repeat bool   // the transaction may succeed when it is run again
}

func (e *databaseError) Error() string {
	if e.reason == "" {
		return "database error " + e.code
	}
	return "database error " + e.code + ": " + e.reason
}

// clean replaces an error of a driver with a databaseError. Others, such as a
// refused connection or a deadline, pass.
func clean(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return cleanPostgres(e)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return cleanSQLite(e)
	}
	return err
}

// SQLSTATE codes that mean more than failure (Postgres documentation,
// appendix A).
const (
	stateRestrict      = "23001"
	stateForeignKey    = "23503"
	stateUnique        = "23505"
	stateSerialization = "40001"
	stateDeadlock      = "40P01"
	stateNoTable       = "42P01"
	stateTableExists   = "42P07"
	stateObjectExists  = "42710"
)

// quotesNothing are the classes of SQLSTATE whose messages are about the
// server, not about the statement or its values.
var quotesNothing = []string{"08", "25", "28", "3D", "40", "53", "55", "57", "58", "XX"}

func cleanPostgres(e *pgconn.PgError) error {
	out := &databaseError{code: e.Code}
	for _, class := range quotesNothing {
		if strings.HasPrefix(e.Code, class) {
			out.reason = e.Message
		}
	}
	switch e.Code {
	case stateUnique: // our unique indexes are named table_field_key
		field := strings.TrimSuffix(strings.TrimPrefix(e.ConstraintName, e.TableName+"_"), "_key")
		out.taken = strings.Replace(field, "pkey", "id", 1)
	case stateForeignKey, stateRestrict:
		out.inUse = true
	case stateSerialization, stateDeadlock:
		out.repeat = true
	}
	return out
}

func cleanSQLite(e *sqlite.Error) error {
	out := &databaseError{code: sqlite.ErrorCodeString[e.Code()]}
	text := e.Error()
	switch {
	case e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE, e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		// "…failed: roles.organization_id, roles.name (2067)": the last one names the field.
		_, field, _ := strings.Cut(text[strings.LastIndex(text, ": ")+1:], ".")
		field, _, _ = strings.Cut(field, " (")
		out.taken = field[strings.LastIndex(field, ".")+1:]
	case strings.Contains(text, "FOREIGN KEY"):
		out.inUse = true
	}
	return out
}

// translate turns the error of a statement into one of registry's.
func translate(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return registry.NotFound(what)
	}
	if errors.Is(err, errBadText) {
		return &registry.Error{Kind: registry.KindInvalid, Code: registry.CodeInvalidInput, Message: errBadText.Error()}
	}
	err = clean(err)
	if e, ok := errors.AsType[*databaseError](err); ok {
		switch {
		case e.taken != "":
			return registry.Conflict(registry.CodeConflict, "%s of the %s is taken", e.taken, what)
		case e.inUse:
			return registry.Conflict(registry.CodeConflict, "%s is in use, or names something that is gone", what)
		}
	}
	return registry.Unavailable(err)
}
