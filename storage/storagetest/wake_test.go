package storagetest_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// listen runs Listen, and sends each wake and how it ended.
func listen(t *testing.T, db *storage.DB) (wakes <-chan struct{}, ended <-chan error, cancel func()) {
	t.Helper()
	woken, end := make(chan struct{}, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() { end <- db.Listen(ctx, func() { woken <- struct{}{} }) }()
	return woken, end, cancel
}

// within awaits a value, for a while.
func within[T any](t *testing.T, from <-chan T) (got T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	select {
	case got = <-from:
	case <-ctx.Done():
		t.Fatal("waited in vain")
	}
	return got
}

func TestListenIsWoken(t *testing.T) {
	t.Parallel()
	source := storagetest.URL(t, storagetest.Postgres)
	one, two := storagetest.OpenWith(t, storage.Config{URL: source}), storagetest.OpenWith(t, storage.Config{URL: source})
	wakes, ended, cancel := listen(t, one)
	within(t, wakes) // it listens
	for range 3 {
		if err := two.WakeReplicas(ctx); err != nil {
			t.Fatal(err)
		}
		within(t, wakes)
	}
	cancel()
	if err := within(t, ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context is done", err)
	}
	if n := len(wakes); n > 0 {
		t.Errorf("woken %d times more than told", n)
	}
}

func TestListenEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	source := storagetest.URL(t, storagetest.Postgres)
	db := storagetest.OpenWith(t, storage.Config{URL: withPassword(t, source)})
	wakes, ended, _ := listen(t, db)
	within(t, wakes)
	var cut int
	err := storagetest.SQL(t, source).QueryRow(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE 'LISTEN %'`).Scan(&cut)
	if err != nil || cut != 1 {
		t.Fatalf("cut %d connections, %v, want 1", cut, err)
	}
	err = within(t, ended)
	wantKind(t, err, registry.KindUnavailable)
	if strings.Contains(err.Error(), "pa55word") {
		t.Errorf("the password is in %v", err)
	}
	again, _, _ := listen(t, db)
	within(t, again)
}

func TestNobodyListensThroughAPooler(t *testing.T) {
	t.Parallel()
	source := storagetest.URL(t, storagetest.Postgres)
	db := storagetest.OpenWith(t, storage.Config{URL: relayTo(t, withPassword(t, source), &relay{pooler: true})})
	if err := db.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	wakes, ended, _ := listen(t, db)
	err := within(t, ended)
	wantKind(t, err, registry.KindUnavailable)
	if !strings.Contains(err.Error(), "pooler") || strings.Contains(err.Error(), "pa55word") || len(wakes) > 0 {
		t.Errorf("got %v, woken %d times, want that there is a pooler", err, len(wakes))
	}
}

func TestNobodyIsWokenOnSQLite(t *testing.T) {
	t.Parallel()
	db := storagetest.Open(t, storagetest.SQLite)
	if err := db.WakeReplicas(ctx); err != nil {
		t.Error(err)
	}
	wakes, ended, cancel := listen(t, db)
	cancel()
	if err := within(t, ended); !errors.Is(err, context.Canceled) || len(wakes) > 0 {
		t.Errorf("got %v, woken %d times, want that the context is done", err, len(wakes))
	}
}

func TestShared(t *testing.T) {
	t.Parallel()
	for dialect, want := range map[string]bool{storagetest.SQLite: false, storagetest.Postgres: true} {
		if got := storagetest.Open(t, dialect).Shared(); got != want {
			t.Errorf("%s: got %v, want %v", dialect, got, want)
		}
	}
}

// withPassword is a URL with a password, which the server does not ask for.
func withPassword(t *testing.T, source string) string {
	t.Helper()
	u, err := url.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), "pa55word")
	return u.String()
}
