package testserver

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Program builds keywright, with the race detector if the test has it, and
// returns its path. Main removes it at the end of the test binary.
func Program(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// folder holds the program; empty: it was not built.
var folder string

var build = sync.OnceValues(func() (_ string, err error) {
	if folder, err = os.MkdirTemp("", "keywright-program-"); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "keywright")
	args := []string{"build", "-o", path}
	if raceEnabled {
		// SQLite is C, translated: the race detector finds nothing there, and
		// makes it several times slower.
		args = append(args, "-race", "-gcflags=modernc.org/sqlite/lib=-race=false")
	}
	cmd := exec.Command("go", append(args, "keywright/cmd/keywright")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build keywright: %w\n%s", err, stderr.String())
	}
	return path, nil
})

// Main runs the tests of a package that uses Program, and removes what was
// built. It returns the exit code.
func Main(m *testing.M) int {
	defer func() {
		if folder != "" {
			os.RemoveAll(folder)
		}
	}()
	return m.Run()
}
