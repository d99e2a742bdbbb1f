package consoletest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	browsers "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is one tab of the browser, with cookies of its own.
type tab struct {
	t        *testing.T
	ctx      context.Context
	site     *site
	noScript bool

	mu       sync.Mutex
	problems []string          // what the browser complained of
	document network.RequestID // the last page that was received
	loading  bool              // another page, in place of this one
}

// tab opens one, which closes with the test.
func (s *site) tab(t *testing.T) *tab {
	t.Helper()
	parent, err := browser()
	must(t, err)
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx, site: s}
	must(t, chromedp.Listen(ctx, p.hear))
	call(p, network.Enable, network.EnableParams{})
	call(p, page.Enable, page.EnableParams{})
	p.scheme("light")
	// The headless shell asks whether a page may copy, and nobody is there to say so.
	call(p, browsers.SetPermission, browsers.SetPermissionParams{
		Permission: &browsers.PermissionDescriptor{Name: "clipboard-write"}, Setting: browsers.PermissionSettingGranted,
		BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
	})
	t.Cleanup(p.complain) // before the tab is closed
	return p
}

// withoutScript is a tab in which no script runs.
func (s *site) withoutScript(t *testing.T) *tab {
	t.Helper()
	p := s.tab(t)
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.noScript = true
	return p
}

// hear notes what the browser complains of. That an answer was a refusal is no
// mistake of a page, but a file of ours that is missing is.
func (p *tab) hear(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			problem += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			raw, _ := json.Marshal(e.Args)
			problem = "console: " + string(raw)
		}
	case *log.EventEntryAdded:
		refusal := e.Entry.Source == log.EntrySourceNetwork && !strings.Contains(e.Entry.URL, "/static/")
		if !refusal && e.Entry.Level != log.EntryLevelVerbose {
			problem = fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if secretText.MatchString(e.Request.URL) || p.site.password != "" && strings.Contains(e.Request.URL, p.site.password) {
			problem = "a secret stands in the address of a request"
		}
	case *network.EventResponseReceived:
		if e.Response.MimeType == "text/html" {
			p.mu.Lock()
			p.document = e.RequestID
			p.mu.Unlock()
		}
	case *page.EventFrameStartedLoading, *page.EventFrameStoppedLoading:
		_, starts := e.(*page.EventFrameStartedLoading)
		p.mu.Lock()
		p.loading = starts
		p.mu.Unlock()
	}
	if problem != "" {
		p.mu.Lock()
		p.problems = append(p.problems, problem)
		p.mu.Unlock()
	}
}

// complain fails the test with what the browser complained of.
func (p *tab) complain() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, problem := range p.problems {
		p.t.Errorf("the browser says: %s", problem)
	}
	p.problems = nil
}

// within bounds one step.
func (p *tab) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(p.ctx, patience)
}

func (p *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](p *tab, expression string, options ...chromedp.EvaluateOption) T {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		p.t.Fatalf("evaluate %.80s: %v", expression, err)
	}
	return got
}

// open goes to a path.
func (p *tab) open(path string) {
	p.t.Helper()
	p.do("open "+path, chromedp.Navigate(p.site.admin+path))
}

// until waits for an expression to hold, over any change of the page.
func (p *tab) until(what, expression string) {
	p.t.Helper()
	p.wait(what, func(ctx context.Context) bool {
		// A page that is on its way out fails to answer.
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		return err == nil && ok
	})
}

// wait asks again and again, because a page tells of no change.
func (p *tab) wait(what string, done func(context.Context) bool) {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	for !done(ctx) {
		select {
		case <-ctx.Done():
			p.t.Fatalf("%s: not so; the page %s says:\n%s", what, p.path(), p.text())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// atRest is whether a page has all its parts, and htmx is not about to change
// them: right after a swap it still moves the focus.
const atRest = `(document.readyState === "complete" && ` +
	`!document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added"))`

// settle waits until the tab shows a page that stays as it is by itself. What
// is done before that may be undone.
func (p *tab) settle(what string) {
	p.t.Helper()
	rested := false // twice, because a form that was pressed is sent a moment later
	p.wait(what, func(ctx context.Context) bool {
		before := rested
		at, err := chromedp.Run(ctx, chromedp.Evaluate[bool](atRest))
		rested = err == nil && at && !p.leaving()
		return before && rested
	})
}

// leaving tells whether another page is being fetched.
func (p *tab) leaving() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loading
}

// path is the address without its host.
func (p *tab) path() string {
	p.t.Helper()
	return ask[string](p, "location.pathname + location.search")
}

// text is what can be seen.
func (p *tab) text() string {
	p.t.Helper()
	return ask[string](p, seen)
}

// seen is the visible text: that of the dialog where one is open.
const seen = `((document.querySelector("dialog[open]") || document.body).innerText.replace(/\s+/g, " "))`

// sees waits until a text can be seen.
func (p *tab) sees(text string) {
	p.t.Helper()
	p.until("see "+text, seen+".includes("+quote(text)+")")
}

// misses waits until a text can be seen no more.
func (p *tab) misses(text string) {
	p.t.Helper()
	p.until("miss "+text, "!"+seen+".includes("+quote(text)+")")
}

// arrives waits until the address is that path, whatever its query.
func (p *tab) arrives(path string) {
	p.t.Helper()
	p.until("arrive at "+path, "document.readyState === 'complete' && location.pathname === "+quote(path))
}

// find is an expression for the visible element in front that fits.
func find(selector, fits string) string {
	return `[...(document.querySelector("dialog[open]") || document).querySelectorAll(` + quote(selector) +
		`)].find((e) => e.checkVisibility({visibilityProperty: true}) && (` + fits + `))`
}

// pressable is what can be clicked: by its text or, without one, its label.
func pressable(name string) string {
	return find(`button, a, summary, [role=menuitem], [role=tab]`,
		`(e.getAttribute("aria-label") || e.innerText).replace(/\s+/g, " ").trim() === `+quote(name))
}

// field is the field of a label, whose text may go on after the name.
func field(label string) string {
	fits := `(t => t === ` + quote(label) + ` || t.startsWith(` + quote(label+" ") + `))(e.innerText.replace(/\s+/g, " ").trim())`
	return `((l) => l && l.control)(` + find("label", fits) + `)`
}

// press clicks the button or link of that name with the mouse.
func (p *tab) press(name string) {
	p.t.Helper()
	p.click("press "+name, pressable(name))
}

// tick clicks the box with that label.
func (p *tab) tick(label string) {
	p.t.Helper()
	p.click("tick "+label, field(label))
}

// click clicks the middle of an element, once the page is at rest and the
// element in its place, with nothing over it: as a person would.
func (p *tab) click(what, element string) {
	p.t.Helper()
	p.until(what, element)
	at := p.place(what, element)
	p.do(what, chromedp.MouseClickXY(at[0], at[1]))
}

// place is where an element is, once that was the same twice.
func (p *tab) place(what, element string) []float64 {
	p.t.Helper()
	var last []float64
	p.wait(what, func(ctx context.Context) bool {
		at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`((e) => { if (!`+atRest+` || !e) return [];
			e.scrollIntoView({block: "nearest", inline: "nearest", behavior: "instant"});
			const r = e.getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2, hit = document.elementFromPoint(x, y);
			return hit && (e.contains(hit) || hit.contains(e) || hit.closest("label")?.control === e) ? [x, y] : [] })(`+element+`)`))
		still := err == nil && len(at) == 2 && slices.Equal(at, last)
		last = at
		return still && !p.leaving()
	})
	return last
}

// fill types into the field with that label, in place of what is there.
func (p *tab) fill(label, text string) {
	p.t.Helper()
	p.until("fill "+label, field(label))
	p.settle("fill " + label)
	ask[bool](p, `(e => { e.focus(); e.select(); return true })(`+field(label)+`)`)
	if text == "" {
		p.do("empty "+label, chromedp.KeyEvent("\b"))
		return
	}
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// choose selects an option by its text.
func (p *tab) choose(label, option string) {
	p.t.Helper()
	p.settle("choose " + option)
	p.until("choose "+option, `[...(`+field(label)+`)?.options ?? []].some((o) => o.text === `+quote(option)+`)`)
	ask[bool](p, `(e => { e.value = [...e.options].find((o) => o.text === `+quote(option)+`).value;
		for (const type of ["input", "change"]) e.dispatchEvent(new Event(type, {bubbles: true})); return true })(`+field(label)+`)`)
}

// key sends keys, such as kb.Escape, to what has the focus.
func (p *tab) key(keys string) {
	p.t.Helper()
	p.settle("press a key")
	p.do("press a key", chromedp.KeyEvent(keys))
}

// signInAs fills in the sign-in form and waits for the overview.
func (p *tab) signInAs(email, password string) {
	p.t.Helper()
	p.fill("E-mail", email)
	p.fill("Password", password)
	p.press("Sign in")
	p.arrives("/console")
}

// scheme emulates the light or dark colour scheme. Motion is reduced always,
// so that no picture is taken on the way.
func (p *tab) scheme(name string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// width makes the window as wide as a phone or a desk.
func (p *tab) width(pixels int64) {
	p.t.Helper()
	p.do("resize", chromedp.EmulateViewport(pixels, 900))
}

// screenshot writes a picture of the page, if a folder for them is set.
func (p *tab) screenshot(name string) {
	p.t.Helper()
	folder := os.Getenv("KEYWRIGHT_SCREENSHOTS")
	if folder == "" {
		return
	}
	ctx, cancel := p.within()
	defer cancel()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	must(p.t, err)
	must(p.t, os.MkdirAll(folder, 0o755))
	must(p.t, os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644))
}

// quote makes text a string of JavaScript.
func quote(text string) string {
	raw, _ := json.Marshal(text) // a string always can
	return string(raw)
}
