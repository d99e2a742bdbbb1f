package testpg_test

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"keywright/internal/testpg"
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

var template = testpg.Template{Prepare: func(url string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE t (n int); INSERT INTO t VALUES (7)")
	return err
}}

func TestTemplateGivesEachTestItsOwnCopy(t *testing.T) {
	t.Parallel()
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			conn := connect(t, template.New(t))
			var n int
			if err := conn.QueryRow(t.Context(), "UPDATE t SET n = n + 1 RETURNING n").Scan(&n); err != nil || n != 8 {
				t.Fatalf("got %d, %v, want 8", n, err)
			}
		})
	}
}

func TestServerStopsAndRestarts(t *testing.T) {
	t.Parallel()
	server := testpg.Start(t)
	database := server.New(t)
	if _, err := connect(t, database).Exec(t.Context(), "CREATE TABLE t (n int)"); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func(testing.TB){"stop": server.Stop, "kill": server.Kill} {
		end(t)
		if conn, err := pgx.Connect(t.Context(), database); err == nil {
			conn.Close(t.Context())
			t.Fatalf("after %s the server still answers", name)
		}
		server.Restart(t)
		if _, err := connect(t, database).Exec(t.Context(), "INSERT INTO t VALUES (1)"); err != nil {
			t.Fatalf("after %s and restart: %v", name, err)
		}
	}
}

// TestNothingIsLeftBehind kills a test process that has a server.
func TestNothingIsLeftBehind(t *testing.T) {
	t.Parallel()
	if os.Getenv("TESTPG_VICTIM") != "" {
		fmt.Printf("\nserver %s\n", testpg.Start(t).New(t))
		select {} // until it is killed
	}
	if os.Getenv("TEST_DATABASE_URL") == "" {
		testpg.New(t) // skips where there are no binaries
	}
	victim := exec.Command(os.Args[0], "-test.run=^TestNothingIsLeftBehind$", "-test.v")
	victim.Env = append(os.Environ(), "TESTPG_VICTIM=1")
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	var dir string
	for lines := bufio.NewScanner(out); dir == "" && lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "server "); ok {
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			dir = u.Query().Get("host")
		}
	}
	if _, err := os.Stat(dir); dir == "" || err != nil {
		t.Fatalf("the victim did not start a server: %q, %v", dir, err)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	victim.Wait() // it was killed
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, err := os.Stat(dir)
		if os.IsNotExist(err) {
			return // the folder goes last, after the server
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is still there", dir)
		}
	}
}
