package testpg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a Postgres that one test may stop and start again.
type Server struct {
	bin    string
	dir    string // holds data/, the socket, log, and pid while it runs
	url    string
	as     *syscall.SysProcAttr
	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd and all its children have ended
	leash  io.Closer     // the watchdog acts when it is closed
	dog    *exec.Cmd
}

// Start starts a server for this test alone, and removes it afterwards.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := start(binaries(t))
	if err != nil {
		t.Fatalf("start Postgres: %v", err)
	}
	t.Cleanup(func() {
		if err := s.remove(); err != nil {
			t.Errorf("remove Postgres: %v", err)
		}
	})
	return s
}

// New returns the URL of an empty database of the server.
func (s *Server) New(t testing.TB) string {
	t.Helper()
	name := newName()
	if err := execute(s.url, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	return withDatabase(s.url, name)
}

// Stop ends the server as an operator would: connections are cut, what was
// committed is written. It returns when the process has ended.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.end(t, syscall.SIGINT)
}

// Kill ends the server without warning, and returns when all its processes
// have ended.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	s.end(t, syscall.SIGKILL)
}

func (s *Server) end(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.halt(signal); err != nil {
		t.Fatalf("end Postgres: %v", err)
	}
}

// Restart starts the server after Stop or Kill; its URLs stay the same. It
// returns when the server answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := s.run()
		if err == nil {
			return
		}
		// The children of a server that was killed hold its memory for a moment.
		if !strings.Contains(err.Error(), "is still in use") || time.Now().After(deadline) {
			t.Fatalf("restart Postgres: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// start makes a data folder and runs a server on it.
func start(bin string) (_ *Server, err error) {
	as, uid, err := unprivileged()
	if err != nil {
		return nil, err
	}
	// Not os.TempDir: the path of a socket is short, and the user who runs the
	// server must be able to reach it.
	dir, err := os.MkdirTemp("/tmp", "kwpg")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, as: as}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.remove())
		}
	}()
	if uid >= 0 {
		if err := os.Chown(dir, uid, -1); err != nil {
			return nil, err
		}
	}
	if err := s.watchdog(); err != nil {
		return nil, err
	}
	initdb := s.command("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.url = (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
		RawQuery: url.Values{"host": {dir}}.Encode()}).String()
	return s, s.run()
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// command runs a binary as the unprivileged user, in a process group of its
// own, so that an interrupt at the terminal is left to the watchdog.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = s.as
	return cmd
}

// run starts the server and waits until it answers.
func (s *Server) run() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	cmd := s.command("postgres", "-D", s.data(), "-k", s.dir,
		"-c", "listen_addresses=", "-c", "max_connections=300", "-c", "shared_buffers=64MB",
		// The process may be killed, the machine is not: what the system
		// holds in memory is there after a restart of the server.
		"-c", "fsync=off", "-c", "full_page_writes=off")
	// Not the file itself: Wait waits for the end of a pipe, and so for every
	// process of the server. After a kill, those that serve a connection
	// outlive the first one and would go on answering for a moment.
	output := struct{ io.Writer }{log}
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		return errors.Join(err, log.Close())
	}
	if err := os.WriteFile(s.pidFile(), []byte(strconv.Itoa(cmd.Process.Pid)+"\n"), 0o644); err != nil {
		return errors.Join(err, cmd.Process.Kill(), cmd.Wait(), log.Close())
	}
	s.cmd, s.exited = cmd, make(chan struct{})
	go func(exited chan struct{}) {
		cmd.Wait() // how it ended is in the log
		log.Close()
		close(exited)
	}(s.exited)
	return s.answers()
}

func (s *Server) pidFile() string { return filepath.Join(s.dir, "pid") }

// answers waits until the server takes connections.
func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("the server ended: %s", log)
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-time.After(5 * time.Millisecond): // there is no event to wait for
		}
	}
}

// halt ends the running server and waits for its end.
func (s *Server) halt(signal syscall.Signal) error {
	if s.cmd == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
	case <-time.After(patience):
		return errors.New("the server does not end")
	}
	s.cmd = nil
	return os.Remove(s.pidFile())
}

// remove ends the server and takes its folder away.
func (s *Server) remove() error {
	err := s.halt(syscall.SIGINT)
	if s.leash != nil {
		err = errors.Join(err, s.leash.Close(), s.dog.Wait())
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// watchdog starts a shell that waits for the end of this process, be it by
// exit, panic or kill: then the pipe that only this process holds is closed.
// It ends the server and removes the folder.
func (s *Server) watchdog() error {
	const script = `cat
if [ -f pid ]; then
  pid=$(cat pid)
  kill -INT "$pid"
  while kill -0 "$pid"; do sleep 0.05; done
fi
cd /
until rm -rf "$1"; do sleep 0.1; done`
	s.dog = exec.Command("/bin/sh", "-c", script, "watchdog", s.dir)
	s.dog.Dir = s.dir
	s.dog.SysProcAttr = s.as
	leash, err := s.dog.StdinPipe()
	if err != nil {
		return err
	}
	if err := s.dog.Start(); err != nil {
		return err
	}
	s.leash = leash
	return nil
}

// unprivileged returns how to start a process that is not root's, since
// Postgres refuses root, and the uid to own its files; -1 if we are not root.
func unprivileged() (*syscall.SysProcAttr, int, error) {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() != 0 {
		return attributes, -1, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, 0, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, 0, err
		}
		attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attributes, int(uid), nil
	}
	return nil, 0, errors.New("root may not run Postgres, and there is no user postgres or nobody")
}
