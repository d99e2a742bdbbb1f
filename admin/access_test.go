package admin_test

import (
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"keywright/registry"
	"keywright/storage/storagetest"
)

// The tests of this file hold docs/access.md and the code together. The tables
// there say who may what; callers says how to become one of their columns, and
// attempts how to ask for what one of their rows says.

const accessFile = "../docs/access.md"

// accessDocument is what docs/access.md says.
type accessDocument struct {
	words map[string]answer
	rows  []accessRow
}

// accessRow is an operation and the word for each column.
type accessRow struct {
	name  string // with what is said behind the operation
	cells []string
}

// operation is the method and path template that the row begins with.
func (r accessRow) operation() operation {
	parts := strings.SplitN(r.name, " ", 3)
	return operation{parts[0], parts[1]}
}

// plain tells whether the row is about the operation as such.
func (r accessRow) plain() bool { return r.name == r.operation().String() }

// answer is what a word of the document stands for.
type answer struct {
	status string // "2xx", three digits, or empty where nothing is asked
	code   string
}

func (a answer) String() string { return strings.TrimSpace(a.status + " " + a.code) }

// TestAccess performs every cell of docs/access.md, each on a thing of its own.
func TestAccess(t *testing.T) {
	t.Parallel()
	document := readAccess(t)
	each(t, func(t *testing.T, in *installation) {
		stage := in.stage(t)
		for _, row := range document.rows {
			t.Run(row.name, func(t *testing.T) {
				for i, caller := range callers {
					want := document.words[row.cells[i]]
					if want.status == "" {
						continue
					}
					if got := stage.scene(t, caller, attempts[row.name].alone).perform(row); got != want {
						t.Errorf("%s: got %s, want %s", caller.column, got, want)
					}
				}
			})
		}
	})
}

// TestAccessElsewhere performs every cell that says yes on a thing of another
// organization. The exceptions are about one's own.
func TestAccessElsewhere(t *testing.T) {
	t.Parallel()
	document := readAccess(t)
	stage := install(t, storagetest.Open(t, storagetest.SQLite)).stage(t)
	for _, row := range document.rows {
		if !row.plain() || !strings.Contains(row.name, "{") {
			continue
		}
		t.Run(row.name, func(t *testing.T) {
			for i, caller := range callers {
				if row.cells[i] != "yes" {
					continue
				}
				s := stage.scene(t, caller, false)
				s.happensIn(stage.elsewhere)
				if got, want := s.perform(row), (answer{"404", registry.CodeNotFound}); got != want {
					t.Errorf("%s: got %s, want %s", caller.column, got, want)
				}
			}
		})
	}
}

// TestAccessIsWhole compares the rows with the routes that are really mounted,
// and with the attempts.
func TestAccessIsWhole(t *testing.T) {
	t.Parallel()
	document := readAccess(t)
	said := map[operation]bool{}
	rows := map[string]bool{}
	for _, row := range document.rows {
		if rows[row.name] {
			t.Errorf("%s: the row is there twice", row.name)
		}
		rows[row.name] = true
		if _, ok := attempts[row.name]; !ok {
			t.Errorf("%s: say in attempts how to ask for it", row.name)
		}
		if row.plain() {
			said[row.operation()] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(attempts)) {
		if !rows[name] {
			t.Errorf("%s: there is an attempt, and no row in %s", name, accessFile)
		}
	}

	mounted := map[operation]bool{}
	for _, op := range install(t, storagetest.Open(t, storagetest.SQLite)).routes() {
		mounted[op] = true
		if !said[op] {
			t.Errorf("%s is a route: say in %s who may", op, accessFile)
		}
	}
	for _, row := range document.rows {
		if !mounted[row.operation()] {
			t.Errorf("%s: there is no such route", row.name)
		}
	}
}

func (op operation) String() string { return op.method + " " + op.path }

var ginParameter = regexp.MustCompile(`[:*]([A-Za-z]+)`)

// routes are those of the engine itself, whether a document describes them or not.
func (in *installation) routes() []operation {
	var all []operation
	for _, route := range in.Config.Handler.(*gin.Engine).Routes() {
		all = append(all, operation{route.Method, ginParameter.ReplaceAllString(route.Path, "{$1}")})
	}
	return all
}

// perform sends what the row says, and tells what came back.
func (s *scene) perform(row accessRow) answer {
	s.t.Helper()
	attempt := attempts[row.name]
	if attempt.before != nil {
		attempt.before(s)
	}
	op := row.operation()
	path, body := s.fill(op.path), s.fill(attempt.body)
	if strings.Contains(path, "{") {
		s.t.Fatalf("%s: nothing was made to fill %s with", row.name, path)
	}
	return s.ask(op.method, path, body)
}

// ask sends one request as the caller.
func (s *scene) ask(method, path, body string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, strings.NewReader(body))
	must(s.t, err)
	if cookie, ok := strings.CutPrefix(s.credential, asCookie); ok {
		req.AddCookie(&http.Cookie{Name: "keywright", Value: cookie})
	} else if s.credential != "" {
		req.Header.Set("Authorization", "Bearer "+s.credential)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.Client().Do(req)
	must(s.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(s.t, err)
	if resp.StatusCode/100 == 2 {
		return answer{status: "2xx"}
	}
	return answer{strconv.Itoa(resp.StatusCode), codeOf(raw)}
}

var problemCode = regexp.MustCompile(`"code":"([a-z_]+)"`)

// codeOf is the code of a problem, or what stands there instead.
func codeOf(raw []byte) string {
	if found := problemCode.FindSubmatch(raw); found != nil {
		return string(found[1])
	}
	return string(raw)
}

// readAccess reads the tables of docs/access.md: the one that says what the
// words mean, and those of operations.
func readAccess(t *testing.T) accessDocument {
	t.Helper()
	raw, err := os.ReadFile(accessFile)
	must(t, err)
	document := accessDocument{words: map[string]answer{}}
	columns := []string{"operation"}
	for _, c := range callers {
		columns = append(columns, c.column)
	}
	table := ""
	for line := range strings.Lines(string(raw)) {
		cells, ok := tableCells(line)
		switch {
		case !ok:
			table = ""
		case table == "":
			if table = cells[0]; table == "operation" && !cmp.Equal(cells, columns) {
				t.Fatalf("%s: got the columns %q, want %q", accessFile, cells, columns)
			}
		case strings.Trim(cells[0], "-") == "": // the rule below the heading
		case table == "word":
			document.words[cells[0]] = meaning(cells[1])
		case table == "operation":
			document.rows = append(document.rows, accessRow{strings.ReplaceAll(cells[0], "`", ""), cells[1:]})
		}
	}
	if len(document.rows) == 0 {
		t.Fatalf("%s has no rows", accessFile)
	}
	for _, row := range document.rows {
		if len(row.cells) != len(callers) {
			t.Fatalf("%s: got %d cells, want %d", row.name, len(row.cells), len(callers))
		}
		for _, word := range row.cells {
			if _, ok := document.words[word]; !ok {
				t.Fatalf("%s: the word %q is not explained", row.name, word)
			}
		}
	}
	return document
}

// tableCells splits a line of a table; other lines are not ok.
func tableCells(line string) (cells []string, ok bool) {
	line, ok = strings.CutPrefix(strings.TrimSpace(line), "|")
	if !ok {
		return nil, false
	}
	for cell := range strings.SplitSeq(strings.TrimSuffix(line, "|"), "|") {
		cells = append(cells, strings.TrimSpace(cell))
	}
	return cells, true
}

var (
	meaningStatus = regexp.MustCompile(`^(2xx|\d{3})\b`)
	meaningCode   = regexp.MustCompile("`([a-z_]+)`")
)

// meaning reads what a word stands for, such as "404 `not_found`".
func meaning(text string) answer {
	a := answer{status: meaningStatus.FindString(text)}
	if code := meaningCode.FindStringSubmatch(text); code != nil {
		a.code = code[1]
	}
	return a
}
