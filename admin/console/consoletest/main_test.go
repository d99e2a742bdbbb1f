package consoletest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// program is the path of the program under test, made once.
var program = sync.OnceValues(func() (string, error) {
	args := []string{"build", "-o", filepath.Join(workspace, "keywright")}
	if raceEnabled {
		args = append(args, "-race") // the packages are built that way already
	}
	cmd := exec.Command("go", append(args, "keywright/cmd/keywright")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build keywright: %w\n%s", err, stderr.String())
	}
	return filepath.Join(workspace, "keywright"), nil
})

// workspace is a folder for the whole run.
var workspace string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if workspace, err = os.MkdirTemp("", "keywright-console-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(workspace)
	defer closeBrowser()
	return m.Run()
}
