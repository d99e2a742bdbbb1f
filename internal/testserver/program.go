package testserver

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// Program builds keywright once, with the race detector if the test has it, and
// returns its path. Main removes it at the end of the test binary.
func Program() (string, error) {
	if raceEnabled {
		return racing()
	}
	return plain()
}

// PlainProgram is Program without the race detector: the program that people
// run, for a test that waits for it alone.
func PlainProgram() (string, error) { return plain() }

var (
	plain = sync.OnceValues(func() (string, error) { return build("keywright") })
	// SQLite is C, translated: the race detector finds nothing there, and makes
	// it several times slower.
	racing = sync.OnceValues(func() (string, error) {
		return build("keywright-race", "-race", "-gcflags=modernc.org/sqlite/lib=-race=false")
	})
)

// folder holds what was built; empty: Main does not run the tests.
var folder string

func build(name string, flags ...string) (string, error) {
	if folder == "" {
		return "", errors.New("testserver.Main must run the tests")
	}
	path := filepath.Join(folder, name)
	args := slices.Concat([]string{"build", "-o", path}, flags, []string{"keywright/cmd/keywright"})
	_, err := Run("go", "", os.Environ(), args...)
	return path, err
}

// Main runs the tests of a package that uses Program, and removes what was
// built. It returns the exit code.
func Main(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "keywright-program-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	return m.Run()
}
