package console_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"keywright/admin/console"
	"keywright/internal/jwk"
	"keywright/internal/onetime"
	"keywright/internal/seal"
	"keywright/internal/signin"
	"keywright/internal/vault"
	"keywright/internal/web"
	"keywright/registry"
	"keywright/storage"
)

// installation is the console over a database without a member.
type installation struct {
	*httptest.Server
	service *registry.Service
	routes  gin.RoutesInfo
	code    string // to set it up
}

// password is that of the owner in every test.
const password = "correct horse battery"

// clock is one that tests move, while the server reads it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func install(t *testing.T, db *storage.DB, now func() time.Time) *installation {
	t.Helper()
	master, err := seal.ParseMaster(base64.StdEncoding.EncodeToString(make([]byte, seal.KeyBytes)), rand.Reader)
	must(t, err)
	keys, err := vault.Open(t.Context(), vault.Config{Store: db, Master: master, Random: rand.Reader, Now: now})
	must(t, err)
	_, err = keys.AccessKeys(t.Context()) // makes the first ones
	must(t, err)
	ids, logger := registry.NewErrorIDs(keys.RefusalBox()), slog.New(slog.DiscardHandler)
	in := &installation{service: registry.NewService(registry.ServiceConfig{
		Store: db, Peppers: keys.Peppers(), AuditKeys: keys.AuditKeys(), ErrorIDs: ids, CursorBox: keys.CursorBox(),
		Now: now, Rand: rand.Reader, Logger: logger,
		// Argon2id takes its time; package password tests that.
		Hash:         func(text string) (string, error) { return "hashed " + text, nil },
		Verify:       func(_ context.Context, hashed, text string) (bool, error) { return hashed == "hashed "+text, nil },
		OneTimeCodes: onetime.NewCodes(rand.Reader), OneTimeBox: keys.OneTimeBox(),
		SigningSchedule: keys.SigningSchedule(), ParseKeys: jwk.ParseSet, UsageRules: registry.DefaultUsageRules,
		UsageHoursKept: 30 * 24 * time.Hour, UsageDaysKept: 400 * 24 * time.Hour,
	})}
	setup, code, err := console.NewSetup(t.Context(), in.service, now, rand.Reader)
	must(t, err)
	in.code = code
	writeError, err := console.WriteError(web.WriteProblem)
	must(t, err)
	engine := web.NewEngine(web.Config{
		Listener: "admin", MaxBody: web.MaxAdminBody, Health: web.NewHealth(db), WriteError: writeError,
		ErrorIDs: ids, Now: now, Rand: rand.Reader, Logger: logger,
	})
	must(t, console.Mount(engine, console.Config{
		Service: in.service, Sessions: signin.NewKeeper(signin.Config{Service: in.service, Store: db.SessionTokens(), Now: now}),
		ParseAccessToken: func(string) (registry.AccessToken, error) {
			return registry.AccessToken{}, &registry.Refused{Cause: registry.CauseUnknownToken}
		},
		Setup: setup, TicketBox: keys.CursorBox(), Issuer: "https://id.example.com", Now: now,
	}))
	in.routes = engine.Routes()
	in.Server = httptest.NewServer(engine)
	t.Cleanup(in.Close)
	return in
}

// organization makes Acme with its owner.
func (in *installation) organization(t *testing.T) registry.CreatedOrganization {
	t.Helper()
	operator := registry.Actor{Principal: registry.Principal{Kind: registry.ActorOperator}, Via: registry.ViaBootstrap}
	made, err := in.service.CreateOrganization(t.Context(), operator, registry.OrganizationInput{
		Name: "Acme", Email: "owner@acme.example", Password: password,
	})
	must(t, err)
	return made
}

// serve runs the console over a database with one organization.
func serve(t *testing.T, db *storage.DB, now func() time.Time) (*installation, registry.CreatedOrganization) {
	t.Helper()
	in := install(t, db, now)
	return in, in.organization(t)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
