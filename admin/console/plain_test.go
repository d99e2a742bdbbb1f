package console_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// visitor is a browser without script: it reads pages, fills in the forms that
// are on them, and follows where they lead.
type visitor struct {
	*testing.T
	in     *installation
	client *http.Client
	sent   map[string]bool // method and path of each form that was sent
}

func (in *installation) visitor(t *testing.T) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &visitor{T: t, in: in, client: &http.Client{Jar: jar}, sent: map[string]bool{}}
}

// signedIn is a visitor who signed in as the owner.
func (in *installation) signedIn(t *testing.T) *visitor {
	t.Helper()
	v := in.visitor(t)
	v.open("/console/sign-in").form("/console/sign-in").set("email", "owner@acme.example").set("password", password).press("Sign in")
	return v
}

// page is what was answered at the end.
type page struct {
	*visitor
	status int
	url    *url.URL
	root   *html.Node
	text   string // that can be seen, words apart by one space
}

func (v *visitor) open(path string) *page {
	v.Helper()
	return v.send(http.MethodGet, path, nil)
}

func (v *visitor) send(method, path string, values url.Values) *page {
	v.Helper()
	to := v.in.URL + path
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(values.Encode())
	} else if len(values) > 0 {
		to += "?" + values.Encode()
	}
	req, err := http.NewRequestWithContext(v.Context(), method, to, body)
	must(v.T, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	resp, err := v.client.Do(req)
	must(v.T, err)
	defer resp.Body.Close()
	root, err := html.Parse(resp.Body)
	must(v.T, err)
	return &page{v, resp.StatusCode, resp.Request.URL, root, textOf(root)}
}

// says fails the test unless the page has the text.
func (p *page) says(text string) *page {
	p.Helper()
	if !strings.Contains(p.text, text) {
		p.Fatalf("%s (%d) does not say %q, but: %s", p.url.Path, p.status, text, p.text)
	}
	return p
}

// follow opens the link of that text.
func (p *page) follow(text string) *page {
	p.Helper()
	for n := range p.root.Descendants() {
		if n.Data == "a" && textOf(n) == text {
			to, err := p.url.Parse(attribute(n, "href"))
			must(p.T, err)
			return p.open(to.RequestURI())
		}
	}
	p.Fatalf("%s has no link %q: %s", p.url.Path, text, p.text)
	return nil
}

// shown is what the page shows to be copied under a label.
func (p *page) shown(label string) string {
	p.Helper()
	for n := range p.root.Descendants() {
		if n.Data == "code" && attribute(n, "data-label") == label {
			return attribute(n, "data-copy")
		}
	}
	p.Fatalf("%s does not show %s: %s", p.url.Path, label, p.text)
	return ""
}

// filled is a form as it would be sent.
type filled struct {
	*page
	node   *html.Node
	values url.Values
	one    map[string]bool     // fields that hold one value
	offers map[string][]string // values of the boxes and options of a field
}

// form is the first form for a path, with the fields as they stand. Marks are
// names and values in turn, to tell it from others for the same path.
func (p *page) form(action string, marks ...string) *filled {
	p.Helper()
	for n := range p.root.Descendants() {
		if n.Data != "form" || attribute(n, "action") != action {
			continue
		}
		f := &filled{p, n, url.Values{}, map[string]bool{}, map[string][]string{}}
		f.read(n)
		fits := true
		for i := 0; i < len(marks); i += 2 {
			fits = fits && f.values.Get(marks[i]) == marks[i+1]
		}
		if fits {
			return f
		}
	}
	p.Fatalf("%s (%d) has no form for %s %q: %s", p.url.Path, p.status, action, marks, p.text)
	return nil
}

// read notes the fields below a node that is not disabled.
func (f *filled) read(n *html.Node) {
	if has(n, "disabled") {
		return
	}
	name, value := attribute(n, "name"), attribute(n, "value")
	switch n.Data {
	case "input":
		switch kind := attribute(n, "type"); kind {
		case "checkbox", "radio":
			f.offers[name] = append(f.offers[name], value)
			f.one[name] = kind == "radio"
			if has(n, "checked") {
				f.values.Add(name, value)
			}
		default:
			f.one[name] = true
			f.values.Add(name, value)
		}
	case "textarea":
		f.one[name] = true
		f.values.Add(name, "")
		if n.FirstChild != nil {
			f.values.Set(name, strings.TrimPrefix(n.FirstChild.Data, "\n"))
		}
	case "select":
		f.readSelect(n, name)
	}
	for child := range n.ChildNodes() {
		f.read(child)
	}
}

func (f *filled) readSelect(n *html.Node, name string) {
	f.one[name] = true
	chosen := ""
	for option := range n.Descendants() {
		if option.Data != "option" {
			continue
		}
		f.offers[name] = append(f.offers[name], attribute(option, "value"))
		if has(option, "selected") || len(f.offers[name]) == 1 {
			chosen = attribute(option, "value")
		}
	}
	f.values.Set(name, chosen)
}

// set fills in a field that the form has, with what it offers.
func (f *filled) set(name string, values ...string) *filled {
	f.Helper()
	offers, choice := f.offers[name]
	one, known := f.one[name]
	switch {
	case !known:
		f.Fatalf("the form %s has no field %s", attribute(f.node, "action"), name)
	case one && len(values) > 1 && len(f.values[name]) < len(values):
		f.Fatalf("the field %s holds one value", name)
	}
	for _, value := range values {
		if choice && !slices.Contains(offers, value) {
			f.Fatalf("the field %s offers %q, not %q", name, offers, value)
		}
	}
	f.values[name] = values
	return f
}

// press sends the form with the button of that text. Without script a required
// field that is empty keeps a browser from it.
func (f *filled) press(text string) *page {
	f.Helper()
	pressed := false
	for n := range f.node.Descendants() {
		switch {
		case n.Data == "button" && (textOf(n) == text || attribute(n, "aria-label") == text) && !pressed:
			pressed = true
			if name := attribute(n, "name"); name != "" {
				f.values.Add(name, attribute(n, "value"))
			}
		case has(n, "required") && f.values.Get(attribute(n, "name")) == "":
			f.Errorf("%s: the field %s is required, and empty", f.url.Path, attribute(n, "name"))
		}
	}
	if !pressed {
		f.Fatalf("the form %s has no button %q: %s", attribute(f.node, "action"), text, textOf(f.node))
	}
	method, action := strings.ToUpper(attribute(f.node, "method")), attribute(f.node, "action")
	f.sent[method+" "+action] = true
	return f.send(method, action, f.values)
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// textOf is the text within a node, words apart by one space, as are cells.
func textOf(n *html.Node) string {
	var text strings.Builder
	for d := range n.Descendants() {
		switch {
		case d.Type == html.TextNode:
			text.WriteString(d.Data)
		case slices.Contains([]string{"td", "th", "dt", "dd", "li", "p", "h1", "label", "button", "option"}, d.Data):
			text.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(text.String()), " ")
}
