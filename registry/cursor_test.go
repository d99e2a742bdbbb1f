package registry

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzCursor takes what a caller may send for a cursor, and what a sealed one
// may hold.
func FuzzCursor(f *testing.F) {
	c := cursor{plainBox{}, []byte("cursor\x00clients\x00org_a")}
	good := c.behind(Page{AfterAt: time.UnixMicro(1_900_000_000_000_000), AfterID: "kwc_a", AfterName: "Ä\x00b"})
	sealed, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(50, good, sealed[len(c.context):])
	f.Add(0, "", []byte{})
	f.Add(201, good+"=", []byte("12345678\xffshort"))
	f.Add(-1, "\x00", []byte("12345678"))
	f.Fuzz(func(t *testing.T, limit int, text string, plain []byte) {
		for _, text := range []string{text, base64.RawURLEncoding.EncodeToString(c.box.Seal(plain, c.context))} {
			p, err := c.page(limit, text)
			if err != nil {
				if asError(err).Code != CodeMalformedRequest || (p != Page{}) {
					t.Errorf("%q: got %+v, %v", text, p, err)
				}
				continue
			}
			if p.Limit < 1 || p.Limit > maxLimit {
				t.Errorf("a limit of %d became %d", limit, p.Limit)
			}
			if text == "" {
				continue
			}
			again, err := c.page(limit, c.behind(p))
			if diff := cmp.Diff(p, again); err != nil || diff != "" {
				t.Errorf("%q opens, and what it says does not: %v\n%s", text, err, diff)
			}
			other := cursor{c.box, []byte("cursor\x00tokens\x00org_a")}
			if _, err := other.page(limit, text); err == nil {
				t.Errorf("%q opens for another list", text)
			}
		}
	})
}
