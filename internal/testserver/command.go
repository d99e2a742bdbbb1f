package testserver

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Run runs a program in a folder to its end and returns what it printed.
func Run(program, dir string, environ []string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Dir = environ, dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, stderr.String())
	}
	return string(out), nil
}

// Command is Run in a folder of the test, which a failure ends.
func Command(t testing.TB, program string, environ []string, args ...string) string {
	t.Helper()
	out, err := Run(program, t.TempDir(), environ, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
