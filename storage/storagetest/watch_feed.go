package storagetest

import (
	"fmt"
	"strings"
	"testing"

	"keywright/storage"
)

// RunWatched is Run with WatchFeed.
func RunWatched(t *testing.T, fn func(t *testing.T, db *storage.DB)) {
	t.Helper()
	Each(t, func(t *testing.T, dialect string) {
		url := URL(t, dialect)
		WatchFeed(t, url)
		fn(t, OpenWith(t, storage.Config{URL: url}))
	})
}

// WatchFeed fails the test if, by its end, anything that the hot path reads was
// changed by a transaction that appended no feed row to say so: a copy of it
// would not be corrected. It is for tests whose changes are all made through
// registry.Service. Only Postgres can say which transaction wrote what; a
// SQLite database is left alone.
func WatchFeed(t testing.TB, url string) {
	t.Helper()
	if strings.HasPrefix(url, "sqlite:") {
		return
	}
	db := SQL(t, url)
	watch := watchedWrites
	for _, table := range hotTables {
		watch += fmt.Sprintf("CREATE TRIGGER watched_write AFTER INSERT OR UPDATE OR DELETE ON %s"+
			" FOR EACH ROW EXECUTE FUNCTION watched_write();\n", table)
	}
	if _, err := db.Exec(watch); err != nil {
		t.Fatalf("watch the feed: %v", err)
	}
	t.Cleanup(func() {
		rows, err := db.Query(untoldWrites)
		if err != nil {
			t.Errorf("read what was written: %v", err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var write, told string
			if err := rows.Scan(&write, &told); err != nil {
				t.Error(err)
			}
			t.Errorf("the feed does not say that there was %s; the same transaction told of: %s", write, told)
		}
		if err := rows.Err(); err != nil {
			t.Error(err)
		}
	})
}

// hotTables are the tables that the queries of registry.HotPath read, but for
// the feed's counter.
var hotTables = []string{
	"clients", "secrets", "client_keys", "client_roles", "roles", "applications", "application_endpoints",
	"endpoints", "apis", "organizations", "projects", "api_tokens", "denied_tokens",
}

const (
	// watchedWrites notes each write with the narrowest row of the feed that
	// would tell of it; no kind: one of the whole organization. What a deleted
	// row belonged to may be gone, and the organization with it.
	watchedWrites = `
CREATE TABLE watched_writes (
  tx xid8 NOT NULL DEFAULT pg_current_xact_id(), write text NOT NULL, organization_id text, kind text, target_id text
);
CREATE FUNCTION watched_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  r jsonb;
BEGIN
  FOREACH r IN ARRAY ARRAY[to_jsonb(OLD), to_jsonb(NEW)] LOOP
    CONTINUE WHEN r IS NULL;
    INSERT INTO watched_writes (write, organization_id, kind, target_id) VALUES (
      lower(TG_OP) || ' of ' || TG_TABLE_NAME,
      CASE TG_TABLE_NAME WHEN 'organizations' THEN r->>'id' ELSE coalesce(
        r->>'organization_id',
        (SELECT organization_id FROM clients WHERE id = r->>'client_id'),
        (SELECT organization_id FROM applications WHERE id = r->>'application_id'),
        (SELECT organization_id FROM apis WHERE id = r->>'api_id')) END,
      CASE WHEN TG_TABLE_NAME IN ('clients', 'secrets', 'client_keys', 'client_roles') THEN 'client'
        WHEN TG_TABLE_NAME = 'api_tokens' THEN 'api_token'
        WHEN TG_TABLE_NAME = 'denied_tokens' THEN 'token' END,
      CASE TG_TABLE_NAME WHEN 'denied_tokens' THEN r->>'jti' WHEN 'clients' THEN r->>'id'
        WHEN 'api_tokens' THEN r->>'id' ELSE r->>'client_id' END);
  END LOOP;
  RETURN NULL;
END $$;
`

	// untoldWrites finds those whose transaction appended no row that tells.
	untoldWrites = `
SELECT DISTINCT concat_ws(' ', w.write, w.target_id, 'in', coalesce(w.organization_id, '?')),
  coalesce((SELECT string_agg(concat_ws(' ', f.kind, f.target_id, 'in', f.organization_id), ', ')
            FROM feed AS f WHERE f.xmin = w.tx::xid), 'no row')
FROM watched_writes AS w
WHERE NOT EXISTS (
  SELECT 1 FROM feed AS f
  WHERE f.xmin = w.tx::xid AND (w.organization_id IS NULL OR f.organization_id = w.organization_id)
    AND (f.kind IN ('organization', 'project', 'application', 'api', 'role', 'scope') OR f.kind = w.kind AND f.target_id = w.target_id))
ORDER BY 1`
)
