package testserver

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// Command runs a program to its end and returns what it printed.
func Command(t testing.TB, program string, environ []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Dir = environ, t.TempDir()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("keywright %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
