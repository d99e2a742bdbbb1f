package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"keywright/internal/testpg"
)

// TestScripts runs the scripts in testdata, and those in testdata/database on
// each kind of database.
func TestScripts(t *testing.T) {
	t.Parallel()
	t.Run("alone", func(t *testing.T) {
		t.Parallel()
		runScripts(t, "testdata", nil)
	})
	onDatabase := func(folder func(*testscript.Env) (string, error)) func(*testscript.Env) error {
		return func(env *testscript.Env) error {
			databaseURL, err := folder(env)
			if err != nil {
				return err
			}
			for _, pair := range environment(databaseURL) {
				name, value, _ := strings.Cut(pair, "=")
				env.Setenv(name, value)
			}
			return nil
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		runScripts(t, "testdata/database", onDatabase(func(env *testscript.Env) (string, error) {
			return "sqlite:" + filepath.Join(env.WorkDir, "keywright.db"), nil
		}))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		runScripts(t, "testdata/database", onDatabase(func(*testscript.Env) (string, error) {
			return testpg.New(t), nil
		}))
	})
}

func runScripts(t *testing.T, dir string, setup func(*testscript.Env) error) {
	testscript.Run(t, testscript.Params{
		Dir:   dir,
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve":    scriptServe,
			"stop":     scriptStop,
			"paste":    scriptPaste,
			"exitcode": scriptExitCode,
			"oneline":  scriptOneLine,
			"mode":     scriptMode,
			"hide":     scriptHide,
		},
	})
}

// servers are the running servers of scripts.
var servers struct {
	sync.Mutex
	of map[*testscript.TestScript]*process
}

// scriptServe starts a server, puts its URLs into PUBLIC, ADMIN and METRICS
// and its standard output into the file serve.out.
func scriptServe(ts *testscript.TestScript, neg bool, args []string) {
	var environ []string
	for _, name := range []string{
		"PATH", "KEYWRIGHT_DATABASE_URL", "KEYWRIGHT_MASTER_KEY", "KEYWRIGHT_PUBLIC_LISTEN", "KEYWRIGHT_ADMIN_LISTEN",
		"KEYWRIGHT_METRICS_LISTEN", "KEYWRIGHT_STOP_DELAY",
	} {
		environ = append(environ, name+"="+ts.Getenv(name))
	}
	p, err := launch(ts.MkAbs("."), environ, append([]string{"serve"}, args...)...)
	if neg || err != nil {
		ts.Fatalf("serve: %v", err)
	}
	servers.Lock()
	defer servers.Unlock()
	if servers.of == nil {
		servers.of = map[*testscript.TestScript]*process{}
	}
	servers.of[ts] = p
	ts.Defer(p.Kill)
	ts.Setenv("PUBLIC", p.public)
	ts.Setenv("ADMIN", p.admin)
	ts.Setenv("METRICS", p.metrics)
	printed, err := p.Printed()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("serve.out"), []byte(printed), 0o600))
}

// scriptStop stops the server with SIGTERM and puts its log into serve.err.
func scriptStop(ts *testscript.TestScript, _ bool, _ []string) {
	servers.Lock()
	p := servers.of[ts]
	servers.Unlock()
	code, err := p.Stop()
	ts.Check(err)
	if code != exitDone {
		ts.Fatalf("the server ended with %d:\n%s", code, p.Log)
	}
	ts.Check(os.WriteFile(ts.MkAbs("serve.err"), []byte(p.Log.String()), 0o600))
}

// scriptPaste runs the commands that a file prints, each in a shell of its
// own, and leaves their output in paste1, paste2 and so on.
func scriptPaste(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		n++
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = ts.MkAbs(".")
		out, err := cmd.CombinedOutput()
		if err != nil {
			ts.Fatalf("%s%s%v", line, out, err)
		}
		ts.Check(os.WriteFile(ts.MkAbs(fmt.Sprint("paste", n)), out, 0o600))
	}
	ts.Setenv("PASTED", fmt.Sprint(n))
}

// scriptExitCode runs a command that must end with that code.
func scriptExitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("ended with %d instead of %s", code, args[0])
	}
}

// scriptOneLine checks that a file has one line.
func scriptOneLine(ts *testscript.TestScript, _ bool, args []string) {
	if text := ts.ReadFile(args[0]); strings.Count(text, "\n") != 1 {
		ts.Fatalf("%s is not one line:\n%s", args[0], text)
	}
}

// scriptMode checks the permissions of files.
func scriptMode(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args[1:] {
		info, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s instead of %s", name, got, args[0])
		}
	}
}

// scriptHide puts a password into the database URL, which keeps it meaning the
// same: trusted connections ask for none.
func scriptHide(ts *testscript.TestScript, _ bool, args []string) {
	u, err := url.Parse(ts.Getenv("KEYWRIGHT_DATABASE_URL"))
	ts.Check(err)
	if u.Scheme == "sqlite" {
		return
	}
	u.User = url.UserPassword(u.User.Username(), args[0])
	ts.Setenv("KEYWRIGHT_DATABASE_URL", u.String())
}
