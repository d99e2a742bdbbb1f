package consoletest

import (
	"fmt"
	"net/http"
	"testing"
)

// TestSuggestions types a part of a project's name where there are more
// projects than a select offers, on a page and in the panel over a list.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		for i := range 201 {
			s.call(t, http.MethodPost, "/v1/projects", map[string]any{"name": fmt.Sprintf("Project %d", i)}, nil)
		}
		s.call(t, http.MethodPost, "/v1/scopes", map[string]any{"name": "documents"}, nil)
		p := s.signIn(t)
		p.open("/console/clients")
		p.check()
		p.press("Add OAuth 2.0 API credentials")
		p.until("open the panel", `document.querySelector("dialog.panel:modal")`)
		p.fill("Name", "Importer")
		p.tick("documents")
		p.fill("Project", "Project 20")
		p.until("suggest", field("Project")+`.list.options.length === 2`) // 20 and 200
		p.check()
		p.screenshot("pick")
		p.fill("Project", ask[string](p, field("Project")+`.list.options[1].value`))
		p.until("sum it up", seen+`.includes("the project Project 20")`)
		p.press("Generate credentials")
		p.sees("is shown this once")

		p.open("/console/clients")
		p.fill("Project", "Project 20")
		p.sees("Importer")
		p.fill("Project", "Project 21")
		p.sees("No client fits.")
	})
}
