package consoletest

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"
)

// each kind of page is visited so often without a browser.
const visits = 4

// crawl visits the pages that can be reached by links, asserts that each is
// sound and clean, and returns an address of each path.
func (s *site) crawl(t *testing.T, client *http.Client) (addresses []string) {
	t.Helper()
	queue, known, paths, visited := []string{"/console"}, map[string]bool{}, map[string]bool{}, map[string]int{}
	for len(queue) > 0 {
		address := queue[0]
		queue = queue[1:]
		kind := kindOf(address)
		if visited[kind]++; visited[kind] > visits {
			continue
		}
		status, sent := s.page(t, client, address)
		if status != http.StatusOK {
			t.Errorf("%s: %d", address, status)
		}
		for _, stranger := range strangers(sent) {
			t.Errorf("%s at %s", stranger, address)
		}
		if path, _, _ := strings.Cut(kind, "?"); !paths[path] {
			paths[path] = true
			addresses = append(addresses, address)
			documents.add(address, title.ReplaceAllString(sent, "<title>A name</title>")) // those of the payloads are longer than is good
		}
		for _, link := range links(sent) {
			if !known[link] {
				known[link] = true
				queue = append(queue, link)
			}
		}
	}
	if len(addresses) < 55 {
		t.Errorf("only %d kinds of pages were found: %q", len(addresses), addresses)
	}
	return addresses
}

func (s *site) page(t *testing.T, client *http.Client, address string) (status int, sent string) {
	t.Helper()
	resp, err := client.Get(s.admin + address)
	must(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, string(raw)
}

var title = regexp.MustCompile(`<title>[^<]*</title>`)

var anID = regexp.MustCompile(`[a-z]{3}_[0-9A-Za-z]{20,}`)

// kindOf is an address without the ids in its path and the values of its query.
func kindOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	var names []string
	for name := range u.Query() {
		names = append(names, name)
	}
	slices.Sort(names)
	return anID.ReplaceAllString(u.Path, ":id") + "?" + strings.Join(names, "&")
}

// links are the pages of the console that a page leads to.
func links(sent string) (all []string) {
	root, err := html.Parse(strings.NewReader(sent))
	if err != nil {
		return nil
	}
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if n.Data == "a" && a.Key == "href" && (a.Val == "/console" || strings.HasPrefix(a.Val, "/console/")) {
				all = append(all, a.Val)
			}
		}
	}
	return all
}

// vocabulary are the elements, and the attributes for htmx, of the templates
// and the script: whatever else is in a page came in with a text.
var vocabulary = sync.OnceValues(func() (map[string]bool, error) {
	files, err := filepath.Glob("../templates/*.html")
	if err != nil {
		return nil, err
	}
	files = append(files, "../static/app.js")
	known := map[string]bool{"tbody": true, "time": true} // of the parser, and of a function
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, match := range named.FindAllStringSubmatch(string(raw), -1) {
			known[match[1]+match[2]+match[3]] = true
		}
	}
	return known, nil
})

var named = regexp.MustCompile(`<([a-z][a-z0-9]*)|(data-hx-[a-z-]+)|createElement(?:NS\("[^"]+", |\()"([a-z]+)"`)

// addressed are the attributes that hold an address.
var addressed = strings.Fields(`href src action formaction data-hx-get data-hx-post`)

// strangers are elements, attributes and addresses that no template has.
func strangers(sent string) (found []string) {
	root, err := html.Parse(strings.NewReader(sent))
	if err != nil {
		return []string{err.Error()}
	}
	known, err := vocabulary()
	if err != nil {
		return []string{err.Error()}
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			if n.Type == html.CommentNode {
				found = append(found, "a comment: "+n.Data)
			}
			continue
		}
		if !known[n.Data] || n.Data == "script" && n.FirstChild != nil {
			found = append(found, "the element "+n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "data-hx-") && !known[a.Key] || strange(a) {
				found = append(found, fmt.Sprintf("<%s %s=%.80q>", n.Data, a.Key, a.Val))
			}
		}
	}
	return found
}

func strange(a html.Attribute) bool {
	switch {
	case strings.HasPrefix(a.Key, "on"), strings.HasPrefix(a.Key, "hx-"), slices.Contains([]string{"style", "srcdoc", "srcset", "http-equiv", "ping", "background"}, a.Key):
		return true
	case strings.Trim(a.Key, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" && a.Key != "viewbox" && a.Key != "viewBox" && a.Key != "preserveAspectRatio":
		return true
	case slices.Contains(addressed, a.Key):
		ours := a.Val == "/console"
		for _, start := range []string{"/console/", "/console?", "/v1/audit-events?", "#", "data:image/png;base64,"} {
			ours = ours || strings.HasPrefix(a.Val, start)
		}
		return !ours
	}
	return false
}
