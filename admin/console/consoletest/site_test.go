package consoletest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"keywright/internal/testpg"
	"keywright/internal/testserver"
)

// patience bounds every wait for something that is to happen.
const patience = 20 * time.Second

// program is the one that people run: with the race detector, which the tests
// of the other packages have, it takes twice as long, and one person in a
// browser does not race.
var program = testserver.PlainProgram

// site is a running server with one organization, for one test alone.
type site struct {
	owner
	database      string // its URL
	environ       []string
	admin, public string // URLs
	printed       string // the line on standard output of a new installation
}

func siteOn(database string, who owner) *site {
	return &site{owner: who, database: database, environ: testserver.Environment(database)}
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
	onBoth(t, func(t *testing.T) *site { return siteOn(sqliteIn(t.TempDir()), owner{}) },
		func(t *testing.T) *site { return siteOn(testpg.New(t), owner{}) }, test)
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

// start starts the server, which ends with the test.
func (s *site) start(t *testing.T) {
	t.Helper()
	path, err := program()
	must(t, err)
	p, err := testserver.Launch(path, t.TempDir(), s.environ, "serve")
	must(t, err)
	t.Cleanup(func() {
		if code, err := p.Stop(); err != nil || code != 0 {
			t.Errorf("the server ended with %d, %v", code, err)
		}
		hadNoTrouble(t, p.Log.String())
	})
	s.admin, s.public = p.Admin, p.Public
	s.printed, err = p.Printed()
	must(t, err)
}

// hadNoTrouble reads the log of a server: a panic or an answer of 500 fails the
// test.
func hadNoTrouble(t *testing.T, log string) {
	t.Helper()
	for line := range strings.Lines(log) {
		var entry struct {
			Msg    string
			Status int
		}
		if json.Unmarshal([]byte(line), &entry) != nil || entry.Msg == "panic" || entry.Status == http.StatusInternalServerError {
			t.Errorf("the server says: %s", line)
		}
	}
}

// signIn returns a tab in which the owner is signed in.
func (s *site) signIn(t *testing.T) *tab {
	t.Helper()
	return s.tab(t).signIn()
}

// signIn signs the owner in.
func (p *tab) signIn() *tab {
	p.t.Helper()
	p.open("/console/sign-in")
	p.signInAs(p.site.email, p.site.password)
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
