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
