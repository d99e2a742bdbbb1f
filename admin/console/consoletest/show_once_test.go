package consoletest

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	browsers "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

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
		p.typeRange(0, "192.0.2.1")
		p.press("Add a row")
		p.typeRange(1, "nowhere")
		p.press("Generate credentials")
		p.sees("Entry 2")
		p.check()
		p.press("Remove range 1")
		p.misses("This is not an address")
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
		cookie = nil // the session has ended, and the secret stands in the page
		if got := post(nil, id, good); got.StatusCode != http.StatusOK || got.Header.Get("Content-Disposition") == "" {
			t.Errorf("a download after the session: %d", got.StatusCode)
		}
	})
}

// shown is what the page shows to be copied under that label.
func (p *tab) shown(label string) string {
	p.t.Helper()
	element := `document.querySelector("code[data-copy][data-label=" + JSON.stringify(` + quote(label) + `) + "]")`
	p.settle("see " + label)
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

// downloaded waits until a file is there with all of its text.
func downloaded(t *testing.T, path string) (got map[string]string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		raw, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(raw, &got)
		}
		if err == nil {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
