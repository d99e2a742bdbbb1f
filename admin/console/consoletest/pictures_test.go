package consoletest

import (
	"bytes"
	"fmt"
	"image/png"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"keywright/registry"
	"keywright/storage"
)

// TestPictures makes the pictures of the documents, in the folder that
// KEYWRIGHT_PICTURES names.
func TestPictures(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("KEYWRIGHT_PICTURES")
	if folder == "" {
		t.Skip("make screenshots makes the pictures of the documents")
	}
	findBrowser(t)
	s := copyOfPostgres(t)
	s.start(t)
	shown := s.company(t)
	p := s.signIn(t)
	p.do("resize", chromedp.EmulateViewport(1280, 800))
	picture := func(name, path string, steps ...func()) {
		p.open(path)
		for _, step := range steps {
			step()
		}
		p.settle(name)
		p.picture(filepath.Join(folder, name+".png"))
	}
	client := "/console/clients/" + shown.client
	picture("overview", "/console")
	picture("applications", "/console/applications")
	picture("application", "/console/applications/"+shown.application)
	picture("clients", "/console/clients")
	picture("client", client, func() {
		ask[bool](p, `([...document.querySelectorAll("h2")].find((h) => h.innerText === "Use in 30 days").scrollIntoView(), true)`)
	})
	picture("rotation", client+"/credentials")
	picture("tokens", "/console/tokens")
	picture("refusal", "/console/refusals?errorId="+url.QueryEscape(shown.refusal))
	picture("client-new", "/console/clients/new", func() {
		p.fill("Name", "Invoice export")
		p.tick("invoices:read")
		p.sees("Name Invoice export") // in the summary
		p.sees("Scopes invoices:read")
	})
	p.do("resize", chromedp.EmulateViewport(390, 800))
	picture("clients-phone", "/console/clients")
	p.do("resize", chromedp.EmulateViewport(1280, 800))
	picture("show-once", "/console/clients/new", func() {
		p.fill("Name", "Invoice export")
		p.tick("invoices:read")
		p.press("Generate credentials")
		p.sees("The secret is shown this once")
	})
	p.scheme("dark")
	picture("overview-dark", "/console")
}

// picture writes what can be seen, without secrets.
func (p *tab) picture(path string) {
	p.t.Helper()
	ask[bool](p, `(() => {
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) {
			texts.currentNode.data = texts.currentNode.data.replace(/(kw[st]_)[0-9a-f]{20,}/g, (all, kind) => kind + "•".repeat(all.length - kind.length));
		}
		return true })()`)
	ctx, cancel := p.within()
	defer cancel()
	raw, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	must(p.t, err)
	decoded, err := png.Decode(bytes.NewReader(raw))
	must(p.t, err)
	var small bytes.Buffer
	must(p.t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, decoded))
	if small.Len() > 150_000 {
		p.t.Errorf("%s has %d bytes", path, small.Len())
	}
	must(p.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(p.t, os.WriteFile(path, small.Bytes(), 0o644))
}

// company is what the pictures show.
type company struct{ application, client, refusal string }

func (s *site) company(t *testing.T) company {
	t.Helper()
	create := func(path string, in map[string]any) (id string) { return s.create(t, "/v1/"+path, in) }
	for name, description := range map[string]string{
		"invoices:read": "See invoices and their state", "invoices:write": "Make and send invoices",
		"documents:read": "Read documents", "documents:write": "Add and change documents",
	} {
		create("scopes", map[string]any{"name": name, "description": description})
	}
	for _, api := range []string{"invoices", "documents"} {
		create("apis", map[string]any{
			"identifier": "https://" + api + ".acme.example", "name": strings.ToUpper(api[:1]) + api[1:] + " API",
			"scopes": []string{api + ":read", api + ":write"},
			"endpoints": []map[string]string{
				{"method": "GET", "path": "/v1/" + api, "scope": api + ":read"}, {"method": "POST", "path": "/v1/" + api, "scope": api + ":write"},
			},
		})
	}
	var apis struct {
		Items []struct{ Endpoints []struct{ ID string } }
	}
	s.call(t, http.MethodGet, "/v1/apis", nil, &apis)
	var endpoints []string
	for _, api := range apis.Items {
		for _, e := range api.Endpoints {
			endpoints = append(endpoints, e.ID)
		}
	}
	finance := create("projects", map[string]any{"name": "Finance"})
	create("roles", map[string]any{"name": "bookkeeper", "description": "Reads and writes invoices", "scopes": []string{"invoices:read", "invoices:write"}})
	var c company
	for _, app := range []struct {
		name, description string
		daily             int64
	}{
		{"Document archive", "Keeps contracts and receipts for ten years.", 230},
		{"Partner portal", "What partners see of their orders.", 2100},
		{"Invoicing", "Makes invoices at night and sends them in the morning.", 640},
	} {
		c.application = create("applications", map[string]any{"name": app.name, "description": app.description, "projectId": finance, "endpoints": endpoints})
		for i, environment := range []string{"staging", "production"} {
			made := s.makeClient(t, map[string]any{
				"name": app.name + ", " + environment, "applicationId": c.application, "environment": environment,
				"scopes": []string{"invoices:read", "invoices:write"}, "expiresAt": time.Now().UTC().AddDate(0, 0, 185-160*i).Format(time.RFC3339),
			})
			s.useForAMonth(t, made, app.daily/int64(9-8*i))
			c.client = made.ClientID
		}
	}
	create("tokens", map[string]any{"name": "Nightly backup", "scopes": []string{"documents:read"}, "permissions": []string{"export"}, "ipWhitelist": []string{"192.0.2.0/24"}})
	create("tokens", map[string]any{"name": "Build server", "projectId": finance, "permissions": []string{"deploy"}, "scopes": []string{"invoices:read"}, "expiresAt": time.Now().UTC().AddDate(0, 0, 90).Format(time.RFC3339)})
	s.call(t, http.MethodPost, "/v1/clients/"+c.client+"/regenerate", map[string]any{"overlapSeconds": 7 * 86400}, nil)
	c.refusal = s.exchange(t, c.client, "wrong").ErrorID
	return c
}

// useForAMonth enters the use of a client, and a failure now and then.
func (s *site) useForAMonth(t *testing.T, c madeClient, daily int64) {
	t.Helper()
	db, err := storage.Open(t.Context(), storage.Config{URL: s.database, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	defer db.Close()
	var me struct{ OrganizationID string }
	s.call(t, http.MethodGet, "/v1/me", nil, &me)
	for day := 29; day >= 0; day-- {
		at := time.Now().UTC().AddDate(0, 0, -day).Add(-time.Minute)
		count := daily + int64(day*7%11)*daily/20
		if at.Weekday()%6 == 0 { // Saturday and Sunday
			count /= 4
		}
		var deltas []registry.UsageDelta
		for kind, id := range map[string]string{
			registry.CredentialClient: c.ClientID, registry.CredentialSecret: c.Secrets[0].ID, registry.UsageOrganization: me.OrganizationID,
		} {
			used := registry.UsageDelta{
				Kind: kind, ID: id, OrganizationID: me.OrganizationID, Count: count, LastAt: at, LastIP: netip.MustParseAddr("192.0.2.17"),
			}
			failed := used
			failed.Cause, failed.Count = registry.CauseWrongSecret, int64(day%7/5)*count/40
			if deltas = append(deltas, used); failed.Count > 0 {
				deltas = append(deltas, failed)
			}
		}
		must(t, db.AddUsage(t.Context(), fmt.Sprint(c.ClientID, day), at, deltas))
	}
}
