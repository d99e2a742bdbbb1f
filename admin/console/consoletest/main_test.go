package consoletest

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"keywright/internal/testserver"
)

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
	code := testserver.Main(m)
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
