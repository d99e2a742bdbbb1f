package storagetest_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keywright/storage/storagetest"
)

// TestSchemasAgree compares tables, columns with type and nullability, keys
// and indexes of the two dialects.
func TestSchemasAgree(t *testing.T) {
	t.Parallel()
	postgres := schemaOf(t, storagetest.Postgres, postgresSchema)
	sqlite := schemaOf(t, storagetest.SQLite, sqliteSchema)
	if len(sqlite) < 100 {
		t.Errorf("got %d facts about the schema, want all", len(sqlite))
	}
	if diff := cmp.Diff(sqlite, postgres); diff != "" {
		t.Errorf("the schemas differ (-sqlite +postgres):\n%s", diff)
	}
}

// The queries answer lines of text in one order; both leave out the tables
// that keep the migrations.
const (
	sqliteSchema = `
SELECT m.name || '.' || c.name || ' ' || c.type || iif(c."notnull", ' not null', '')
FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND m.name NOT LIKE 'sqlite%'
UNION ALL
SELECT m.name || iif(i."unique", ' unique ', ' index ') || iif(i.origin = 'c', i.name, 'key') || ' '
  || (SELECT group_concat(c.name || iif(c.desc, ' desc', ''), ', ' ORDER BY c.seqno) FROM pragma_index_xinfo(i.name) AS c WHERE c.key)
FROM sqlite_schema AS m, pragma_index_list(m.name) AS i
WHERE m.type = 'table' AND m.name NOT LIKE 'goose%'
UNION ALL
SELECT m.name || ' unique key ' || c.name FROM sqlite_schema AS m, pragma_table_info(m.name) AS c
WHERE m.type = 'table' AND m.name NOT LIKE 'goose%' AND c.type = 'INTEGER'
  AND c.pk AND (SELECT max(k.pk) FROM pragma_table_info(m.name) AS k) = 1
UNION ALL
SELECT m.name || ' (' || f."from" || ') references ' || f."table" || ' on delete ' || lower(f.on_delete)
FROM sqlite_schema AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'
ORDER BY 1`

	postgresSchema = `
SELECT line COLLATE "C" FROM (
SELECT table_name || '.' || column_name || ' ' || data_type || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END AS line
FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE 'goose%' AND table_name <> 'schema_lock'
UNION ALL
SELECT t.relname || CASE WHEN x.indisunique THEN ' unique ' ELSE ' index ' END
  || CASE WHEN x.indisprimary THEN 'key' ELSE i.relname END || ' '
  || (SELECT string_agg(a.attname || CASE WHEN x.indoption[k.n - 1] & 1 = 1 THEN ' desc' ELSE '' END, ', ' ORDER BY k.n)
      FROM unnest(x.indkey) WITH ORDINALITY AS k(col, n) JOIN pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = k.col)
FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE 'goose%' AND t.relname <> 'schema_lock'
UNION ALL
SELECT conrelid::regclass || ' (' || a.attname || ') references ' || confrelid::regclass || ' on delete '
  || CASE confdeltype WHEN 'c' THEN 'cascade' WHEN 'r' THEN 'restrict' ELSE 'no action' END
FROM pg_constraint JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = conkey[1] WHERE contype = 'f'
) AS schema ORDER BY 1`
)

// typeOf gives the types of both dialects one name.
var typeOf = strings.NewReplacer(
	" timestamp with time zone", " text", " jsonb", " text", " bytea", " blob", " bigint", " integer", " boolean", " integer",
	" TEXT", " text", " INTEGER", " integer", " BLOB", " blob",
)

func schemaOf(t *testing.T, dialect, query string) []string {
	t.Helper()
	rows, err := storagetest.SQL(t, storagetest.URL(t, dialect)).Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line sql.NullString
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, typeOf.Replace(line.String))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
