package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module   = "keywright"
	root     = "../.."
	anything = "*"
)

// arrows says which of our packages each package may import.
var arrows = map[string][]string{
	"admin":                     {"registry", "internal/signin", "internal/web"},
	"admin/console":             {"registry", "internal/onetime", "internal/signin", "internal/web"},
	"admin/console/consoletest": {},
	"cmd/keywright":             {anything},
	"cmd/keywright/historytest": {},
	"configs":                   {"registry", "storage", "metrics", "oauth", "admin", "internal/seal", "internal/web"},
	"internal/arch":             {},
	"internal/guess":            {"registry"},
	"internal/jwk":              {"registry"},
	"internal/onetime":          {},
	"internal/password":         {},
	"internal/replica":          {"registry"},
	"internal/seal":             {},
	"internal/signin":           {"registry", "internal/guess", "internal/web"},
	"internal/testaddr":         {},
	"internal/testotp":          {},
	"internal/testpg":           {},
	"internal/testserver":       {},
	"internal/vault":            {"registry", "internal/seal"},
	"internal/web":              {"registry"},
	"metrics":                   {"registry"},
	"migrations":                {},
	"oauth":                     {"registry", "oauth/signing", "internal/web"},
	"oauth/signing":             {"registry", "internal/vault", "internal/seal"},
	"registry":                  {},
	"storage":                   {"registry", "migrations"},
	"storage/storagetest":       {"registry", "migrations", "storage", "internal/testpg"},
}

// testArrows says what the test files of a package may import besides, and
// under "" what those of every package may: a real database with real keys.
var testArrows = map[string][]string{
	"":              {"registry", "migrations", "storage", "storage/storagetest", "internal/testotp", "internal/testpg", "internal/testserver", "internal/testaddr", "internal/jwk", "internal/seal", "internal/vault"},
	"admin":         {"oauth/signing", "internal/guess", "internal/web", "internal/onetime"},
	"configs":       {anything},
	"oauth":         {"oauth/signing", "internal/guess", "internal/replica", "internal/web"},
	"oauth/signing": {"oauth/signing"},
}

// wrapped says which packages may name a library, by the front of its path.
// A library that is not listed may be used anywhere but where plain forbids it.
var wrapped = map[string][]string{
	"github.com/alexedwards/scs":        {"internal/signin"},
	"github.com/anishathalye/porcupine": {"cmd/keywright/historytest"},
	"github.com/chromedp":               {"admin/console/consoletest"},
	"github.com/danielgtaylor/huma":     {"admin"},
	"github.com/gin-gonic/gin":          {"admin", "admin/console", "oauth", "internal/web"},
	"github.com/go-jose/go-jose/v3":     {"oauth"}, // fosite's
	"github.com/jackc/pgx":              {"storage", "storage/storagetest", "internal/testpg"},
	"github.com/knadh/koanf":            {"configs"},
	"github.com/maypok86/otter":         {"internal/replica", "oauth/signing"},
	"github.com/ory":                    {"oauth"},
	"github.com/pquerna/otp":            {"internal/onetime"},
	"github.com/pressly/goose":          {"storage"},
	"github.com/prometheus":             {"metrics"},
	"github.com/spf13/cobra":            {"cmd/keywright"},
	"github.com/uptrace/bun":            {"storage"},
	"golang.org/x/time":                 {"internal/guess"},
	"modernc.org/sqlite":                {"storage", "storage/storagetest"},
}

// testWrapped says which packages may name a library in their test files besides.
var testWrapped = map[string][]string{
	"github.com/gin-gonic/gin": {"cmd/keywright"},
	"github.com/knadh/koanf":   {"cmd/keywright"},
}

// plain packages use the standard library alone.
var plain = []string{"registry", "migrations", "internal/arch"}

// source is one import in one file.
type source struct {
	file string // from the root
	pkg  string // its folder
	test bool
	path string // what it imports
}

func (s source) String() string { return fmt.Sprintf("%s imports %q", s.file, s.path) }

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, s := range imports(t) {
		allowed, known := arrows[s.pkg]
		if !known {
			t.Errorf("%s: add a line for package %q to arrows in internal/arch/arch_test.go", s.file, s.pkg)
			continue
		}
		target, ours := strings.CutPrefix(s.path, module+"/")
		if !ours {
			continue
		}
		if s.test {
			allowed = slices.Concat(allowed, testArrows[""], testArrows[s.pkg], []string{s.pkg})
		}
		if !slices.Contains(allowed, anything) && !slices.Contains(allowed, target) {
			t.Errorf("%s: hand it in as a value or small interface, or add the arrow to internal/arch/arch_test.go with a good reason", s)
		}
	}
}

func TestWrappedLibraries(t *testing.T) {
	t.Parallel()
	for _, s := range imports(t) {
		for library, allowed := range wrapped {
			if s.path != library && !strings.HasPrefix(s.path, library+"/") {
				continue
			}
			if s.test {
				allowed = slices.Concat(allowed, testWrapped[library])
			}
			if !slices.Contains(allowed, s.pkg) {
				t.Errorf("%s: only %s may name it; use what that package offers", s, strings.Join(allowed, ", "))
			}
		}
	}
}

func TestPlainPackages(t *testing.T) {
	t.Parallel()
	for _, s := range imports(t) {
		first, _, _ := strings.Cut(s.path, "/")
		if !s.test && slices.Contains(plain, s.pkg) && strings.Contains(first, ".") {
			t.Errorf("%s: %s uses the standard library alone; take what it needs as a port", s, s.pkg)
		}
	}
}

// TestEveryLineIsUsed keeps the tables as small as the code.
func TestEveryLineIsUsed(t *testing.T) {
	t.Parallel()
	for pkg := range arrows {
		if files, _ := filepath.Glob(filepath.Join(root, pkg, "*.go")); len(files) == 0 {
			t.Errorf("package %q is gone: take its line out of arrows in internal/arch/arch_test.go", pkg)
		}
	}
}

// imports parses every Go file of the module. It reads the sources itself,
// because the result of a test that runs another program is cached without
// regard to what that program read.
func imports(t *testing.T) []source {
	t.Helper()
	var all []source
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := name != "." && strings.HasPrefix(d.Name(), ".")
			if hidden || d.Name() == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := source{file: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go")}
		for _, spec := range f.Imports {
			if s.path, err = strconv.Unquote(spec.Path.Value); err != nil {
				return err
			}
			all = append(all, s)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no sources found: is root right?")
	}
	return all
}
