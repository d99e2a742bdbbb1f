package registry_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"keywright/registry"
)

// TestEveryCauseIsExplained also holds the document to the words of the program.
func TestEveryCauseIsExplained(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	causes := 0
	for c := registry.CauseNone; c.String() != "unknown"; c++ {
		causes++
		if c.Meaning() == "" || c.Advice() == "" {
			t.Errorf("%s is not explained: add it to explanations", c)
		}
		if row := fmt.Sprintf("| `%s` | %s | %s |\n", c, c.Meaning(), c.Advice()); !strings.Contains(string(document), row) {
			t.Errorf("docs/errors.md lacks the row %s", row)
		}
	}
	if causes < 40 || registry.Cause(255).Meaning() == "" {
		t.Errorf("got %d causes", causes)
	}
}
