package consoletest

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// focused is an expression for what has the focus: its label, or its text.
const focused = `((e) => !e || e === document.body ? "nothing" :
	((e.labels?.length ? e.labels[0].innerText : "") || e.getAttribute("aria-label") || e.innerText || e.id).replace(/\s+/g, " ").trim())(document.activeElement)`

// tabTo presses Tab until something of that name has the focus. Whatever has
// it on the way must be on the screen and be marked.
func (p *tab) tabTo(name string) {
	p.t.Helper()
	for range 80 {
		p.key(kb.Tab)
		hidden := ask[string](p, `((e) => {
			if (!e || e === document.body) return ""; // the browser's own
			const r = e.getBoundingClientRect(), s = getComputedStyle(e);
			if (r.width < 1 || r.bottom < 0 || r.top > innerHeight || r.right < 0 || r.left > innerWidth) return "is not on the screen";
			return s.outlineStyle === "none" || parseFloat(s.outlineWidth) < 1 ? "is not marked" : "";
		})(document.activeElement)`)
		got := ask[string](p, focused)
		if hidden != "" {
			p.t.Errorf("%s: the focus is on %q, which %s", p.path(), got, hidden)
		}
		if got == name {
			return
		}
	}
	p.t.Fatalf("%s: the keyboard does not get to %q", p.path(), name)
}

// hasFocus waits until what has the focus is called that.
func (p *tab) hasFocus(name string) {
	p.t.Helper()
	p.until(fmt.Sprintf("focus %q", name), focused+" === "+quote(name))
}

// types sends a text by the keyboard to what has the focus.
func (p *tab) types(text string) {
	p.t.Helper()
	p.do("type "+text, chromedp.KeyEvent(text))
}

// TestKeyboardAlone signs in, finds a client, disables it by the menu of its
// row, and makes another in the panel, without a mouse.
func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.call(t, http.MethodPost, "/v1/scopes", map[string]any{"name": "documents"}, nil)
		s.makeClient(t, map[string]any{"name": "Importer", "scopes": []string{"documents"}})
		s.makeClient(t, map[string]any{"name": "Exporter", "scopes": []string{"documents"}})
		p := s.tab(t)
		folder := p.keepDownloads()
		p.open("/console/sign-in")
		p.hasFocus("E-mail")
		p.types(s.email)
		p.tabTo("Password")
		p.types(s.password + kb.Enter)
		p.arrives("/console")

		p.open("/console")
		p.tabTo("Skip to the content")
		p.key(kb.Enter)
		p.until("skip", `document.activeElement.id === "main"`)
		p.open("/console")
		p.tabTo("Clients")
		p.key(kb.Enter)
		p.arrives("/console/clients")
		p.until("go on in the new page", `document.activeElement.id === "main"`)

		p.tabTo("Search")
		p.types("imp")
		p.until("narrow the list", `!document.body.innerText.includes("Exporter") && location.search.includes("q=imp")`)
		p.hasFocus("Search")

		p.tabTo("Actions for Importer")
		p.key(kb.Enter)
		p.until("open the menu", `document.querySelector(".menu:popover-open")`)
		p.tabTo("Disable…")
		p.key(kb.Enter)
		p.until("ask first", `document.querySelector("dialog:modal")?.contains(document.activeElement)`)
		p.key(kb.Escape)
		p.until("close it", `!document.querySelector("dialog:modal")`)
		p.hasFocus("Actions for Importer")
		p.key(kb.Enter)
		p.tabTo("Disable…")
		p.key(kb.Enter)
		p.hasFocus("Type Importer to confirm")
		p.types("Importer" + kb.Enter)
		p.sees("The client is disabled.")
		p.until("keep the focus in the page", `document.activeElement.id === "main"`)
		p.sees("disabled")

		p.makesByKeys(folder)
		p.check()
	})
}

// makesByKeys makes the client Archiver in the panel.
func (p *tab) makesByKeys(folder string) {
	p.t.Helper()
	p.tabTo("Add OAuth 2.0 API credentials")
	p.key(kb.Enter)
	p.until("open the panel", `document.querySelector("dialog.panel:modal")`)
	p.hasFocus("Name")
	p.types("Archiver")
	p.tabTo("documents")
	p.key(" ")
	p.until("tick by the space bar", `document.activeElement.checked`)
	p.tabTo("Generate credentials")
	p.key(kb.Enter)
	p.until("show it once", `document.querySelector("dialog[data-once]:modal")`)
	id := p.shown("the client id")
	p.key(kb.Escape)
	p.tabTo("Copy the client secret")
	p.key(kb.Enter)
	p.sees("Copied the client secret.")
	p.tabTo("Download JSON")
	p.key(kb.Enter)
	downloaded(p.t, filepath.Join(folder, id+".json"))
	p.tabTo("Add credentials")
	p.key(kb.Enter)
	p.sees("Archiver")
	p.until("add them", `!document.querySelector("dialog:modal")`)
}
