package console

import "testing"

func TestOwnPath(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"/console":                     "/console",
		"/console/clients?q=a&sort=-b": "/console/clients?q=a&sort=-b",
		"/console/clients?q=//x":       "/console/clients?q=//x",
		"https://evil.example/console": root,
		"//evil.example/console/":      root,
		"///console/":                  root,
		`/console/\evil.example`:       root,
		"/console//evil.example":       root,
		"/console/../v1/docs":          root,
		"/console/%2e%2e/v1/docs":      root,
		"/consoles":                    root,
		"/v1/clients":                  root,
		"javascript:alert(1)":          root,
		"/console\r\nX: y":             root,
		"":                             root,
	} {
		if got := ownPath(to); got != want {
			t.Errorf("%q: got %q, want %q", to, got, want)
		}
	}
}
