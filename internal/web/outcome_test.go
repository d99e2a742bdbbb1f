package web

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"keywright/registry"
)

const docs = "../../docs/errors.md"

func TestEveryCodeHasAnOutcome(t *testing.T) {
	t.Parallel()
	for name, code := range codes(t, "../../registry", ".") {
		if _, ok := outcomes[code]; !ok {
			t.Errorf("%s: add a line for %q to outcomes", name, code)
		}
	}
}

func TestEveryCodeAndCauseIsDocumented(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	problems, rest, _ := strings.Cut(string(raw), "\n## OAuth endpoints\n")
	answers, causes, found := strings.Cut(rest, "\n## Causes\n")
	if !found {
		t.Fatal("the sections are gone")
	}
	for name, code := range codes(t, "../../registry", ".") {
		if !strings.Contains(problems, "| `"+code+"` |") && !strings.Contains(answers, "| `"+code+"` |") {
			t.Errorf("%s: docs/errors.md has no row for %q", name, code)
		}
	}
	for name, code := range codes(t, "../../oauth") {
		if !strings.Contains(answers, "| `"+code+"` |") {
			t.Errorf("%s: docs/errors.md has no row for %q", name, code)
		}
	}
	rows := 0
	for cause := registry.CauseNone; cause.String() != "unknown"; cause++ {
		rows++
		if !strings.Contains(causes, "\n| `"+cause.String()+"` |") {
			t.Errorf("docs/errors.md has no row for the cause %q", cause)
		}
	}
	if got := strings.Count(causes, "\n| `"); got != rows {
		t.Errorf("docs/errors.md has %d causes, want %d", got, rows)
	}
}

// codes returns the string constants of the packages whose names begin with
// Code or code.
func codes(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				spec, ok := n.(*ast.ValueSpec)
				if !ok || len(spec.Values) != 1 || !strings.HasPrefix(strings.ToLower(spec.Names[0].Name), "code") {
					return true
				}
				if value, ok := spec.Values[0].(*ast.BasicLit); ok && value.Kind == token.STRING {
					code, err := strconv.Unquote(value.Value)
					if err != nil {
						t.Fatal(err)
					}
					found[folder+" "+spec.Names[0].Name] = code
				}
				return true
			})
		}
		if len(found) == 0 {
			t.Fatalf("no codes found in %s", folder)
		}
	}
	return found
}
