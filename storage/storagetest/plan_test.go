package storagetest_test

import (
	"database/sql"
	"log/slog"
	"os"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestSoakListsStayOnIndexes runs every list of credentials on a Postgres that
// holds two organizations of the same size, and asks the server itself
// whether it read a table of credentials from end to end. SOAK=1 makes it ten
// times as many.
func TestSoakListsStayOnIndexes(t *testing.T) {
	t.Parallel()
	clients, tokens := 1000, 10_000
	if os.Getenv("SOAK") == "1" {
		clients, tokens = 10*clients, 10*tokens
	}
	url := storagetest.URL(t, storagetest.Postgres)
	beside := storagetest.SQL(t, url)
	beside.SetMaxOpenConns(1)
	w := crowd(t, url, beside, clients, tokens)

	for name, narrowing := range map[string]registry.Narrowing{
		"all":             {},
		"active":          {Status: registry.StatusActive},
		"revoked":         {Status: registry.StatusRevoked},
		"expired":         {Status: registry.StatusExpired},
		"disabled":        {Status: registry.StatusDisabled},
		"expiring":        {ExpiringWithin: time.Hour},
		"unused":          {UnusedFor: time.Hour},
		"search, many":    {Search: "credential"},
		"search, one":     {Search: "credential 77"},
		"search, nothing": {Search: "no such thing"},
	} {
		narrowing.At = noon
		staysOnIndexes(t, url, beside, name, func(r registry.Reader) error {
			for by := registry.SortCreatedAt; by <= registry.SortLastUsedAt; by++ {
				for _, ascending := range []bool{true, false} {
					if err := twoPages(r, w, narrowing, registry.Sort{By: by, Ascending: ascending}); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	staysOnIndexes(t, url, beside, "by project, application and creator", func(r registry.Reader) error {
		for _, f := range []registry.ClientFilter{
			{ProjectID: w.prj.ID}, {ApplicationID: w.app.ID}, {CreatedBy: "mem_7"}, {Environment: "staging"}, {OnlyUnrevoked: true},
		} {
			f.OrganizationID = w.org.ID
			if _, err := r.ClientPage(ctx, f, registry.Page{Limit: 51}); err != nil {
				return err
			}
			if _, err := r.CountClients(ctx, f); err != nil {
				return err
			}
			if _, err := r.ClientHolding(ctx, f, "keywright:"); err != nil {
				return err
			}
		}
		for _, f := range []registry.APITokenFilter{{ProjectID: w.prj.ID}, {CreatedBy: "mem_7"}, {Type: registry.TokenTypeProject}} {
			f.OrganizationID = w.org.ID
			if _, err := r.APITokenPage(ctx, f, registry.Page{Limit: 51}); err != nil {
				return err
			}
			if _, err := r.CountAPITokens(ctx, f); err != nil {
				return err
			}
			if _, err := r.APITokenHolding(ctx, f, "keywright:"); err != nil {
				return err
			}
		}
		return nil
	})
}

// twoPages reads the first two pages of clients and of API tokens.
func twoPages(r registry.Reader, w world, n registry.Narrowing, sort registry.Sort) error {
	page := registry.Page{Limit: 51, Sort: sort}
	for range 2 {
		rows, err := r.ClientPage(ctx, registry.ClientFilter{OrganizationID: w.org.ID, NotGoneAt: noon, Narrowing: n}, page)
		if err != nil {
			return err
		}
		if len(rows) == page.Limit {
			last := rows[len(rows)-1]
			page.AfterID, page.AfterName, page.AfterAt = last.ID, last.Name, timeOf(last, sort.By)
		}
	}
	page = registry.Page{Limit: 51, Sort: sort}
	for range 2 {
		rows, err := r.APITokenPage(ctx, registry.APITokenFilter{OrganizationID: w.org.ID, Narrowing: n}, page)
		if err != nil {
			return err
		}
		if len(rows) == page.Limit {
			last := rows[len(rows)-1]
			page.AfterID, page.AfterName = last.ID, last.Name
			page.AfterAt = timeOf(registry.Client{CreatedAt: last.CreatedAt, ExpiresAt: last.ExpiresAt, Usage: last.Usage}, sort.By)
		}
	}
	return nil
}

// crowd fills a database with organizations of one size, whose rows lie mixed
// on the disk, and returns one of them.
func crowd(t *testing.T, url string, beside *sql.DB, clients, tokens int) world {
	t.Helper()
	db, err := storage.Open(ctx, storage.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var w world
	for range 2 {
		w = settled(t, db)
	}
	for _, statement := range []string{
		`INSERT INTO clients SELECT (jsonb_populate_record(c, jsonb_build_object(
		   'id', 'kwc_' || i || c.organization_id, 'name', 'credential ' || i, 'description', md5(i::text),
		   'created_at', c.created_at + i * interval '1 second', 'expires_at', CASE WHEN i % 3 > 0 THEN c.created_at + i % 999 * interval '1 minute' END,
		   'revoked_at', CASE WHEN i % 20 = 0 THEN c.created_at END, 'confirm_by', NULL, 'is_active', i % 10 > 0,
		   'environment', CASE WHEN i % 9 = 0 THEN 'staging' ELSE '' END, 'created_by_id', 'mem_' || i % 50,
		   'project_id', CASE WHEN i % 4 = 0 THEN c.project_id END, 'application_id', CASE WHEN i % 8 = 0 THEN c.application_id END))).*
		 FROM clients AS c CROSS JOIN generate_series(1, $1) AS i ORDER BY i`,
		`INSERT INTO api_tokens SELECT (jsonb_populate_record(a, jsonb_build_object(
		   'id', 'tok_' || i || a.organization_id, 'name', 'credential ' || i, 'description', md5(i::text),
		   'digest', sha256((i || a.organization_id)::bytea),
		   'created_at', a.created_at + i * interval '1 second', 'expires_at', a.created_at + i % 9999 * interval '1 minute',
		   'revoked_at', CASE WHEN i % 20 = 0 THEN a.created_at END, 'is_active', i % 10 > 0, 'created_by_id', 'mem_' || i % 50,
		   'type', CASE WHEN i % 4 = 0 THEN 'project' ELSE 'organization' END,
		   'project_id', CASE WHEN i % 4 = 0 THEN a.project_id END))).*
		 FROM api_tokens AS a CROSS JOIN generate_series(1, $1) AS i ORDER BY i`,
	} {
		n := clients
		if statement[12] == 'a' {
			n = tokens
		}
		if _, err := beside.Exec(statement, n); err != nil {
			t.Fatal(err)
		}
	}
	for kind, table := range map[string]string{registry.CredentialClient: "clients", registry.CredentialAPIToken: "api_tokens"} {
		_, err := beside.Exec(`INSERT INTO usage_totals (kind, id, uses, failures, last_used_at)
			SELECT $1, id, 1, 0, created_at FROM `+table+` WHERE is_active`, kind)
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := beside.Exec("ANALYZE"); err != nil {
		t.Fatal(err)
	}
	return w
}

// staysOnIndexes reads through connections of its own and, once they are
// gone, with their statistics written, looks whether a sequential scan of
// clients or api_tokens was counted.
func staysOnIndexes(t *testing.T, url string, beside *sql.DB, name string, fn func(r registry.Reader) error) {
	t.Helper()
	before := sequentialScans(t, beside)
	db, err := storage.Open(ctx, storage.Config{URL: url, Timeout: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Read(ctx, fn); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := sequentialScans(t, beside) - before; n != 0 {
		t.Errorf("%s: %d sequential scans of a table of credentials", name, n)
	}
}

func sequentialScans(t *testing.T, beside *sql.DB) (n int) {
	t.Helper()
	const others = `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`
	for left := 1; left > 0; {
		if err := beside.QueryRow(others).Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := beside.Exec("SELECT pg_stat_force_next_flush()"); err != nil {
		t.Fatal(err)
	}
	err := beside.QueryRow("SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname IN ('clients', 'api_tokens')").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
