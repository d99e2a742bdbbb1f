package consoletest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"keywright/internal/testpg"
)

// patience bounds every wait for something that is to happen.
const patience = 20 * time.Second

// site is a running server with one organization, for one test alone.
type site struct {
	owner
	admin, public string // URLs
	environ       []string
	printed       string // the line on standard output of a new installation
}

// owner is who an organization was made for.
type owner struct {
	email, password string
	token           string // for the admin API
}

// onEachDatabase runs a test on SQLite and on Postgres, against a server whose
// organization has an owner.
//
// Each test has a server and a database of its own: what counts for a whole
// installation, such as tries at passwords and signing keys, is nobody else's.
// That costs less than an organization for each on one server would, because
// the database is a copy of one with an organization, which is made once:
// starting the program is quicker than hashing another password.
func onEachDatabase(t *testing.T, test func(t *testing.T, s *site)) {
	onBoth(t, copyOfSQLite, copyOfPostgres, func(t *testing.T, s *site) {
		s.start(t)
		test(t, s)
	})
}

// onEachEmptyDatabase is onEachDatabase without an organization and before the
// server is started.
func onEachEmptyDatabase(t *testing.T, test func(t *testing.T, s *site)) {
	empty := func(url string) *site { return &site{environ: environ(url)} }
	onBoth(t, func(t *testing.T) *site { return empty(sqliteIn(t.TempDir())) },
		func(t *testing.T) *site { return empty(testpg.New(t)) }, test)
}

func onBoth(t *testing.T, sqlite, postgres func(t *testing.T) *site, test func(t *testing.T, s *site)) {
	findBrowser(t)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, sqlite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, postgres(t))
	})
}

func environ(databaseURL string) []string {
	return []string{
		"KEYWRIGHT_DATABASE_URL=" + databaseURL,
		"KEYWRIGHT_MASTER_KEY=" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{42}, 32)),
		"KEYWRIGHT_PUBLIC_LISTEN=127.0.0.1:0",
		"KEYWRIGHT_ADMIN_LISTEN=127.0.0.1:0",
		"KEYWRIGHT_METRICS_LISTEN=127.0.0.1:0",
		"KEYWRIGHT_STOP_DELAY=0s",
	}
}

// start starts the server, which ends with the test.
func (s *site) start(t *testing.T) {
	t.Helper()
	path, err := program()
	must(t, err)
	cmd := exec.Command(path, "serve")
	cmd.Env = s.environ
	stdout, err := os.Create(filepath.Join(t.TempDir(), "stdout")) // no pipe: what was written before the log is there
	must(t, err)
	defer stdout.Close()
	cmd.Stdout = stdout
	stderr, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	read := make(chan struct{})
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-read
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the server ended with %s", cmd.ProcessState)
		}
	})
	listening := make(chan map[string]string, 1)
	go func() {
		defer close(read)
		s.readLog(t, stderr, listening)
	}()
	select {
	case urls := <-listening:
		s.admin, s.public = urls["admin"], urls["public"]
		printed, err := os.ReadFile(stdout.Name())
		must(t, err)
		s.printed = string(printed)
	case <-read:
		t.Fatal("the server did not start")
	case <-time.After(patience):
		t.Fatal("the server does not listen")
	}
}

// readLog tells where the listeners are, and reads on to the end. A panic or
// an answer of 500 fails the test.
func (s *site) readLog(t *testing.T, log io.Reader, listening chan<- map[string]string) {
	urls := map[string]string{}
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var entry struct {
			Msg, Listener, URL string
			Status             int
		}
		if json.Unmarshal(lines.Bytes(), &entry) != nil || entry.Msg == "panic" || entry.Status == http.StatusInternalServerError {
			t.Errorf("the server says: %s", lines.Text())
		}
		if entry.Msg == "listening" {
			if urls[entry.Listener] = entry.URL; len(urls) == 3 {
				listening <- urls
			}
		}
	}
}

// call sends a request to the admin API with the token of the organization,
// and reads the answer into out, if that is not nil.
func (s *site) call(t *testing.T, method, path string, in, out any) {
	t.Helper()
	body, err := json.Marshal(in)
	must(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, s.admin+path, bytes.NewReader(body))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+s.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	} else {
		req.Body, req.ContentLength = nil, 0
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, resp.StatusCode, raw)
	}
	if out != nil {
		must(t, json.Unmarshal(raw, out))
	}
}

// signIn returns a tab in which the owner is signed in.
func (s *site) signIn(t *testing.T) *tab {
	t.Helper()
	p := s.tab(t)
	p.open("/console/sign-in")
	p.signInAs(s.email, s.password)
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
