package consoletest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// mistakes are what is wrong with a page of HTML, beyond what a lenient parser
// mends: tags that do not match, ids that repeat, references
// that lead nowhere, blocks within a paragraph.
func mistakes(page string) []string {
	m := markup{ids: map[string]bool{}}
	if !strings.HasPrefix(page, "<!doctype html>") {
		m.add("does not begin with <!doctype html>")
	}
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			for _, open := range m.open {
				m.add("<%s> is never closed", open)
			}
			for _, id := range m.references {
				if !m.ids[id] {
					m.add("nothing has the id %q that is referred to", id)
				}
			}
			return m.found
		case html.StartTagToken:
			m.start(tokens.Token())
		case html.EndTagToken:
			m.end(tokens.Token().Data)
		case html.SelfClosingTagToken:
			if token := tokens.Token(); !m.inside("svg") {
				m.add("<%s/> closes itself", token.Data)
			}
		}
	}
}

type markup struct {
	open       []string
	ids        map[string]bool
	references []string
	found      []string
}

func (m *markup) add(format string, args ...any) {
	m.found = append(m.found, fmt.Sprintf(format, args...))
}

func (m *markup) inside(tag string) bool { return slices.Contains(m.open, tag) }

var (
	void = []string{"br", "col", "hr", "img", "input", "link", "meta", "wbr"}

	// blocks must not lie in a paragraph or a heading.
	blocks = []string{
		"article", "aside", "details", "dialog", "div", "dl", "fieldset", "footer", "form", "h1", "h2", "h3", "header", "hr",
		"main", "nav", "ol", "p", "pre", "section", "table", "ul",
	}

	// parents says where alone a tag may stand.
	parents = map[string][]string{
		"li": {"ul", "ol", "menu"}, "dt": {"dl", "div"}, "dd": {"dl", "div"}, "tr": {"thead", "tbody", "tfoot"},
		"td": {"tr"}, "th": {"tr"}, "thead": {"table"}, "tbody": {"table"}, "option": {"select", "optgroup", "datalist"},
		"legend": {"fieldset"}, "summary": {"details"},
	}
)

func (m *markup) start(token html.Token) {
	tag := token.Data
	if len(m.open) > 0 {
		if allowed, bound := parents[tag]; bound && !slices.Contains(allowed, m.open[len(m.open)-1]) {
			m.add("<%s> in <%s>", tag, m.open[len(m.open)-1])
		}
	}
	for _, narrow := range []string{"p", "h1", "h2", "h3", "button", "summary", "label"} {
		if m.inside(narrow) && slices.Contains(blocks, tag) {
			m.add("<%s> in <%s>", tag, narrow)
		}
	}
	for _, active := range []string{"a", "button", "form"} {
		if tag == active && m.inside(active) || active != "form" && m.inside(active) && slices.Contains([]string{"a", "button", "input", "select"}, tag) {
			m.add("<%s> in <%s>", tag, active)
		}
	}
	m.attributes(token)
	if !slices.Contains(void, tag) {
		m.open = append(m.open, tag)
	}
}

func (m *markup) attributes(token html.Token) {
	seen := map[string]bool{}
	for _, a := range token.Attr {
		switch {
		case a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-"):
			m.add("<%s> has the attribute %s", token.Data, a.Key)
		case a.Key == "id" && (a.Val == "" || m.ids[a.Val] || strings.ContainsAny(a.Val, " \t\n")):
			m.add("<%s> has the id %q, which is none or taken", token.Data, a.Val)
		case a.Key == "id":
			m.ids[a.Val] = true
		case a.Key == "for" || strings.HasPrefix(a.Key, "aria-") && slices.Contains([]string{"aria-describedby", "aria-labelledby", "aria-controls", "aria-owns"}, a.Key):
			m.references = append(m.references, strings.Fields(a.Val)...)
		case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
			m.references = append(m.references, a.Val[1:])
		}
		seen[a.Key] = true
	}
	if !seen["alt"] && token.Data == "img" {
		m.add("<img> has no alt")
	}
	if token.Data == "script" && !seen["src"] || token.Data == "style" {
		m.add("<%s> within the page", token.Data)
	}
}

func (m *markup) end(tag string) {
	if len(m.open) == 0 || m.open[len(m.open)-1] != tag {
		m.add("</%s> closes %v", tag, m.open)
	}
	for i, open := range slices.Backward(m.open) {
		if open == tag {
			m.open = m.open[:i]
			return
		}
	}
}

// TestMistakesAreFound makes each mistake once.
func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{
		`<p id="a">x</p><a href="#a">y</a>`:        0,
		`<ul><li>x</li></ul><br><input id="i">`:    0,
		`<p>x`:                                     1,
		`<p><b>x</p></b>`:                          2,
		`<p id="a"></p><p id="a"></p>`:             1,
		`<label for="nowhere">x</label>`:           1,
		`<p><div>x</div></p>`:                      1,
		`<div><li>x</li></div>`:                    1,
		`<a href="/"><button>x</button></a>`:       1,
		`<p style="color:red" onclick="x()">x</p>`: 2,
		`<script>x()</script>`:                     1,
		`<img src="x">`:                            1,
		`<div/>`:                                   1,
	} {
		if got := mistakes("<!doctype html>" + body); len(got) != want {
			t.Errorf("%s: got %q, want %d mistakes", body, got, want)
		}
	}
	if got := mistakes("<p>x</p>"); len(got) != 1 {
		t.Errorf("without a doctype: got %q", got)
	}
}
