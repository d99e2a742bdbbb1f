package oauth

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestResourcesAreAbsolute(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"https://api.example.com/a": true,
		"urn:keywright:admin":       true,
		"https://api.example.com?q": true,
		"/relative":                 false,
		"api.example.com":           false,
		"https://api.example.com/#": false,
		"https://a b":               false,
		"https://\x7f":              false,
		"https://é":                 false,
		":":                         false,
	} {
		err := resourcesAreAbsolute(url.Values{paramAudience: {text}})
		if got := err == nil; got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
	many := url.Values{paramResource: make([]string, maxResources+1)}
	if resourcesAreAbsolute(many) == nil {
		t.Error("any number of resources is accepted")
	}
}

func FuzzScope(f *testing.F) {
	for _, seed := range []string{"a", "a b", " a", "a  b", "a\"b", "a\\b", "\x00", "é", strings.Repeat("a ", 300) + "a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, scope string) {
		err := scopeIsWellFormed(url.Values{paramScope: {scope}})
		// RFC 6749 §3.3, spelled another way.
		want := true
		tokens := strings.Split(scope, " ")
		for _, token := range tokens {
			bad := strings.ContainsFunc(token, func(c rune) bool { return c < 0x21 || c == '"' || c == '\\' || c > 0x7e })
			want = want && token != "" && !bad && utf8.ValidString(token)
		}
		want = scope == "" || (want && len(tokens) <= maxScopes)
		if got := err == nil; got != want {
			t.Fatalf("%q: got %t, want %t", scope, got, want)
		}
	})
}

func FuzzDescription(f *testing.F) {
	f.Add("plain")
	f.Add("a \"quoted\" \\ \x00 é" + strings.Repeat("x", 2*maxDescription))
	f.Fuzz(func(t *testing.T, text string) {
		got := describe(text)
		if len(got) > maxDescription {
			t.Fatalf("%d characters", len(got))
		}
		for _, c := range []byte(got) {
			if c < 0x20 || c == '"' || c == '\\' || c > 0x7e {
				t.Fatalf("%q is outside of RFC 6749 section 5.2", c)
			}
		}
	})
}
