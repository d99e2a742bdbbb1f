package consoletest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// check asserts what holds for every page, as it is now.
func (p *tab) check() {
	p.t.Helper()
	for _, mistake := range mistakes(p.received()) {
		p.t.Errorf("%s: %s", p.path(), mistake)
	}
	if !p.noScript {
		for _, scheme := range []string{"dark", "light"} {
			p.scheme(scheme)
			for _, violation := range p.violations() {
				p.t.Errorf("%s, %s: %s", p.path(), scheme, violation)
			}
		}
		if ask[bool](p, "document.documentElement.scrollWidth > innerWidth") {
			p.t.Errorf("%s is wider than the window", p.path())
		}
	}
	p.complain()
}

// received is the page as the server sent it.
func (p *tab) received() string {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	for {
		p.mu.Lock()
		id := p.document
		p.mu.Unlock()
		got, err := chromedp.Call(ctx, network.GetResponseBody, network.GetResponseBodyParams{RequestID: id})
		if err == nil {
			return string(got.Body)
		}
		select { // the page may be shown before the browser has told of it
		case <-ctx.Done():
			p.t.Fatalf("read the page as it was sent: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// axe is the source of axe-core; empty if it is not there.
var axe = sync.OnceValues(func() (string, error) {
	folder := os.Getenv("KEYWRIGHT_NODE_PEERS")
	if folder == "" {
		return "", nil
	}
	source, err := os.ReadFile(filepath.Join(folder, "node_modules/axe-core/axe.min.js"))
	return string(source), err
})

// violations are what axe-core finds. It comes in by the debugger, which the
// content security policy does not bind.
func (p *tab) violations() []string {
	p.t.Helper()
	source, err := axe()
	must(p.t, err)
	if source == "" {
		if os.Getenv("REQUIRE_PEERS") == "1" {
			p.t.Fatal("KEYWRIGHT_NODE_PEERS is not set: there is no axe-core")
		}
		return nil
	}
	if !ask[bool](p, "typeof axe === 'object'") {
		ask[bool](p, source+"; true")
	}
	found := ask[[]struct {
		ID, Help string
		Nodes    []struct{ HTML, FailureSummary string }
	}](p, `axe.run(document, {resultTypes: ["violations"], iframes: false}).then((r) => r.violations.map((v) => (
		{ID: v.id, Help: v.help, Nodes: v.nodes.map((n) => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`, chromedp.EvalAwaitPromise)
	var all []string
	for _, violation := range found {
		raw, _ := json.Marshal(violation.Nodes) // strings always can
		all = append(all, violation.ID+": "+violation.Help+" "+strings.ReplaceAll(string(raw), `\n`, " "))
	}
	return all
}

// call sends a command to the tab.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	got, err := chromedp.Call(ctx, command, params)
	if err != nil {
		p.t.Fatalf("%s: %v", command.Method, err)
	}
	return got
}
