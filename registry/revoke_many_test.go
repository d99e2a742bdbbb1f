package registry_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestSoakRevokesVeryMany: revoking all holds nobody else up, however many they
// are. SOAK=1 makes it 100,000, and leaves the database no more patience than
// a server does.
func TestSoakRevokesVeryMany(t *testing.T) {
	t.Parallel()
	many, patience := 2500, time.Duration(0)
	if os.Getenv("SOAK") == "1" {
		many, patience = 100_000, storage.DefaultTimeout
	}
	for _, dialect := range storagetest.Dialects() {
		for _, table := range []string{"clients", "api_tokens"} {
			t.Run(dialect+" "+table, func(t *testing.T) {
				t.Parallel()
				url := storagetest.URL(t, dialect)
				m := &meanwhile{begins: `UPDATE "` + table + `" SET revoked_at`}
				m.world = newWorld(t, storagetest.OpenWith(t, storage.Config{URL: url, Timeout: patience, OnStatement: m.heard}))
				revokesVeryMany(t, m, url, table, many)
			})
		}
	}
}

func revokesVeryMany(t *testing.T, m *meanwhile, url, table string, many int) {
	t.Helper()
	d, _ := m.client(registry.ClientInput{})
	token, _, err := m.CreateAPIToken(t.Context(), owner(m.one), registry.APITokenInput{Name: "x", Scopes: []string{"a"}, Permissions: []string{"b"}})
	if err != nil {
		t.Fatal(err)
	}
	one, revoke := d.ID, m.revokeClients
	if table == "api_tokens" {
		one, revoke = token.ID, m.revokeAPITokens
	}
	multiply(t, url, table, one, many)

	in := registry.RevokeAllInput{OrganizationID: m.one.Organization.ID, DryRun: true}
	expected, preview, err := revoke(t.Context(), in)
	if err != nil || expected < many {
		t.Fatalf("preview: %d, %v, want at least %d", expected, err, many)
	}
	in.DryRun, in.ExpectedCount = false, &expected
	m.do = func() {
		if _, err := m.db.ClientState(t.Context(), d.ID); err != nil {
			t.Errorf("the hot path meanwhile: %v", err)
		}
		if strings.HasPrefix(url, "sqlite:") {
			return // one change at a time
		}
		if _, err := m.CreateProject(t.Context(), owner(m.one), registry.ProjectInput{Name: "meanwhile"}); err != nil {
			t.Errorf("another change meanwhile: %v", err)
		}
	}
	began := time.Now()
	count, revoked, err := revoke(t.Context(), in)
	if err != nil || count != expected || !slices.Equal(revoked, preview) {
		t.Fatalf("revoked %d, %v, want %d, and those first that the preview had", count, err, expected)
	}
	t.Logf("revoked %d in %s", count, time.Since(began).Round(time.Millisecond))
	if !m.begun.Load() {
		t.Error("nothing was done meanwhile")
	}
	in.DryRun, in.ExpectedCount = true, nil
	if left, _, err := revoke(t.Context(), in); err != nil || left != 0 {
		t.Errorf("%d are left, %v", left, err)
	}
}

// meanwhile is a world in which something happens as soon as a statement begins so.
type meanwhile struct {
	*world
	begins string
	do     func()
	begun  atomic.Bool
}

func (m *meanwhile) heard(statement string) {
	if strings.HasPrefix(statement, m.begins) && !m.begun.Swap(true) {
		m.do()
	}
}

func (m *meanwhile) revokeClients(ctx context.Context, in registry.RevokeAllInput) (count int, ids []string, err error) {
	result, err := m.RevokeAllClients(ctx, owner(m.one), in)
	for _, c := range result.Items {
		ids = append(ids, c.ID)
	}
	return result.Count, ids, err
}

func (m *meanwhile) revokeAPITokens(ctx context.Context, in registry.RevokeAllInput) (count int, ids []string, err error) {
	result, err := m.RevokeAllAPITokens(ctx, owner(m.one), in)
	for _, token := range result.Items {
		ids = append(ids, token.ID)
	}
	return result.Count, ids, err
}

// multiply copies a row until there are that many, each created a second after
// the one before.
func multiply(t *testing.T, url, table, id string, many int) {
	t.Helper()
	db := storagetest.SQL(t, url)
	own := strings.NewReplacer(
		" id,", " substr(id, 1, 4) || substr(md5(i::text), 1, 26),",
		" digest,", " sha256(i::text::bytea),",
		" created_at,", " created_at + i * interval '1 second',",
	)
	if strings.HasPrefix(url, "sqlite:") {
		own = strings.NewReplacer(
			" id,", " substr(id, 1, 4) || lower(hex(randomblob(13))),",
			" digest,", " randomblob(32),",
			" created_at,", " strftime('%Y-%m-%dT%H:%M:%S.000000Z', created_at, i || ' seconds'),",
		)
	}
	rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table+" LIMIT 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err := errors.Join(err, rows.Err()); err != nil {
		t.Fatal(err)
	}
	columns := strings.Join(names, ", ")
	_, err = db.ExecContext(t.Context(), "WITH RECURSIVE copies(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM copies WHERE i < $1)"+
		" INSERT INTO "+table+" ("+columns+") SELECT "+strings.TrimSpace(own.Replace(" "+columns))+
		" FROM "+table+" CROSS JOIN copies WHERE id = $2", many-1, id)
	if err != nil {
		t.Fatal(err)
	}
}

// TestRevokeAllHasMoreTime: a change that may concern very many is bound by
// ChangeMany alone.
func TestRevokeAllHasMoreTime(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.client(registry.ClientInput{})
		w.Store = onlyMany{w.db}
		in := registry.RevokeAllInput{OrganizationID: w.one.Organization.ID}
		if result, err := w.RevokeAllClients(t.Context(), owner(w.one), in); err != nil || result.Count != 1 {
			t.Errorf("clients: got %d, %v", result.Count, err)
		}
		if _, err := w.RevokeAllAPITokens(t.Context(), owner(w.one), in); err != nil {
			t.Errorf("API tokens: %v", err)
		}
	})
}

// onlyMany is a store at which time is up for every other change.
type onlyMany struct{ registry.Store }

func (onlyMany) Change(context.Context, func(registry.Tx) error) error {
	return registry.Unavailable(errors.New("time is up"))
}
