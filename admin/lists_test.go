package admin_test

import (
	"crypto/rand"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

// named returns the names in a list, in its order, over pages of two.
func (in *installation) named(t *testing.T, path, query string) []string {
	t.Helper()
	return in.shown(t, in.acme.admin, path, "name", query)
}

// shown is named for one member of the items, as a caller sees them.
func (in *installation) shown(t *testing.T, token, path, member, query string) []string {
	t.Helper()
	var names []string
	for cursor := ""; ; {
		r := in.call(t, token, "GET", path+"?limit=2&"+query+cursor, "").want(t, 200, "")
		for _, item := range r.body["items"].([]any) {
			names = append(names, item.(map[string]any)[member].(string))
		}
		if r.body["nextCursor"] == nil {
			return names
		}
		cursor = "&cursor=" + r.text("nextCursor")
	}
}

func TestNarrowedAndSortedLists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for _, list := range []struct{ path, kind, id, more string }{
			{"/v1/clients", registry.CredentialClient, "clientId", ""},
			{"/v1/tokens", registry.CredentialAPIToken, "id", `,"permissions":["p"]`},
		} {
			ids := map[string]string{}
			add := func(name, more string) {
				r := in.call(t, in.acme.admin, "POST", list.path, `{"name":"`+name+`","scopes":["a"]`+list.more+more+`}`).want(t, 201, "")
				ids[name] = r.text(list.id)
				in.clock.advance(time.Second)
			}
			soon := in.clock.now().Add(time.Hour).Format(time.RFC3339)
			add("delta", `,"expiresAt":"`+soon+`","description":"100% _SURE_ of it"`)
			add("alpha", `,"expiresAt":"`+in.clock.now().Add(30*time.Minute).Format(time.RFC3339)+`"`)
			add("charlie", `,"expiresAt":"`+in.clock.now().Add(9000*time.Hour).Format(time.RFC3339)+`","description":"a!b"`)
			add("Bravo", `,"expiresAt":"`+in.clock.now().Add(8000*time.Hour).Format(time.RFC3339)+`","description":"c:\\x"`)
			in.call(t, in.acme.admin, "PATCH", list.path+"/"+ids["charlie"], `{"isActive":false}`).want(t, 200, "")
			in.call(t, in.acme.admin, "POST", list.path+"/"+ids["Bravo"]+"/revoke", "").want(t, 200, "")
			in.clock.advance(40 * time.Minute) // alpha expires
			used := registry.UsageDelta{Kind: list.kind, ID: ids["alpha"], Count: 1, LastAt: in.clock.now().Add(-time.Minute)}
			later := registry.UsageDelta{Kind: list.kind, ID: ids["delta"], Count: 1, LastAt: in.clock.now()}
			must(t, in.db.AddUsage(t.Context(), rand.Text(), in.clock.now(), []registry.UsageDelta{used, later}))

			own := "createdBy=" + in.creator(t) + "&"
			for query, want := range map[string]string{
				"":                               "Bravo charlie alpha delta",
				"sort=createdAt":                 "delta alpha charlie Bravo",
				"sort=-createdAt":                "Bravo charlie alpha delta",
				"sort=name":                      "Bravo alpha charlie delta",
				"sort=-name":                     "delta charlie alpha Bravo",
				"sort=expiresAt":                 "alpha delta Bravo charlie",
				"sort=-expiresAt":                "charlie Bravo delta alpha",
				"sort=-lastUsedAt":               "delta alpha * *",
				"sort=lastUsedAt":                "* * alpha delta",
				"status=active":                  "delta",
				"status=expired":                 "alpha",
				"status=disabled":                "charlie",
				"status=revoked":                 "Bravo",
				"expiringWithin=3600":            "delta",
				"expiringWithin=60":              "",
				"unusedFor=1800":                 "Bravo charlie",
				"unusedFor=30":                   "Bravo charlie alpha",
				"q=ALPH":                         "alpha",
				"q=brav":                         "Bravo",
				"q=" + url.QueryEscape("100%"):   "delta",
				"q=" + url.QueryEscape("100_"):   "",
				"q=" + url.QueryEscape("%"):      "delta",
				"q=" + url.QueryEscape("_sure_"): "delta",
				"q=" + url.QueryEscape("a!b"):    "charlie",
				"q=" + url.QueryEscape(`c:\`):    "Bravo",
				"q=" + url.QueryEscape("' OR 1"): "",
				"q=a&status=expired&sort=name":   "alpha",
			} {
				got := in.named(t, list.path, own+query)
				wanted := strings.Fields(want)
				for i, name := range wanted { // never used: in the order of random ids
					if name == "*" && i < len(got) && (got[i] == "Bravo" || got[i] == "charlie") {
						got[i] = "*"
					}
				}
				if !slices.Equal(got, wanted) {
					t.Errorf("%s?%s: got %v, want %v", list.path, query, got, wanted)
				}
			}
			for _, query := range []string{
				"sort=secret", "sort=--name", "sort=name,id", "status=dead", "expiringWithin=-1", "unusedFor=x", "unusedFor=99999999999999",
				"expiringWithin=99999999999999999999", "q=" + strings.Repeat("x", 101), "q=a%0Ab", "q=%00", "q=%ff",
			} {
				in.call(t, in.acme.admin, "GET", list.path+"?"+query, "").want(t, 400, "malformed_request")
			}
		}
		in.call(t, in.acme.admin, "GET", "/v1/tokens?status=pending", "").want(t, 400, "malformed_request")
		in.call(t, in.acme.admin, "GET", "/v1/tokens?type=personal", "").want(t, 400, "malformed_request")
		if got := in.named(t, "/v1/tokens", "type=project"); len(got) != 0 {
			t.Errorf("type=project: got %v", got)
		}
		in.client(t, in.acme, `{"name":"never expires","scopes":["a"],"environment":"staging"}`)
		in.client(t, in.acme, `{"name":"waits","scopes":["a"],"confirmRequired":true}`)
		for query, want := range map[string]string{"environment=staging": "never expires", "status=pending": "waits"} {
			if got := in.named(t, "/v1/clients", query); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: got %v", query, got)
			}
		}
		if got := in.named(t, "/v1/clients", "sort=expiresAt"); len(got) != 6 || !slices.Contains(got[4:], "never expires") || got[0] != "alpha" {
			t.Errorf("sort=expiresAt: got %v, want what never expires last", got)
		}
	})
}

// TestSearchedLists looks for a text in each list that has no other filters.
func TestSearchedLists(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		owner := in.console(t, in.acme)
		for _, list := range []struct{ path, shown, first, second, third string }{
			{"/v1/projects", "name", `"name":"needle 100%"`, `"name":"b","description":"a NEEDLE_x"`, `"name":"c"`},
			{"/v1/applications", "name", `"name":"needle 100%"`, `"name":"b","description":"a NEEDLE_x"`, `"name":"c"`},
			{"/v1/roles", "name", `"name":"needle 100%","scopes":["a"]`, `"name":"b","description":"a NEEDLE_x","scopes":["a"]`, `"name":"c","scopes":["a"]`},
			{"/v1/scopes", "name", `"name":"needle100%"`, `"name":"b","description":"a NEEDLE_x"`, `"name":"c"`},
			{"/v1/apis", "name", `"name":"needle 100%","identifier":"urn:a"`, `"name":"b","identifier":"urn:Needle_x"`, `"name":"c","identifier":"urn:c"`},
			{"/v1/members", "email", `"email":"needle100%@a.example","role":"member"`, `"email":"b@needle_x.example","role":"member"`, `"email":"c@a.example","role":"member"`},
		} {
			var names []string
			for _, body := range []string{list.first, list.second, list.third} {
				names = append(names, in.call(t, owner, "POST", list.path, "{"+body+"}").want(t, 201, "").text(list.shown))
				in.clock.advance(time.Second)
			}
			for query, want := range map[string][]string{
				"NeedLe": {names[1], names[0]}, "+needle+": {names[1], names[0]}, "0%25": {names[0]}, "le_x": {names[1]},
				"le%25": {}, "n_edle": {}, "' OR 1": {}, names[2] + "!": {},
			} {
				query = strings.ReplaceAll(query, " ", "+")
				if got := in.shown(t, owner, list.path, list.shown, "q="+query); !slices.Equal(got, want) {
					t.Errorf("%s?q=%s: got %q, want %q", list.path, query, got, want)
				}
			}
			for _, q := range []string{strings.Repeat("x", 101), "a%0Ab", "%00", "%ff", "a&q=b"} {
				in.call(t, owner, "GET", list.path+"?q="+q, "").want(t, 400, "malformed_request")
			}
			cursor := in.call(t, owner, "GET", list.path+"?limit=1&q=needle", "").want(t, 200, "").text("nextCursor")
			in.call(t, owner, "GET", list.path+"?limit=1&q=needl&cursor="+cursor, "").want(t, 400, "malformed_request")
			in.call(t, owner, "GET", list.path+"?limit=1&cursor="+cursor, "").want(t, 400, "malformed_request")
		}
		bound := in.token(t, in.acme, in.acme.project, "keywright:read")
		own := in.call(t, bound, "GET", "/v1/projects/"+in.acme.project, "").want(t, 200, "").text("name")
		for q, want := range map[string][]string{"": {own}, url.QueryEscape(strings.ToUpper(own)): {own}, "needle": {}} {
			if got := in.shown(t, bound, "/v1/projects", "name", "q="+q); !slices.Equal(got, want) {
				t.Errorf("projects of a token that is bound to one, q=%s: got %q, want %q", q, got, want)
			}
		}
	})
}

// TestWrongParametersAreNamed finds in errors[] what a query is refused for.
func TestWrongParametersAreNamed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for query, want := range map[string]string{
			"/v1/roles?q=a%0Ab": "q", "/v1/members?cursor=AAAA": "cursor", "/v1/apis?limit=0": "limit", "/v1/clients?limit=many": "limit",
			"/v1/clients?sort=secret": "sort", "/v1/clients?status=dead": "status", "/v1/clients?unusedFor=-1": "unusedFor",
			"/v1/tokens?expiringWithin=-1": "expiringWithin", "/v1/tokens?type=personal": "type", "/v1/usage?bucket=week": "bucket",
			"/v1/audit-events?outcome=maybe": "outcome", "/v1/audit-events?since=soon": "since", "/v1/audit-events?format=xml": "format",
			"/v1/audit-events?cursor=AAAA": "cursor",
		} {
			if got := in.call(t, in.acme.admin, "GET", query, "").want(t, 400, "malformed_request").fields(); got != want {
				t.Errorf("%s: errors[] names %q", query, got)
			}
		}
	})
}

// TestCursorsBelongToTheirList turns a page with everything else than what its
// cursor was handed out for.
func TestCursorsBelongToTheirList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for range 3 {
			in.apiToken(t, in.acme, "")
			in.client(t, in.acme, `{"name":"x","scopes":["docs"]}`)
		}
		for _, path := range []string{"/v1/tokens", "/v1/clients"} {
			queries := []string{
				"", "sort=name", "sort=-name", "sort=createdAt", "sort=expiresAt", "sort=lastUsedAt", "q=x", "status=active",
				"expiringWithin=99999999", "unusedFor=0&projectId=" + in.acme.project,
			}
			for _, query := range queries[:8] {
				cursor := in.call(t, in.acme.admin, "GET", path+"?limit=1&"+query, "").want(t, 200, "").text("nextCursor")
				in.call(t, in.acme.admin, "GET", path+"?"+query+"&cursor="+cursor, "").want(t, 200, "")
				for _, other := range queries {
					if other != query {
						in.call(t, in.acme.admin, "GET", path+"?"+other+"&cursor="+cursor, "").want(t, 400, "malformed_request")
					}
				}
				forged := []byte(cursor)
				forged[len(forged)/2] ^= 1
				in.call(t, in.acme.admin, "GET", path+"?"+query+"&cursor="+string(forged), "").want(t, 400, "malformed_request")
			}
		}
	})
}

func TestDuplicateClient(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		in.documents(t, in.acme, "https://api.example.com")
		like := in.client(t, in.acme, `{"name":"x","description":"d","environment":"dev","projectId":"`+in.acme.project+`","scopes":["docs:read"],
			"permissions":["p"],"audiences":["https://api.example.com"],"introspects":["*"],"ipWhitelist":["10.0.0.0/8","192.0.2.1"],
			"tokenFormat":"opaque","tokenTtlSeconds":60,"watch":true,"expiresAt":"2026-04-01T00:00:00Z"}`)
		path := "/v1/clients/" + like.text("clientId")
		in.call(t, in.acme.admin, "PATCH", path, `{"isActive":false}`).want(t, 200, "")
		r := in.call(t, in.acme.admin, "POST", path+"/duplicate", "").want(t, 201, "")
		if r.text("clientId") == like.text("clientId") || r.text("clientSecret") == like.text("clientSecret") || len(r.text("clientSecret")) != 68 {
			t.Errorf("got %s", r.raw)
		}
		settings := func(r reply) map[string]any {
			return without(without(without(r.body, "clientId"), "clientSecret"), "secrets")
		}
		if diff := cmp.Diff(settings(like), settings(r)); diff != "" {
			t.Errorf("the settings (-there +here):\n%s", diff)
		}
		if got := r.header.Get("Location"); got != "/v1/clients/"+r.text("clientId") {
			t.Errorf("Location: got %q", got)
		}

		in.call(t, in.acme.admin, "POST", path+"/revoke", "").want(t, 200, "")
		in.clock.advance(40 * 24 * time.Hour)
		r = in.call(t, in.acme.admin, "POST", path+"/duplicate", `{"name":"y","confirmRequired":true}`).want(t, 201, "")
		if r.text("name") != "y" || r.text("status") != "pending" || r.body["expiresAt"] != nil || r.body["revokedAt"] != nil {
			t.Errorf("of one that had expired: got %s", r.raw)
		}
		in.call(t, in.acme.admin, "POST", path+"/duplicate", `{"scopes":["more"]}`).want(t, 422, "invalid_input")
		in.call(t, in.token(t, in.acme, "", "keywright:read"), "POST", path+"/duplicate", "").want(t, 403, "forbidden")

		signer := "/v1/clients/" + in.client(t, in.acme, `{"name":"k","scopes":["a"],"authMethod":"private_key_jwt","jwks":{"keys":[`+p256Key+`]}}`).text("clientId")
		r = in.call(t, in.acme.admin, "POST", signer+"/duplicate", `{"jwks":{"keys":[`+ed25519Key+`]}}`).want(t, 201, "")
		if !strings.Contains(r.raw, `"OKP"`) || strings.Contains(r.raw, `"EC"`) || r.text("clientSecret") != "" {
			t.Errorf("with keys of its own: got %s", r.raw)
		}

		admin, _, err := in.service.CreateClient(t.Context(), in.acme.operator(), registry.ClientInput{Name: "boss", Scopes: []string{"keywright:write"}})
		must(t, err)
		in.call(t, in.acme.admin, "POST", "/v1/clients/"+admin.ID+"/duplicate", "").want(t, 403, "console_session_required")
		bound := in.token(t, in.acme, in.acme.project, "keywright:read", "keywright:write")
		in.call(t, bound, "POST", signer+"/duplicate", "").want(t, 404, "not_found")
	})
}
