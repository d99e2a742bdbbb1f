package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestMangledAddresses opens lists by addresses that no page leads to: each
// answer says what to do in the words of the page, and leads on without what is
// wrong, and with the other filters.
func TestMangledAddresses(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		in, made := serve(t, db, time.Now)
		v := in.signedIn(t)
		const rest = "projectId=prj_x"
		for address, says := range map[string]string{
			"clients?unusedFor=soon":                      "Unused for takes a whole number of days",
			"clients?unusedFor=-1&" + rest:                "Unused for takes a whole number of days",
			"tokens?expiringWithin=99999999999999999999":  "Expiring within takes a whole number of days",
			"clients?status=none":                         "Status must be one of those that the list offers.",
			"tokens?" + rest + "&type=personal":           "Type must be project or organization.",
			"clients?sort=secret":                         "choose the head of a column",
			"clients?cursor=AAAA&" + rest:                 "begin with the first one",
			"audit?cursor=AAAA":                           "begin with the first one",
			"audit?outcome=maybe&action=member.create":    "Outcome must be done or refused.",
			"audit?since=yesterday":                       "From must be a date such as",
			"audit?until=31.12.2027&action=member.create": "Until must be a date such as",
			"members?q=a%0Ab":                             "Search takes one line",
			"roles?q=" + strings.Repeat("x", 101):         "Search takes one line",
			"scopes?cursor=AAAA&q=x":                      "begin with the first one",
			"apis?q=%00":                                  "Search takes one line",
			"projects?next=%ff&q=x":                       "The address has a part that cannot be read.",
			"projects?%ff=x&q=x":                          "The address has a part that cannot be read.",
			"sessions?cursor=%00":                         "This page of the list cannot be opened any more",
			"members/" + made.Owner.ID + "?x=%00":         "The address has a part that cannot be read.",
		} {
			p := v.open("/console/" + address).says(says)
			if p.status != http.StatusBadRequest {
				t.Errorf("%s: %d", address, p.status)
			}
			for _, word := range []string{"unusedFor", "expiringWithin", "createdAt", "must lie", "cursor", "UTF-8"} {
				if strings.Contains(p.text, word) {
					t.Errorf("%s: the page says %s: %s", address, word, p.text)
				}
			}
			p = p.follow("Go on without it")
			if p.status != http.StatusOK {
				t.Errorf("%s leads to %s: %d", address, p.url, p.status)
			}
			for _, kept := range []string{rest, "action=member.create", "q=x"} {
				if _, query, _ := strings.Cut(address, "?"); strings.Contains("&"+query+"&", "&"+kept+"&") != strings.Contains("&"+p.url.RawQuery+"&", "&"+kept+"&") {
					t.Errorf("%s leads to %s", address, p.url)
				}
			}
		}
	})
}
