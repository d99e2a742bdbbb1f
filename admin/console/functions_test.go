package console

import (
	"testing"
	"time"
)

func TestFunctions(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 13, 4, 5, 0, time.FixedZone("CET", 3600))
	for got, want := range map[string]string{
		number(0):                    "0",
		number(-123):                 "-123",
		number(1234567):              "1\u202f234\u202f567",
		hint("kwc_0123456789abcdef"): "kwc_…cdef",
		hint("operator"):             "operator",
		string(utc(at)):              `<time datetime="2026-03-01T12:04:05Z">2026-03-01 12:04 UTC</time>`,
		string(date(time.Time{})):    "never",
		words("expiresAt"):           "Expires at",
		days(24 * time.Hour):         "1 day",
		sentence("is taken"):         "Is taken.",
		sentence("“x” is taken"):     "“x” is taken.",
		sentence("époque is taken."): "Époque is taken.",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
