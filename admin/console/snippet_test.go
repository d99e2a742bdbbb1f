package console

import (
	"strings"
	"testing"
)

// TestSnippetsQuote holds that an identifier stays text in every language.
func TestSnippetsQuote(t *testing.T) {
	t.Parallel()
	for _, byKey := range []bool{false, true} {
		call := tokenCall{Issuer: "https://id.example.com/", ClientID: "kwc_1", Resource: `urn:a'$(id)"b`, ByKey: byKey}
		for _, s := range call.snippets() {
			want := `"urn:a'$(id)\"b"`
			if s.Language == "curl" {
				want = `'resource=urn:a'\''$(id)"b'`
			}
			if !strings.Contains(s.Text, want) {
				t.Errorf("%s lacks %s:\n%s", s.Language, want, s.Text)
			}
			if !strings.Contains(s.Text, "https://id.example.com/oauth2/token") {
				t.Errorf("%s lacks the endpoint:\n%s", s.Language, s.Text)
			}
		}
	}
}

// TestTokenSnippets holds that each takes the API token from the environment,
// and that a scope stays text.
func TestTokenSnippets(t *testing.T) {
	t.Parallel()
	for _, limited := range []bool{false, true} {
		use := tokenUse{Issuer: "https://id.example.com/", Scopes: []string{"a", "b$(id)'"}, Limited: limited}
		calls, checks := use.calls(), use.checks()
		for _, s := range append(calls, checks...) {
			if !strings.Contains(s.Text, "API_TOKEN") {
				t.Errorf("%s does not take the API token from the environment:\n%s", s.Language, s.Text)
			}
		}
		for i, want := range []string{"'https://id.example.com/oauth2/introspect'", `'scope=a b$(id)'\'''`} {
			if !strings.Contains(checks[i].Text, want) {
				t.Errorf("%s lacks %s:\n%s", checks[i].Language, want, checks[i].Text)
			}
			if strings.Contains(checks[i].Text, "$CALLER_ADDRESS") != limited {
				t.Errorf("%s of one limited to addresses (%v):\n%s", checks[i].Language, limited, checks[i].Text)
			}
		}
	}
}
