package oauth_test

import (
	"os"
	"strings"
	"testing"

	"keywright/registry"
	"keywright/storage/storagetest"
)

// TestGatewaysOverwriteEveryHeader holds the configurations in the document
// against the headers of an answer: one that a gateway forgets is one that a
// caller may send.
func TestGatewaysOverwriteEveryHeader(t *testing.T) {
	t.Parallel()
	b := newBed(t, storagetest.SQLite, registry.FormatJWT, "")
	answer := b.passes(t, b.ask(t, b.issue(t, b.reader).AccessToken))
	raw, err := os.ReadFile("../docs/gateways.md")
	must(t, err)
	_, gateways, _ := strings.Cut(string(raw), "\n## nginx\n")
	for name, overwrites := range map[string]string{
		"nginx": "proxy_set_header ", "caddyfile": "copy_headers ", "yaml": "authResponseHeaders:", // Envoy's takes all by their front
	} {
		_, block, _ := strings.Cut(gateways, "\n```"+name+"\n")
		block, _, _ = strings.Cut(block, "\n```")
		_, block, found := strings.Cut(block, overwrites)
		if !found {
			t.Fatalf("%s: the block is gone", name)
		}
		told := 0
		for header := range answer.header {
			if !strings.HasPrefix(header, "X-Keywright-") {
				continue
			}
			told++
			if !strings.Contains(block, header) {
				t.Errorf("%s does not overwrite %s", name, header)
			}
		}
		if told != 7 {
			t.Errorf("the answer tells %d headers", told)
		}
	}
}
