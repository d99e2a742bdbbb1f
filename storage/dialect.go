package storage

import (
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/pressly/goose/v3"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
)

// sqlDialect is where the SQL of the two databases differs.
type sqlDialect struct {
	name       string // the folder of its migrations
	goose      goose.Dialect
	bun        schema.Dialect
	locksRows  bool     // false: the only writer holds the whole database
	byteOrder  bun.Safe // collation that orders text by its bytes
	startOfDay bun.Safe // of the bucket b, in UTC
	ago        string   // the time that lies {seconds}, a whole number, before the time {at}
	jsonObject string   // function: alternating keys and values → object
	jsonArray  bun.Safe // aggregate: values → array
	lists      string   // condition that the JSON list {column} holds the string ?2
	entries    string   // the strings of the JSON list {column}, as rows entry.value
	like       bun.Safe // LIKE that takes letters of any case for the same
	firstTime  string   // sorts before every time
	lastTime   string   // sorts after every time
	argument   string   // before the number of an argument in a fixed query

	// boundPause is the statement that ends a transaction, with its locks, when
	// its process falls silent within it for {milliseconds}: stopped, or cut
	// off. Empty: a process that can fall silent holds the whole database.
	boundPause    string
	preferIndexes string // statement, for the transaction; empty: the planner has no such choice
}

func postgresDialect() sqlDialect {
	return sqlDialect{
		name:       "postgres",
		goose:      goose.DialectPostgres,
		bun:        postgresText{pgdialect.New()},
		locksRows:  true,
		byteOrder:  `"C"`,
		startOfDay: `date_trunc('day', b.starts_at, 'UTC')`,
		ago:        "({at}::timestamptz - {seconds} * interval '1 second')",
		jsonObject: "json_build_object",
		jsonArray:  "json_agg",
		lists:      "jsonb_exists({column}, ?2)",
		entries:    "jsonb_array_elements_text({column}) AS entry(value)",
		like:       "ILIKE",
		firstTime:  "-infinity",
		lastTime:   "infinity",
		argument:   "$",

		boundPause:    "SET LOCAL idle_in_transaction_session_timeout = ?",
		preferIndexes: "SET LOCAL enable_seqscan = off",
	}
}

func sqliteDialect() sqlDialect {
	return sqlDialect{
		name:       "sqlite",
		goose:      goose.DialectSQLite3,
		bun:        sqliteText{sqlitedialect.New()},
		byteOrder:  "BINARY",
		startOfDay: `(substr(b.starts_at, 1, 10) || 'T00:00:00.000000Z')`,
		ago:        "(strftime('%Y-%m-%dT%H:%M:%S', {at}, '-' || {seconds} || ' seconds') || substr({at}, 20))",
		jsonObject: "json_object",
		jsonArray:  "json_group_array",
		lists:      "EXISTS (SELECT 1 FROM json_each({column}) WHERE value = ?2)",
		entries:    "json_each({column}) AS entry",
		like:       "LIKE",
		firstTime:  "!",
		lastTime:   "~",
		argument:   "?",
	}
}

// postgresText and sqliteText are Bun's dialects, except for strings that SQL
// cannot carry. Bun would send those changed, so that two different strings
// could name the same row.
type (
	postgresText struct{ *pgdialect.Dialect }
	sqliteText   struct{ *sqlitedialect.Dialect }
)

func (d postgresText) AppendString(b []byte, s string) []byte {
	if !isText(s) {
		return append(b, notText...)
	}
	return d.Dialect.AppendString(b, s)
}

func (d sqliteText) AppendString(b []byte, s string) []byte {
	if !isText(s) {
		return append(b, notText...)
	}
	return d.Dialect.AppendString(b, s)
}

// notText stands in a statement for a string that SQL cannot carry. No other
// statement has a NUL byte; the watched driver refuses this one.
const notText = "\x00"

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// object is the SQL expression for a row of the model's table as a JSON object
// that encoding/json reads into the model: its keys are the Go field names.
func (d sqlDialect) object(db *bun.DB, model reflect.Type, alias string) string {
	var b strings.Builder
	b.WriteString(d.jsonObject + "(")
	for i, field := range db.Table(model).Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("'" + field.GoName + "', " + d.value(field, alias+"."+string(field.SQLName)))
	}
	b.WriteString(")")
	return b.String()
}

// value is the SQL expression for a column as a JSON value.
func (d sqlDialect) value(field *schema.Field, column string) string {
	sqlite := d.name == "sqlite"
	switch {
	case field.IndirectType == reflect.TypeFor[digest]() && sqlite:
		return "hex(" + column + ")"
	case field.IndirectType == reflect.TypeFor[digest]():
		return "encode(" + column + ", 'hex')"
	case field.IndirectType == reflect.TypeFor[list]() && sqlite:
		return "json(" + column + ")"
	case field.IndirectType.Kind() == reflect.Bool && sqlite:
		return "json(iif(" + column + ", 'true', 'false'))"
	}
	return column
}
