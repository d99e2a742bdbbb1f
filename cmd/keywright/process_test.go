package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"keywright/internal/testpg"
)

// patience bounds every wait for something that is to happen.
const patience = 30 * time.Second

const testIssuer = "http://localhost:8080"

var testMasterKey = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{42}, 32))

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
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"KEYWRIGHT_DATABASE_URL=" + databaseURL,
		"KEYWRIGHT_MASTER_KEY=" + testMasterKey,
		"KEYWRIGHT_PUBLIC_LISTEN=127.0.0.1:0",
		"KEYWRIGHT_ADMIN_LISTEN=127.0.0.1:0",
		"KEYWRIGHT_METRICS_LISTEN=127.0.0.1:0",
		"KEYWRIGHT_ISSUER=" + testIssuer, // stays when the port changes with a restart
		"KEYWRIGHT_STOP_DELAY=0s",
	}, more...)
}

// process is a server that runs.
type process struct {
	cmd                    *exec.Cmd
	stdout                 *os.File // not a pipe: what was written before the log line is there
	stderr                 *output
	public, admin, metrics string // URLs
	ended                  chan struct{}
	startedWithin          time.Duration
}

// output is what a process wrote so far.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{} // gets a value now and then after a write
}

func newOutput() *output { return &output{wrote: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.wrote <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// launch starts keywright in a folder and waits until it listens. It does not
// wait for the end; see stop and kill.
func launch(dir string, environ []string, args ...string) (*process, error) {
	stdout, err := os.CreateTemp(dir, "stdout-*")
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	p := &process{cmd: exec.Command("keywright", args...), stdout: stdout, stderr: newOutput(), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, environ
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	p.cmd.SysProcAttr = lifeline()
	started := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.ended)
	}()
	deadline := time.After(patience)
	for !p.findAddresses() {
		select {
		case <-p.stderr.wrote:
		case <-p.ended:
			if !p.findAddresses() {
				return nil, fmt.Errorf("keywright ended with %s:\n%s", p.cmd.ProcessState, p.stderr)
			}
		case <-deadline:
			p.kill()
			return nil, fmt.Errorf("keywright does not listen after %s:\n%s", patience, p.stderr)
		}
	}
	p.startedWithin = time.Since(started)
	return p, nil
}

// start launches a server that ends with the test.
func start(t testing.TB, environ []string, args ...string) *process {
	t.Helper()
	p, err := launch(t.TempDir(), environ, slices.Concat([]string{"serve"}, args)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// findAddresses reads the log for where the listeners are.
func (p *process) findAddresses() bool {
	for line := range strings.Lines(p.stderr.String()) {
		var entry struct{ Msg, Listener, URL string }
		if json.Unmarshal([]byte(line), &entry) != nil || entry.Msg != "listening" {
			continue
		}
		switch entry.Listener {
		case "public":
			p.public = entry.URL
		case "admin":
			p.admin = entry.URL
		case "metrics":
			p.metrics = entry.URL
		}
	}
	return p.public != "" && p.admin != "" && p.metrics != ""
}

// printed is what the process wrote to its standard output so far.
func (p *process) printed() (string, error) {
	text, err := os.ReadFile(p.stdout.Name())
	return string(text), err
}

// kill ends the process with SIGKILL.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.ended
}

// stop ends the process with SIGTERM and tells its exit code.
func (p *process) stop() (int, error) {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patience):
		p.kill()
		return 0, fmt.Errorf("keywright does not end after %s:\n%s", patience, p.stderr)
	}
}

// command runs keywright to its end and returns what it printed.
func command(t testing.TB, environ []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("keywright", args...)
	cmd.Env, cmd.Dir = environ, t.TempDir()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("keywright %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
