package console_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// reply is what came back, without its body.
type reply struct {
	StatusCode int
	Header     http.Header
	cookies    []*http.Cookie
}

// bare sends a request as it is, and follows no redirect.
func (in *installation) bare(t *testing.T, method, path, body string, header http.Header) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, in.URL+path, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	must(t, err)
	must(t, resp.Body.Close())
	return reply{resp.StatusCode, resp.Header, resp.Cookies()}
}

// session is the Cookie header of an owner who signs in.
func (in *installation) session(t *testing.T) http.Header {
	t.Helper()
	resp := in.bare(t, http.MethodPost, "/console/sign-in", ownersForm("").Encode(), nil)
	return sessionOf(t, resp)
}

func ownersForm(next string) url.Values {
	return url.Values{"email": {"owner@acme.example"}, "password": {password}, "next": {next}}
}

func sessionOf(t *testing.T, resp reply) http.Header {
	t.Helper()
	for _, c := range resp.cookies {
		if c.Name == "keywright" && c.Value != "" {
			return http.Header{"Cookie": {c.Name + "=" + c.Value}}
		}
	}
	t.Fatalf("no session begins: %d", resp.StatusCode)
	return nil
}

func with(header http.Header, name, value string) http.Header {
	header = header.Clone()
	header.Set(name, value)
	return header
}

// paths are those of the mounted routes of a method, with ids that nothing has.
func (in *installation) paths(method string) []string {
	fill := strings.NewReplacer(":id", "kwc_00000000000000000000000000", ":secret", "kwk_00000000000000000000000000", ":file", "none.js")
	var all []string
	for _, r := range in.routes {
		if r.Method == method && strings.HasPrefix(r.Path, "/console") {
			all = append(all, fill.Replace(r.Path))
		}
	}
	return all
}

// TestHeadersOnEveryAnswer asks for everything that is mounted, and for what is
// not, as nobody and as an owner, rightly and wrongly.
func TestHeadersOnEveryAnswer(t *testing.T) {
	t.Parallel()
	in, _ := serve(t, storagetest.Open(t, storagetest.Dialects()[0]), time.Now)
	owner := in.session(t)
	statuses := map[int]int{}
	check := func(method, path, body string, header http.Header) {
		t.Helper()
		resp := in.bare(t, method, path, body, header)
		statuses[resp.StatusCode]++
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
				"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := resp.Header[name]; !slices.Equal(got, []string{want}) {
				t.Errorf("%s %s (%d): %s: %q", method, path, resp.StatusCode, name, got)
			}
		}
		for _, c := range resp.cookies {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode && c.SameSite != http.SameSiteStrictMode || c.Domain != "" {
				t.Errorf("%s %s sets the cookie %s", method, path, c.Raw)
			}
		}
	}
	for _, header := range []http.Header{{}, owner} {
		for _, path := range append(in.paths(http.MethodGet), "/console/none", "/console/clients?q=%00", "/console/clients/", "/console/clients?status=none") {
			check(http.MethodGet, path, "", header)
			check(http.MethodDelete, path, "", header)
		}
		for _, path := range in.paths(http.MethodPost) {
			if path != "/console/sign-out" {
				check(http.MethodPost, path, "", header)
			}
			check(http.MethodPost, path, "", with(header, "Sec-Fetch-Site", "cross-site"))
			check(http.MethodPost, path, "{}", with(header, "Content-Type", "application/json"))
		}
	}
	check(http.MethodPost, "/console/scopes/new", strings.Repeat("x", 2<<20), owner)
	check(http.MethodGet, "/console", "", http.Header{"Cookie": {"keywright=gone"}})
	check(http.MethodPost, "/console/sign-out", "", owner)
	for _, status := range []int{200, 303, 400, 403, 404, 405, 413, 422} {
		if statuses[status] == 0 {
			t.Errorf("nothing answered %d: %v", status, statuses)
		}
	}
}

// TestFilesAreKept finds that scripts and styles, whose names tell their
// content, may be kept, and are nothing else than they say.
func TestFilesAreKept(t *testing.T) {
	t.Parallel()
	in, _ := serve(t, storagetest.Open(t, storagetest.Dialects()[0]), time.Now)
	found := 0
	for n := range in.visitor(t).open("/console/sign-in").root.Descendants() {
		address := attribute(n, "src") + attribute(n, "href")
		if !strings.HasPrefix(address, "/console/static/") {
			continue
		}
		found++
		h := in.bare(t, http.MethodGet, address, "", nil).Header
		if h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Set-Cookie") != "" {
			t.Errorf("%s comes with %v", address, h)
		}
	}
	if found < 4 {
		t.Errorf("the page names %d files", found)
	}
}

// TestFormsOfOthersAreRefused sends every form as another site would. A request
// that says nothing of where it comes from is no browser's of today: there the
// cookie, which is Lax, is what keeps it out.
func TestFormsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	in, _ := serve(t, storagetest.Open(t, storagetest.Dialects()[0]), time.Now)
	owner := in.session(t)
	paths := in.paths(http.MethodPost)
	for _, path := range paths {
		for name, header := range map[string]http.Header{
			"another site":              with(owner, "Sec-Fetch-Site", "cross-site"),
			"a neighbour":               with(owner, "Sec-Fetch-Site", "same-site"),
			"another origin":            with(owner, "Origin", "https://evil.example"),
			"another port":              with(owner, "Origin", in.URL+"1"),
			"no origin that it tells":   with(owner, "Origin", "null"),
			"a page that forges origin": with(with(owner, "Origin", in.URL), "Sec-Fetch-Site", "cross-site"),
		} {
			if got := in.bare(t, http.MethodPost, path, "everywhere=on", header).StatusCode; got != http.StatusForbidden {
				t.Errorf("%s takes a form of %s: %d", path, name, got)
			}
		}
	}
	if len(paths) < 40 {
		t.Errorf("there are %d forms only", len(paths))
	}
	if got := in.bare(t, http.MethodGet, "/console", "", owner).StatusCode; got != http.StatusOK {
		t.Errorf("the session is over: %d", got)
	}
	for name, header := range map[string]http.Header{
		"our own": with(owner, "Sec-Fetch-Site", "same-origin"), "the address bar": with(owner, "Sec-Fetch-Site", "none"),
		"our own, in an older browser": with(owner, "Origin", in.URL), "a program": owner,
	} {
		if got := in.bare(t, http.MethodPost, "/console/download", "", header).StatusCode; got != http.StatusBadRequest {
			t.Errorf("a form of %s is not read: %d", name, got)
		}
	}
}

// strayed are addresses that are not of the console, however they are read.
var strayed = []string{
	"//evil.example", "//evil.example/console", "https://evil.example/console", "///evil.example", `\\evil.example`, `/\evil.example`, "/\t/evil.example", "https://evil.example", "https:evil.example",
	"https:/evil.example", "javascript:alert(1)", "data:text/html,x", "/console//evil.example", "/console/../../evil.example", "/console@evil.example",
	"/console/%2e%2e/v1", "/console\r\nSet-Cookie: a=b", "//user@evil.example/console", "/v1/clients", "%2f%2fevil.example",
}

// TestRedirectsStayHere gives every address that leads on to where it should
// lead something that is not of the console.
func TestRedirectsStayHere(t *testing.T) {
	t.Parallel()
	in, _ := serve(t, storagetest.Open(t, storagetest.Dialects()[0]), time.Now)
	owner := in.session(t)
	for _, evil := range strayed {
		known := in.bare(t, http.MethodGet, "/console/sign-in?next="+url.QueryEscape(evil), "", owner)
		again := in.bare(t, http.MethodPost, "/console/sign-in-again", ownersForm(evil).Encode(), owner)
		owner = sessionOf(t, again)
		for name, resp := range map[string]reply{
			"sign-in": in.bare(t, http.MethodPost, "/console/sign-in", ownersForm(evil).Encode(), nil), "sign-in of a signed-in": known, "sign-in again": again,
		} {
			if got := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || got != "/console" {
				t.Errorf("%s leads to %q by %q (%d)", name, got, evil, resp.StatusCode)
			}
		}
	}
}

// TestPagesLeadBackHere says that a page that asks before it acts was come to
// from elsewhere.
func TestPagesLeadBackHere(t *testing.T) {
	t.Parallel()
	in, _ := serve(t, storagetest.Open(t, storagetest.Dialects()[0]), time.Now)
	v := in.signedIn(t)
	p := v.open("/console/clients/new").form("/console/clients/new").set("name", "Importer").set("otherScopes", "documents").press("Generate credentials")
	path := "/console/clients/" + p.shown("the client id")
	p.form("/console/download").press("Download JSON")
	p.form(path + "/confirm").press("Add credentials").says("are active")
	for i, evil := range strayed {
		act, button := path+"/disable", "Disable"
		if i%2 == 1 {
			act, button = path+"/enable", "Enable"
		}
		p = v.open(act + "?back=" + url.QueryEscape(evil))
		for n := range p.root.Descendants() {
			to := attribute(n, "href")
			if n.Data == "a" && to != "/console" && !strings.HasPrefix(to, "/console/") && !strings.HasPrefix(to, "#") || strings.Contains(to, "evil") {
				t.Errorf("the page leads to %q by %q", to, evil)
			}
		}
		f := p.form(act)
		if i%2 == 0 {
			f.set("typed", "Importer")
		}
		if p = f.press(button).says("Overview"); p.url.Host != strings.TrimPrefix(in.URL, "http://") || p.url.Path != "/console" {
			t.Errorf("it leads to %s by %q", p.url, evil)
		}
	}
}

// TestSessionsEnd moves the clock: 30 minutes without a request and 12 hours
// with them are the end, and what is signed out of is over at once.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		clock := newClock()
		in, _ := serve(t, db, clock.now)
		alive := func(header http.Header) bool {
			t.Helper()
			return in.bare(t, http.MethodGet, "/console", "", header).StatusCode == http.StatusOK
		}
		first := in.session(t)
		clock.pass(registry.SessionIdleLimit - time.Minute)
		if !alive(first) {
			t.Fatal("it ends before it was idle for long")
		}
		clock.pass(registry.SessionIdleLimit)
		if alive(first) {
			t.Error("it outlives the time without a request")
		}

		second, began := in.session(t), clock.now()
		for clock.now().Sub(began) < registry.SessionAbsoluteLimit-20*time.Minute {
			clock.pass(20 * time.Minute)
			if !alive(second) {
				t.Fatalf("it ends after %s with requests", clock.now().Sub(began))
			}
		}
		clock.pass(20 * time.Minute)
		if alive(second) {
			t.Error("it outlives its longest life")
		}

		here, there := in.session(t), in.session(t)
		in.bare(t, http.MethodPost, "/console/sign-out", "", here)
		if alive(here) || !alive(there) {
			t.Error("signing out ends another session than this")
		}
		here = in.session(t)
		in.bare(t, http.MethodPost, "/console/sign-out", "everywhere=on", here)
		if alive(here) || alive(there) {
			t.Error("a session outlives the sign-out everywhere")
		}
	})
}

// TestSignInRenewsTheSession plants a token, and signs in over it.
func TestSignInRenewsTheSession(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		in, _ := serve(t, db, time.Now)
		planted := in.session(t)
		for _, path := range []string{"/console/sign-in", "/console/sign-in-again"} {
			renewed := sessionOf(t, in.bare(t, http.MethodPost, path, ownersForm("").Encode(), planted))
			if renewed.Get("Cookie") == planted.Get("Cookie") {
				t.Errorf("%s keeps the token that was there", path)
			}
			if got := in.bare(t, http.MethodGet, "/console", "", planted).StatusCode; got != http.StatusSeeOther {
				t.Errorf("%s leaves the token good that was there: %d", path, got)
			}
			planted = renewed
		}
		made := with(http.Header{}, "Cookie", "keywright=planted-by-a-stranger")
		if got := sessionOf(t, in.bare(t, http.MethodPost, "/console/sign-in", ownersForm("").Encode(), made)); got.Get("Cookie") == made.Get("Cookie") {
			t.Error("a token that a stranger made up becomes a session")
		}
	})
}
