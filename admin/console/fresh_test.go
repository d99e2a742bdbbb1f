package console_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"keywright/admin/console"
	"keywright/internal/onetime"
	"keywright/internal/seal"
	"keywright/internal/signin"
	"keywright/internal/vault"
	"keywright/internal/web"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// TestFreshSignIn leaves a session alone for a while: password and code are
// asked for again before everything is revoked, and before nothing less.
func TestFreshSignIn(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		server, made := serve(t, db, func() time.Time { return now })
		browse := func(method, path, cookie string, form url.Values) (status int, header http.Header) {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(form.Encode()))
			must(t, err)
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.Header.Set("Cookie", cookie)
			resp, err := http.DefaultTransport.RoundTrip(req)
			must(t, err)
			must(t, resp.Body.Close())
			return resp.StatusCode, resp.Header
		}
		in := url.Values{"email": {made.Owner.Email}, "password": {made.Password.Reveal()}}
		signIn := func(path, cookie string) string {
			t.Helper()
			_, header := browse(http.MethodPost, path, cookie, in)
			cookie, _, _ = strings.Cut(header.Get("Set-Cookie"), ";")
			return cookie
		}
		cookie := signIn("/console/sign-in", "")
		for _, path := range []string{"/console/clients/revoke-all", "/console/tokens/revoke-all"} {
			if got, _ := browse(http.MethodGet, path, cookie, nil); got != http.StatusOK {
				t.Errorf("%s just after sign-in: %d", path, got)
			}
		}
		now = now.Add(registry.FreshFor)
		if got, _ := browse(http.MethodGet, "/console/tokens", cookie, nil); got != http.StatusOK {
			t.Errorf("the list: %d", got)
		}
		all := url.Values{"target": {made.Organization.ID}, "typed": {made.Organization.Name}, "expectedCount": {"1"}}
		for _, path := range []string{"/console/clients/revoke-all", "/console/tokens/revoke-all"} {
			for method, form := range map[string]url.Values{http.MethodGet: nil, http.MethodPost: all} {
				want := "/console/sign-in-again?next=" + url.QueryEscape(path)
				_, header := browse(method, path, cookie, form)
				if got := header.Get("Location"); got != want {
					t.Errorf("%s %s leads to %q, want %q", method, path, got, want)
				}
			}
		}
		status, header := browse(http.MethodPost, "/console/tokens/revoke-all", signIn("/console/sign-in-again", cookie), all)
		if got := header.Get("Location"); status != http.StatusSeeOther || got != "/console/tokens" {
			t.Errorf("with a fresh password: %d, %q", status, got)
		}
	})
}

// serve runs the console over a database with one organization.
func serve(t *testing.T, db *storage.DB, now func() time.Time) (*httptest.Server, registry.CreatedOrganization) {
	t.Helper()
	master, err := seal.ParseMaster(base64.StdEncoding.EncodeToString(make([]byte, seal.KeyBytes)), rand.Reader)
	must(t, err)
	keys, err := vault.Open(t.Context(), vault.Config{Store: db, Master: master, Random: rand.Reader, Now: now})
	must(t, err)
	ids, logger := registry.NewErrorIDs(keys.RefusalBox()), slog.New(slog.DiscardHandler)
	service := registry.NewService(registry.ServiceConfig{
		Store: db, Peppers: keys.Peppers(), AuditKeys: keys.AuditKeys(), ErrorIDs: ids, CursorBox: keys.CursorBox(),
		Now: now, Rand: rand.Reader, Logger: logger,
		// Argon2id takes its time; package password tests that.
		Hash:         func(text string) (string, error) { return "hashed " + text, nil },
		Verify:       func(_ context.Context, hashed, text string) (bool, error) { return hashed == "hashed "+text, nil },
		OneTimeCodes: onetime.NewCodes(rand.Reader), OneTimeBox: keys.OneTimeBox(),
	})
	operator := registry.Actor{Principal: registry.Principal{Kind: registry.ActorOperator}, Via: registry.ViaBootstrap}
	made, err := service.CreateOrganization(t.Context(), operator, registry.OrganizationInput{Name: "Acme", Email: "owner@acme.example"})
	must(t, err)
	engine := web.NewEngine(web.Config{
		Listener: "admin", MaxBody: web.MaxAdminBody, Health: web.NewHealth(db), WriteError: web.WriteProblem,
		ErrorIDs: ids, Now: now, Rand: rand.Reader, Logger: logger,
	})
	must(t, console.Mount(engine, console.Config{
		Service: service, Sessions: signin.NewKeeper(signin.Config{Service: service, Store: db.SessionTokens(), Now: now}),
		TicketBox: keys.CursorBox(), Issuer: "https://id.example.com", Now: now,
	}))
	server := httptest.NewServer(engine)
	t.Cleanup(server.Close)
	return server, made
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
