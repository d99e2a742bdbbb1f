package testpg_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"keywright/internal/testpg"
)

// moment is long enough for what would happen if it could.
const moment = 200 * time.Millisecond

func TestProxyFreezes(t *testing.T) {
	t.Parallel()
	database := testpg.New(t)
	proxy := testpg.NewProxy(t, database)
	through, direct := connect(t, proxy.URL()), connect(t, database)
	run(t, direct, "CREATE TABLE things (n int)")

	proxy.Freeze()
	late := make(chan error, 1)
	go func() {
		_, err := through.Exec(t.Context(), "INSERT INTO things VALUES (1)")
		late <- err
	}()
	select {
	case err := <-late:
		t.Fatalf("answered through a frozen proxy: %v", err)
	case <-time.After(moment):
	}
	if n := count(t, direct); n != 0 {
		t.Errorf("%d rows arrived", n)
	}
	proxy.Thaw()
	if err := <-late; err != nil {
		t.Errorf("after the thaw: %v", err)
	}
	if n := count(t, direct); n != 1 {
		t.Errorf("%d rows arrived after the thaw, want 1", n)
	}
}

func TestProxyCuts(t *testing.T) {
	t.Parallel()
	proxy := testpg.NewProxy(t, testpg.New(t))
	conn := connect(t, proxy.URL())
	run(t, conn, "SELECT 1")
	proxy.Cut()
	if _, err := conn.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("a connection that was cut answers")
	}
	run(t, connect(t, proxy.URL()), "SELECT 1")
}

func TestProxyDeafens(t *testing.T) {
	t.Parallel()
	proxy := testpg.NewProxy(t, testpg.New(t))
	listener, other := connect(t, proxy.URL()), connect(t, proxy.URL())
	run(t, listener, "LISTEN news")
	run(t, other, "NOTIFY news")
	if _, err := listener.WaitForNotification(t.Context()); err != nil {
		t.Fatal(err)
	}
	proxy.Deafen()
	run(t, other, "NOTIFY news") // it is not deaf
	brief, cancel := context.WithTimeout(t.Context(), moment)
	defer cancel()
	if _, err := listener.WaitForNotification(brief); err == nil {
		t.Error("heard of it")
	}
	proxy.Hear()
	if _, err := listener.WaitForNotification(t.Context()); err == nil {
		t.Error("a connection that lost something goes on")
	}
}

func run(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func count(t *testing.T, conn *pgx.Conn) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
