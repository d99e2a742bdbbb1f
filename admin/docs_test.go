package admin_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"keywright/storage/storagetest"
)

func TestDocsPage(t *testing.T) {
	t.Parallel()
	in := install(t, storagetest.Open(t, storagetest.SQLite))
	page, header := fetch(t, in.URL+"/v1/docs")
	if got := header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'; style-src 'self';") {
		t.Errorf("Content-Security-Policy: got %q", got)
	}
	if got := header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("Content-Type: got %q", got)
	}
	for _, foreign := range []string{"<script", "style=", "http://", "https://", "//cdn", "onclick"} {
		if strings.Contains(strings.ToLower(page), foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
	for _, op := range operations(t) {
		if want := `<span class="method">` + op.method + `</span> ` + op.path + `</code>`; !strings.Contains(page, want) {
			t.Errorf("the page lacks %s %s: has its tag a section?", op.method, op.path)
		}
	}
	for _, want := range []string{`href="#schema-Client"`, `id="schema-Client"`, "clientSecret", "Shown in this answer alone."} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	style, header := fetch(t, in.URL+"/v1/docs.css")
	if style == "" || header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("the style sheet: got %q", header.Get("Content-Type"))
	}
}

// fetch gets what needs no credential.
func fetch(t *testing.T, url string) (string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, http.NoBody)
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d", url, resp.StatusCode)
	}
	return string(body), resp.Header
}
