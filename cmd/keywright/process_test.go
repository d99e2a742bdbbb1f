package main

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"keywright/internal/testpg"
	"keywright/internal/testserver"
)

// patience bounds every wait for something that is to happen.
const patience = 30 * time.Second

// binary is this very binary, which TestMain puts on the PATH.
const binary = "keywright"

// onEachDatabase runs a test on SQLite and on Postgres; url names an empty
// database, given that of a folder that outlives restarts.
func onEachDatabase(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+filepath.Join(t.TempDir(), "keywright.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, testpg.New(t))
	})
}

// environment is a minimal one for a server on free ports.
func environment(databaseURL string, more ...string) []string {
	return testserver.Environment(databaseURL, more...)
}

// process is a server that runs.
type process struct {
	*testserver.Process
	public, admin, metrics string // URLs
}

// launch starts keywright in a folder and waits until it listens. It does not
// wait for the end.
func launch(dir string, environ []string, args ...string) (*process, error) {
	p, err := testserver.Launch(binary, dir, environ, args...)
	if err != nil {
		return nil, err
	}
	return &process{p, p.Public, p.Admin, p.Metrics}, nil
}

// start launches a server that ends with the test.
func start(t testing.TB, environ []string, args ...string) *process {
	t.Helper()
	p, err := launch(t.TempDir(), environ, slices.Concat([]string{"serve"}, args)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// command runs keywright to its end and returns what it printed.
func command(t testing.TB, environ []string, args ...string) string {
	t.Helper()
	return testserver.Command(t, binary, environ, args...)
}
