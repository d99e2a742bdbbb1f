package consoletest

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestPicturesOfDocuments looks for every picture that README.md and the
// documents show, and for one that none of them shows.
func TestPicturesOfDocuments(t *testing.T) {
	t.Parallel()
	const root = "../../.."
	documents, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	must(t, err)
	shown := map[string]bool{}
	for _, document := range append(documents, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(document)
		must(t, err)
		for _, image := range regexp.MustCompile(`(?:\]\(|src=")([^)"]+\.png)`).FindAllSubmatch(text, -1) {
			path := filepath.Join(filepath.Dir(document), string(image[1]))
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: %v", document, err)
			}
			shown[path] = true
		}
	}
	made, err := filepath.Glob(filepath.Join(root, "docs/images/*"))
	must(t, err)
	for _, path := range made {
		if !shown[path] {
			t.Errorf("no document shows %s", path)
		}
	}
	if len(shown) < 8 {
		t.Errorf("%d pictures are shown", len(shown))
	}
}
