package consoletest

import (
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axe is the source of axe-core; empty if it is not there.
var axe = sync.OnceValues(func() (string, error) {
	folder := os.Getenv("KEYWRIGHT_NODE_PEERS")
	if folder == "" {
		return "", nil
	}
	source, err := os.ReadFile(filepath.Join(folder, "node_modules/axe-core/axe.min.js"))
	return string(source), err
})

var (
	// skeleton is an expression for a page without what was filled into it.
	//go:embed testdata/skeleton.js
	skeleton string

	// judged has the skeletons that axe-core has seen, or is about to see.
	judged sync.Map
)

// accessible lets axe-core judge the page in the light and in the dark scheme.
//
// It takes longer than anything else here, and the same page comes by in many
// tests and on both databases. So it looks at each skeleton once in a run: the
// elements and their attributes with all that its rules go by, but for texts,
// addresses and how often a row is repeated. A page that differs in anything
// else, such as a badge, an error or a dialog that is open, is judged anew.
// Whoever comes first judges, and fails its test.
func (p *tab) accessible() {
	p.t.Helper()
	source, err := axe()
	must(p.t, err)
	switch {
	case source == "" && os.Getenv("REQUIRE_PEERS") == "1":
		p.t.Fatal("KEYWRIGHT_NODE_PEERS is not set: there is no axe-core")
	case source == "":
		return
	}
	if _, known := judged.LoadOrStore(ask[string](p, skeleton), true); known {
		return
	}
	if !ask[bool](p, "typeof axe === 'object'") { // htmx keeps it from page to page
		ask[bool](p, source+"; true")
	}
	for _, scheme := range []string{"dark", "light"} { // every tab is light
		p.scheme(scheme)
		for _, violation := range p.violations() {
			p.t.Errorf("%s, %s: %s", p.path(), scheme, violation)
		}
	}
}

// violations are what axe-core finds. It came in by the debugger, which the
// content security policy does not bind.
func (p *tab) violations() []string {
	p.t.Helper()
	found := ask[[]struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}](p, `axe.run(document, {resultTypes: ["violations"], iframes: false, rules: {"target-size": {enabled: true}}}).then((r) => r.violations.map((v) => (
		{ID: v.id, Help: v.help, Nodes: v.nodes.map((n) => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`, chromedp.EvalAwaitPromise)
	var all []string
	for _, violation := range found {
		raw, _ := json.Marshal(violation.Nodes) // strings always can
		all = append(all, violation.ID+": "+violation.Help+" "+strings.ReplaceAll(string(raw), `\n`, " "))
	}
	return all
}
