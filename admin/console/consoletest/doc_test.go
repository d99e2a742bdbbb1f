package consoletest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// TestDocNamesTests keeps the tests that doc.go names from being renamed.
func TestDocNamesTests(t *testing.T) {
	t.Parallel()
	var tests []string
	for _, pattern := range []string{"*_test.go", "../*_test.go"} {
		files, err := filepath.Glob(pattern)
		must(t, err)
		for _, file := range files {
			source, err := os.ReadFile(file)
			must(t, err)
			for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
				tests = append(tests, string(found[1]))
			}
		}
	}
	doc, err := os.ReadFile("doc.go")
	must(t, err)
	named := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(doc), -1)
	for _, name := range named {
		if name != "TestRenameARole" && !slices.Contains(tests, name) { // but for the example
			t.Errorf("there is no %s", name)
		}
	}
}
