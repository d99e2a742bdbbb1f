package registry

import (
	"slices"
	"strings"
	"testing"
	"unicode"
)

func TestParsePath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		"/":                        nil,
		"/v1":                      {"v1"},
		"/v1/things/42":            {"v1", "things", "42"},
		"/v1/things/":              {"v1", "things", ""},
		"/v1/a%20b":                {"v1", "a b"},
		"/v1/%74hings":             {"v1", "things"},
		"/v1/gr%C3%BCn/grün":       {"v1", "grün", "grün"},
		"/v1/100%25":               {"v1", "100%"},
		"/v1/%252e%252e%252f":      {"v1", "%2e%2e%2f"}, // decoded once
		"/v1/...":                  {"v1", "..."},
		"/v1/.well-known/x.tar":    {"v1", ".well-known", "x.tar"},
		"/v1/a:b@c,d=e+f~g!$&'()*": {"v1", "a:b@c,d=e+f~g!$&'()*"},
		"/v1/{id}":                 {"v1", "{id}"},
		"/v1/what%3Fand%23":        {"v1", "what?and#"},
	} {
		got, broken := ParsePath(path)
		if broken != "" || !slices.Equal(got, want) {
			t.Errorf("%q: got %q, %q; want %q", path, got, broken, want)
		}
	}
}

// hostilePaths are read differently by one server and another.
var hostilePaths = []string{
	"", "*", "v1/things", "http://api.example.com/v1/things", "\\v1",
	"//", "//v1/things", "/v1//things", "/v1/things//",
	"/.", "/..", "/v1/./things", "/v1/../things", "/v1/things/..", "/v1/%2e/things", "/v1/%2E%2e/things", "/v1/.%2e/things",
	"/v1%2fthings", "/v1%2Fthings", "/v1/..%2fthings", "/v1\\things", "/v1%5cthings", "/v1/..%5Cthings",
	"/v1/things;a=b", "/v1/;/things", "/v1/..;/things", "/v1/things%3b", "/v1/things%3Ba",
	"/v1/%", "/v1/%2", "/v1/%zz", "/v1/%u002e", "/v1/things%00", "/v1/%0d%0athings", "/v1/things%7f", "/v1/things%09", "/v1/\x00",
	"/v1/%c2%85", "/v1/%c0%ae%c0%ae/things", "/v1%c0%afthings", "/v1/%ff", "/v1/\xff",
	"/v1/things#a", "/v1/things?a=b",
}

func TestHostilePaths(t *testing.T) {
	t.Parallel()
	for _, path := range hostilePaths {
		if got, broken := ParsePath(path); broken == "" {
			t.Errorf("%q is read as %q", path, got)
		}
	}
}

func TestMatchEndpoint(t *testing.T) {
	t.Parallel()
	endpoints := []Endpoint{
		{ID: "root", Method: "GET", Path: "/"},
		{ID: "list", Method: "GET", Path: "/v1/documents"},
		{ID: "create", Method: "POST", Path: "/v1/documents"},
		{ID: "read", Method: "GET", Path: "/v1/documents/{id}"},
		{ID: "probe", Method: "HEAD", Path: "/v1/documents/{document}"},
		{ID: "export", Method: "GET", Path: "/v1/documents/export"},
		{ID: "part", Method: "GET", Path: "/v1/documents/{id}/parts/{part}"},
		{ID: "any part", Method: "GET", Path: "/v1/{collection}/export/parts/latest"},
		{ID: "same as read", Method: "GET", Path: "/v1/documents/{name}"},
		{ID: "options", Method: "OPTIONS", Path: "/v1/documents"},
	}
	for _, c := range []struct{ method, path, want string }{
		{"GET", "/", "root"},
		{"GET", "/v1/documents", "list"},
		{"POST", "/v1/documents", "create"},
		{"OPTIONS", "/v1/documents", "options"},
		{"GET", "/v1/documents/42", "read"},
		{"GET", "/v1/documents/Export", "read"},
		{"GET", "/v1/documents/export", "export"},
		{"GET", "/v1/documents/%65xport", "export"},
		{"GET", "/v1/documents/{id}", "read"},
		{"HEAD", "/v1/documents", "list"},
		{"HEAD", "/v1/documents/42", "probe"},
		{"HEAD", "/v1/documents/export", "export"},
		// Text wins from the left.
		{"GET", "/v1/documents/export/parts/latest", "part"},
		{"GET", "/v1/pictures/export/parts/latest", "any part"},

		{"GET", "/v1", ""},
		{"GET", "/v1/documents/", ""},
		{"GET", "/v1/Documents", ""},
		{"GET", "/v1/documents/42/parts", ""},
		{"GET", "/v1/documents/42/parts/7/8", ""},
		{"DELETE", "/v1/documents/42", ""},
		{"get", "/v1/documents", ""},
		{"PROPFIND", "/v1/documents", ""},
		{"", "/", ""},
	} {
		segments, broken := ParsePath(c.path)
		if broken != "" {
			t.Fatalf("%s %s", c.path, broken)
		}
		for range 2 { // whatever the order of the endpoints
			if got, ok := MatchEndpoint(endpoints, c.method, segments); got.ID != c.want || ok != (c.want != "") {
				t.Errorf("%s %s: got %q, want %q", c.method, c.path, got.ID, c.want)
			}
			slices.Reverse(endpoints)
		}
	}
}

// FuzzPathTemplate holds what a template admits against what the path says
// when it is taken apart another way.
func FuzzPathTemplate(f *testing.F) {
	for _, path := range hostilePaths {
		f.Add("/v1/things", path)
	}
	f.Add("/v1/documents/{id}", "/v1/documents/4%32")
	f.Add("/{a}/{b}", "/{a}/")
	f.Add("/", "/")
	f.Fuzz(func(t *testing.T, template, path string) {
		segments, broken := ParsePath(path)
		if broken != "" {
			return
		}
		for i, s := range segments {
			if s == "." || s == ".." || strings.ContainsAny(s, `/\;`) || strings.ContainsFunc(s, unicode.IsControl) || (s == "" && i < len(segments)-1) {
				t.Fatalf("%q is read as %q", path, segments)
			}
		}
		var v invalid
		if v.pathTemplate("path", template); v.err() != nil {
			return
		}
		if compareTemplates(template, template) != 0 {
			t.Fatalf("%q is not equal to itself", template)
		}
		endpoint := Endpoint{ID: "ep", Method: "GET", Path: template}
		_, ok := MatchEndpoint([]Endpoint{endpoint}, "GET", segments)
		if ok && strings.Count(template, "/") != strings.Count(path, "/") {
			t.Fatalf("%q admits %q", template, path)
		}
		if !strings.ContainsAny(template, "{}") && !strings.Contains(path, "%") && ok != (template == path) {
			t.Fatalf("%q admits %q: %t", template, path, ok)
		}
		if ok && len(segments) > 0 && segments[len(segments)-1] == "" {
			t.Fatalf("%q admits the empty segment of %q", template, path)
		}
	})
}
