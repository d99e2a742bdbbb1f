package consoletest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// program is the path of the program under test, made once. It is the one that
// people run: with the race detector, which the tests of the other packages
// have, it takes twice as long, and one person in a browser does not race.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workspace, "keywright")
	cmd := exec.Command("go", "build", "-o", path, "keywright/cmd/keywright")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build keywright: %w\n%s", err, stderr.String())
	}
	return path, nil
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
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = parallel.Value.Set("4") // it is a number; a test waits for the browser most of its time
	}
	code := m.Run()
	mistakes, err := documents.validate(workspace)
	if err != nil {
		mistakes = append(mistakes, err.Error())
	}
	for _, mistake := range mistakes {
		fmt.Println(mistake)
		code = 1
	}
	return code
}
