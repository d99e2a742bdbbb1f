package consoletest

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	browsers "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestAddCredentials is the way from a form to a client in use and out of it:
// its values are downloaded, then it is added, revoked and removed.
func TestAddCredentials(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.describeAPI(t)
		p := s.signIn(t)
		folder := p.keepDownloads()
		p.open("/console/clients")
		p.press("Add OAuth 2.0 API credentials")
		p.sees("This will make")
		p.check()
		p.screenshot("client-new-panel")
		p.fill("Name", "Importer")
		p.press("Generate credentials")
		p.sees("required: a client needs one")
		p.check()
		p.tick("documents")
		p.sees("Scopes documents") // in the summary
		p.press("Generate credentials")
		p.sees("The secret is shown this once")
		p.check()
		p.screenshot("show-once")

		id, secret := p.shown("the client id"), p.shown("the client secret")
		p.key(kb.Escape)
		p.key(kb.Escape)
		p.do("click outside", chromedp.MouseClickXY(3, 3))
		p.sees("The secret is shown this once")
		p.keepsFocus("dialog[data-once]")
		if !ask[bool](p, "document.querySelector('[data-after-download]').disabled") {
			t.Error("a client can be added before its values were downloaded")
		}
		if got := s.authenticate(t, id, secret); got != http.StatusUnauthorized {
			t.Errorf("a pending client gets %d", got)
		}
		p.press("Download JSON")
		got := downloaded(t, filepath.Join(folder, id+".json"))
		if got["client_id"] != id || got["client_secret"] != secret || !strings.HasSuffix(got["token_endpoint"], "/oauth2/token") {
			t.Error("the file does not have what the page shows")
		}
		p.press("Add credentials")
		p.arrives("/console/clients/" + id)
		p.sees("The credentials of Importer are active.")
		if got := s.authenticate(t, id, secret); got != http.StatusOK {
			t.Errorf("an added client gets %d", got)
		}
		p.lacks(secret)
		p.open("/console/clients/" + id + "/confirm")
		p.arrives("/console/clients/" + id)

		p.open("/console/clients/" + id + "/revoke")
		p.fill("Type Importer to confirm", "Importer")
		p.tick("Remove this credential")
		p.press("Revoke")
		p.arrives("/console/clients")
		p.sees("There are no clients yet")
		if got := s.authenticate(t, id, secret); got != http.StatusUnauthorized {
			t.Errorf("a removed client gets %d", got)
		}
		p.open("/console/audit?targetId=" + id)
		for _, action := range []string{"client.create", "client.confirm", "client.revoke", "client.delete"} {
			p.sees(action)
		}
		p.lacks(secret)
	})
}

// TestNewApp makes an application in three steps, with its first key pair, and
// another key.
func TestNewApp(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.describeAPI(t)
		p := s.signIn(t)
		folder := p.keepDownloads()
		p.open("/console/applications")
		p.sees("There are no applications yet")
		p.check()
		p.press("New App")
		p.check()
		p.fill("Name", "Billing")
		p.fill("Description", "Sends invoices.")
		p.press("Choose endpoints")
		p.sees("may be reached by every key of Billing")
		p.check()
		p.screenshot("application-endpoints")
		p.tick("GET /v1/documents")
		p.press("Continue")
		p.sees("Sends invoices.")
		p.check()
		p.press("Back")
		p.sees("may be reached by every key")
		p.press("Back")
		p.press("Choose endpoints")
		p.press("Continue")
		p.fill("Environment of the first key pair", "production")
		p.press("Connect and generate keys")
		p.sees("The secret is shown this once")
		p.check()
		first := p.shown("the client id")
		p.press("Download JSON")
		downloaded(t, filepath.Join(folder, first+".json"))
		p.press("Add credentials")
		p.sees("The credentials of Billing are active.")
		p.check()

		p.press("Add key")
		p.arrives("/console/clients/new")
		p.fill("Name", "Billing, staging")
		p.fill("Environment", "staging")
		p.check()
		p.screenshot("client-new")
		p.width(360)
		p.check()
		p.width(1280)
		p.press("Generate credentials")
		p.sees("The secret is shown this once")
		p.press("Throw away")
		p.sees("were thrown away")
		p.press("Add key")
		p.arrives("/console/clients/new")
		p.fill("Name", "Second key")
		p.press("Generate credentials")
		second := p.shown("the client id")
		p.press("Download JSON")
		downloaded(t, filepath.Join(folder, second+".json"))
		p.press("Add credentials")
		p.sees("The credentials of Second key are active.")
		p.screenshot("application-keys")
		keys := p.path()
		p.press("Revoke Second key")
		p.sees("This cannot be undone.")
		p.check()
		p.fill("Type Second key to confirm", "Second key")
		p.press("Revoke")
		p.arrives("/console/clients/" + second)
		p.open(keys)
		p.sees("revoked")
		p.check()

		p.open(strings.TrimSuffix(keys, "/keys"))
		p.sees("GET /v1/documents")
		p.check()
		p.screenshot("application")
		p.press("Edit")
		p.fill("Name", "Invoices")
		p.check()
		p.press("Save")
		p.sees("The application was changed.")
		p.press("Delete")
		p.sees("cannot be deleted")
		p.check()
		p.open("/console/applications")
		p.sees("1 live credential")
		p.sees("production")
		p.check()
		p.width(360)
		p.check()
		p.screenshot("applications-phone")
	})
}

// TestAddCredentialsWithoutScript does it all as plain pages: adding before
// the download shows the values again.
func TestAddCredentialsWithoutScript(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.describeAPI(t)
		p := s.withoutScript(t)
		folder := p.keepDownloads()
		p.open("/console/applications/new")
		p.fill("E-mail", s.email)
		p.fill("Password", s.password)
		p.press("Sign in")
		p.fill("Name", "Billing")
		p.press("Choose endpoints")
		p.tick("GET /v1/documents")
		p.press("Continue")
		p.press("Connect and generate keys")
		p.sees("The secret is shown this once")
		p.check()
		id, secret := p.shown("the client id"), p.shown("the client secret")
		p.press("Add credentials")
		p.sees("Download the JSON first")
		p.check()
		if again := p.shown("the client secret"); again != secret {
			t.Error("the secret is not shown again")
		}
		p.press("Download JSON")
		downloaded(t, filepath.Join(folder, id+".json"))
		p.press("Add credentials")
		p.sees("The credentials of Billing are active.")
		p.check()
		if got := s.authenticate(t, id, secret); got != http.StatusOK {
			t.Errorf("an added client gets %d", got)
		}
		p.press("Add key")
		p.arrives("/console/clients/new")
		p.fill("Name", "Another")
		p.choose("Expires", "in 30 days")
		p.fill("Allowed addresses", "192.0.2.1\nnowhere")
		p.press("Generate credentials")
		p.sees("Entry 2")
		p.check()
		p.fill("Allowed addresses", "192.0.2.1")
		p.press("Generate credentials")
		p.sees("The secret is shown this once")
	})
}

// TestDownload shows that what is sent back as a file is what the server makes
// and nothing else, and is kept by nobody.
func TestDownload(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		cookie, _ := s.cookie(t, "/console")
		const id, secret = "kwc_00000000000000000000000000", "kws_00000000000000000000000000000000000000000000000000000000"
		good := secret + fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(secret)))
		post := func(header http.Header, id, secret string) answer {
			return s.browse(t, http.MethodPost, "/console/download", cookie, header, url.Values{"clientId": {id}, "secret": {secret}})
		}
		got := post(nil, id, good)
		want := map[string]string{
			"Content-Type": "application/json", "Content-Disposition": `attachment; filename="` + id + `.json"`,
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		}
		for name, value := range want {
			if got.StatusCode != http.StatusOK || got.Header.Get(name) != value {
				t.Errorf("%d with %s %q, want %q", got.StatusCode, name, got.Header.Get(name), value)
			}
		}
		for name, tc := range map[string]struct {
			header     http.Header
			id, secret string
			want       int
		}{
			"from another site":    {http.Header{"Sec-Fetch-Site": {"cross-site"}}, id, good, http.StatusForbidden},
			"of no client":         {nil, "../../evil", good, http.StatusBadRequest},
			"of no secret":         {nil, id, "<script>", http.StatusBadRequest},
			"of a mistyped secret": {nil, id, secret + "00000000", http.StatusBadRequest},
			"of nothing":           {nil, "", "", http.StatusBadRequest},
		} {
			if got := post(tc.header, tc.id, tc.secret); got.StatusCode != tc.want || got.Header.Get("Content-Disposition") != "" {
				t.Errorf("a download %s: %d, want %d", name, got.StatusCode, tc.want)
			}
		}
		if got := s.browse(t, http.MethodPost, "/console/download", nil, nil, nil); got.StatusCode != http.StatusSeeOther {
			t.Errorf("a download by nobody: %d", got.StatusCode)
		}
	})
}

// TestMembersMakeNothing shows that who may not make applications and clients
// is offered none, and refused when they try.
func TestMembersMakeNothing(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.signIn(t)
		p.open("/console/members/new")
		p.fill("E-mail", "ann@acme.example")
		p.press("Make member")
		password := p.shown("the password")
		ann := *s
		ann.email, ann.password = "ann@acme.example", password
		p = ann.signIn(t)
		for path, offer := range map[string]string{"/console/applications": "New App", "/console/clients": "Add OAuth 2.0 API credentials"} {
			p.open(path)
			p.sees("There are no")
			p.lacks(offer)
			p.open(path + "/new")
			p.sees("You may not do that")
		}
		cookie, _ := ann.cookie(t, "/console")
		for path, form := range map[string]url.Values{
			"/console/applications/new": {"name": {"Mine"}, "step": {"plain"}},
			"/console/clients/new":      {"name": {"Mine"}, "scopes": {"documents"}},
		} {
			if got := s.browse(t, http.MethodPost, path, cookie, nil, form); got.StatusCode != http.StatusForbidden {
				t.Errorf("a member posts to %s: %d", path, got.StatusCode)
			}
		}
	})
}

// describeAPI makes an API with two scopes, an endpoint for each.
func (s *site) describeAPI(t *testing.T) {
	t.Helper()
	s.call(t, http.MethodPost, "/v1/apis", map[string]any{
		"identifier": "https://api.acme.example", "name": "Documents API", "scopes": []string{"documents", "analytics"},
		"endpoints": []map[string]string{
			{"method": "GET", "path": "/v1/documents", "scope": "documents"}, {"method": "GET", "path": "/v1/reports", "scope": "analytics"},
		},
	}, nil)
}

// authenticate asks for an access token, and returns the status of the answer.
func (s *site) authenticate(t *testing.T, id, secret string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.public+"/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	must(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(id, secret)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode
}

// shown is what the page shows to be copied under that label.
func (p *tab) shown(label string) string {
	p.t.Helper()
	element := `document.querySelector("code[data-copy][data-label=" + JSON.stringify(` + quote(label) + `) + "]")`
	p.until("see "+label, element)
	return ask[string](p, element+`.dataset.copy`)
}

// lacks fails if the page has the text anywhere, seen or not.
func (p *tab) lacks(text string) {
	p.t.Helper()
	if ask[bool](p, "document.documentElement.outerHTML.includes("+quote(text)+") || location.href.includes("+quote(text)+")") {
		p.t.Errorf("%s still has what was shown once", p.path())
	}
}

// keepsFocus goes round with the tabulator, which must stay in that element or
// the browser itself.
func (p *tab) keepsFocus(selector string) {
	p.t.Helper()
	for range 12 {
		p.key(kb.Tab)
		if !ask[bool](p, `document.activeElement === document.body || !!document.activeElement.closest(`+quote(selector)+`)`) {
			p.t.Errorf("the focus leaves %s", selector)
			return
		}
	}
}

// keepDownloads lets the tab download, into the folder that is returned.
func (p *tab) keepDownloads() string {
	p.t.Helper()
	folder := p.t.TempDir()
	call(p, browsers.SetDownloadBehavior, browsers.SetDownloadBehaviorParams{
		Behavior: browsers.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder,
		BrowserContextID: chromedp.FromContext(p.ctx).BrowserContextID,
	})
	return folder
}

// downloaded waits for a file, which the browser puts there whole.
func downloaded(t *testing.T, path string) map[string]string {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		raw, err := os.ReadFile(path)
		if err == nil {
			var got map[string]string
			must(t, json.Unmarshal(raw, &got))
			return got
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
