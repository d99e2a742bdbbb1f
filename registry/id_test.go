package registry

import (
	"crypto/rand"
	"strings"
	"testing"
)

func TestID(t *testing.T) {
	t.Parallel()
	for range 1000 {
		id, err := NewID(rand.Reader, PrefixClient)
		if err != nil {
			t.Fatal(err)
		}
		raw, ok := UnpackID(id, PrefixClient)
		if !ok || PackID(raw, PrefixClient) != id {
			t.Fatalf("%s does not survive: %x, %v", id, raw, ok)
		}
	}
	const good = "kwc_0123456789abcdefghjkmnpqrw"
	for name, c := range map[string]struct {
		id   string
		want bool
	}{
		"good":                     {good, true},
		"zero":                     {"kwc_" + strings.Repeat("0", 26), true},
		"empty":                    {"", false},
		"prefix alone":             {"kwc_", false},
		"another prefix":           {"org_" + good[4:], false},
		"too short":                {good[:29], false},
		"too long":                 {good + "0", false},
		"upper case":               {strings.ToUpper(good), false},
		"no digit":                 {good[:29] + "l", false},
		"a bit that means nothing": {good[:29] + "x", false},
		"a line break":             {good[:10] + "\n" + good[11:], false},
		"an umlaut":                {good[:10] + "ü" + good[12:], false},
	} {
		if got := IsID(c.id, PrefixClient); got != c.want {
			t.Errorf("%s: IsID(%q) = %v, want %v", name, c.id, got, c.want)
		}
	}
}

// FuzzUnpackID: what is an id has that one spelling.
func FuzzUnpackID(f *testing.F) {
	for _, seed := range []string{"", "kwc_0123456789abcdefghjkmnpqrw", "kwc_zzzzzzzzzzzzzzzzzzzzzzzzzz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if raw, ok := UnpackID(id, PrefixClient); ok && PackID(raw, PrefixClient) != id {
			t.Errorf("%q is packed as %q", id, PackID(raw, PrefixClient))
		}
	})
}
