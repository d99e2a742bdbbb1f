package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for something that is to happen.
const patience = 30 * time.Second

// Process is a server that runs.
type Process struct {
	Addresses
	Log           *Output // what it writes to its standard error
	Ended         chan struct{}
	StartedWithin time.Duration

	cmd    *exec.Cmd
	stdout string // a file, not a pipe: what was written before the log line is there
}

// Launch starts a program in a folder and waits until it listens. It does not
// wait for the end; see Stop and Kill.
func Launch(program, dir string, environ []string, args ...string) (*Process, error) {
	stdout, err := os.CreateTemp(dir, "stdout-*")
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	p := &Process{cmd: exec.Command(program, args...), stdout: stdout.Name(), Log: NewOutput(), Ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = dir, environ
	p.cmd.Stdout, p.cmd.Stderr = stdout, p.Log
	p.cmd.SysProcAttr = Lifeline()
	started := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in ProcessState
		close(p.Ended)
	}()
	if err := p.awaitAddresses(); err != nil {
		return nil, err
	}
	p.StartedWithin = time.Since(started)
	return p, nil
}

func (p *Process) awaitAddresses() error {
	deadline := time.After(patience)
	for {
		var listens bool
		if p.Addresses, listens = FindAddresses(p.Log.String()); listens {
			return nil
		}
		select {
		case <-p.Log.Wrote:
		case <-p.Ended:
			if p.Addresses, listens = FindAddresses(p.Log.String()); !listens {
				return fmt.Errorf("keywright ended with %s:\n%s", p.cmd.ProcessState, p.Log)
			}
			return nil
		case <-deadline:
			p.Kill()
			return fmt.Errorf("keywright does not listen after %s:\n%s", patience, p.Log)
		}
	}
}

// Start launches a program as a server that ends with the test.
func Start(t testing.TB, program string, environ []string) *Process {
	t.Helper()
	p, err := Launch(program, t.TempDir(), environ, "serve")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

// Printed is what the process wrote to its standard output so far.
func (p *Process) Printed() (string, error) {
	text, err := os.ReadFile(p.stdout)
	return string(text), err
}

// Signal sends the process a signal, such as SIGSTOP and SIGCONT.
func (p *Process) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Kill ends the process with SIGKILL.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.Ended
}

// Stop ends the process with SIGTERM and tells its exit code.
func (p *Process) Stop() (int, error) {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	select {
	case <-p.Ended:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patience):
		p.Kill()
		return 0, fmt.Errorf("keywright does not end after %s:\n%s", patience, p.Log)
	}
}
