package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keywright/registry"
)

const apiDocument = "../../docs/api.md"

// block is a fenced block of a document and the output it shows, if any.
type block struct {
	line     int
	section  string // the heading above it
	language string
	script   string
	output   string
	shows    bool
}

// blocks reads the blocks of a Markdown document, each with the output block
// that follows it.
func blocks(t *testing.T, path string) []block {
	t.Helper()
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	section, fence, begun := "", "", 0
	var text strings.Builder
	for i, line := range strings.Split(string(document), "\n") {
		switch info, isFence := strings.CutPrefix(line, "```"); {
		case isFence && begun == 0:
			fence, begun = info, i+1
			text.Reset()
		case isFence:
			if fence == "output" {
				last := &all[len(all)-1]
				last.output, last.shows = text.String(), true
			} else {
				all = append(all, block{line: begun, section: section, language: fence, script: text.String()})
			}
			begun = 0
		case begun > 0:
			text.WriteString(line + "\n")
		case strings.HasPrefix(line, "## "):
			section = strings.TrimPrefix(line, "## ")
		}
	}
	return all
}

// TestAPIDocument runs the walk of docs/api.md in one shell against a fresh
// server, and compares what each step prints with what the document shows.
func TestAPIDocument(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("the document needs %s", tool)
		}
	}
	steps := blocksOf(t, apiDocument, "", "sh")
	onEachDatabase(t, func(t *testing.T, databaseURL string) {
		environ := environment(databaseURL)
		in := tenant(t, environ, "bootstrap", "--organization", "Example", "--email", "you@example.com", "--json")
		server := start(t, environ)
		runShell(t, steps, "ADMIN="+server.admin, "PUBLIC="+server.public, "TOKEN="+in.adminToken)
	})
}

// runShell runs blocks in one shell, and compares what each prints with what
// the document shows.
func runShell(t *testing.T, steps []block, environ ...string) {
	t.Helper()
	// Each step ends with a line that tells it from the next.
	const end = "\x1eend of a step"
	var script strings.Builder
	for _, step := range steps {
		fmt.Fprintf(&script, "%s\nprintf '%%s\\n' '%s'\n", step.script, end)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script.String())
	cmd.Env, cmd.Dir = slices.Concat(environ, []string{"PATH=" + os.Getenv("PATH")}), t.TempDir()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	printed := strings.Split(string(out), end+"\n")
	if err != nil {
		t.Fatalf("the step of line %d ends with %v and prints\n%s%s", steps[len(printed)-1].line, err, printed[len(printed)-1], stderr.String())
	}
	for i, step := range steps {
		step.compare(t, printed[i])
	}
}

// compare holds what a block printed against what the document shows.
func (b block) compare(t *testing.T, printed string) {
	t.Helper()
	if b.shows && !pattern(b.output).MatchString(printed) {
		t.Errorf("the block of line %d prints\n%sand the document shows\n%s", b.line, printed, b.output)
	}
}

// blocksOf are those of one language, in a section or, where that is empty, in all.
func blocksOf(t *testing.T, path, section, language string) []block {
	t.Helper()
	found := slices.DeleteFunc(blocks(t, path), func(b block) bool {
		return b.language != language || section != "" && b.section != section
	})
	if len(found) == 0 {
		t.Fatalf("%s has no %s in %q", path, language, section)
	}
	return found
}

// pattern is what a document shows, in which … stands for anything on a line.
func pattern(shown string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(shown), "…", ".*") + "$")
}

// TestAPIDocumentVectors checks the vectors that docs/api.md gives for the
// form of secrets.
func TestAPIDocumentVectors(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(apiDocument)
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `((kw[st]_)[0-9a-zA-Z]+)` \\| (well-formed|wrong)").FindAllStringSubmatch(string(document), -1)
	if len(rows) != 5 {
		t.Fatalf("found %d vectors", len(rows))
	}
	for _, row := range rows {
		if _, ok := registry.ParseSecretText(row[2], row[1]); ok != (row[3] == "well-formed") {
			t.Errorf("%s is not %s", row[1], row[3])
		}
	}
}
