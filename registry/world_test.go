package registry_test

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/netip"
	"sync"
	"testing"
	"time"

	"keywright/internal/jwk"
	"keywright/internal/seal"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// world is a service over a real, empty database, with two organizations.
type world struct {
	*registry.Service
	t     *testing.T
	db    *storage.DB
	auth  *registry.Authenticator
	uses  *uses
	clock *clock
	ids   *registry.ErrorIDs
	keys  registry.AuditKeys
	one   registry.CreatedOrganization
	two   registry.CreatedOrganization
	heard registry.Position // of the last event of the server that a test looked at
}

// eachWorld runs a test on every dialect, in parallel.
func eachWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	storagetest.RunWatched(t, func(t *testing.T, db *storage.DB) { test(t, newWorld(t, db)) })
}

func newWorld(t *testing.T, db *storage.DB) *world {
	t.Helper()
	w := &world{t: t, db: db, clock: &clock{at: time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)}, uses: &uses{}}
	var peppers registry.Peppers
	peppers.Add("key_pepper", randomKey(t))
	w.keys.Add("key_audit", randomKey(t))
	refusals, cursors := newBox(t), newBox(t)
	w.ids = registry.NewErrorIDs(refusals)
	w.Service = registry.NewService(registry.ServiceConfig{
		Store: db, Peppers: peppers, AuditKeys: w.keys, ErrorIDs: w.ids, CursorBox: cursors, Now: w.clock.Now, Rand: rand.Reader,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Hash:   func(string) (string, error) { return "$argon2id$test", nil }, ParseKeys: jwk.ParseSet,
		SigningSchedule: registry.KeySchedule{Purpose: registry.KeySigning, Algorithm: "ES256", Lifetime: 90 * aDay, Make: newSigningKey},
		UsageRules:      registry.DefaultUsageRules, UsageHoursKept: 30 * aDay, UsageDaysKept: 400 * aDay,
	})
	w.auth = registry.NewAuthenticator(registry.AuthenticatorConfig{HotPath: db, Assertions: db, Peppers: peppers, Uses: w.uses, Now: w.clock.Now})
	var err error
	if w.one, err = w.Bootstrap(t.Context(), operator(), registry.OrganizationInput{Name: "One", Email: "one@example.com"}); err != nil {
		t.Fatal(err)
	}
	if w.two, err = w.CreateOrganization(t.Context(), operator(), registry.OrganizationInput{Name: "Two", Email: "two@example.com"}); err != nil {
		t.Fatal(err)
	}
	return w
}

// newSigningKey is a key as far as this package looks at one.
func newSigningKey() (registry.Key, error) {
	id, err := registry.NewID(rand.Reader, registry.PrefixKey)
	return registry.Key{ID: id, Purpose: registry.KeySigning, Algorithm: "ES256", Sealed: []byte("sealed key " + rand.Text())}, err
}

func operator() registry.Actor {
	return registry.Actor{Principal: registry.Principal{Kind: registry.ActorOperator}, Via: registry.ViaBootstrap}
}

// owner is the owner of an organization in a console session that never grows old.
func owner(o registry.CreatedOrganization) registry.Actor {
	return registry.Actor{
		Principal: registry.Principal{Kind: registry.ActorMember, ID: o.Owner.ID}, OrganizationID: o.Organization.ID,
		Role: registry.RoleOwner, ConsoleSession: true, SignedInAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), Via: registry.ViaConsole,
	}
}

// machine is an API token that acts as an admin of an organization, or of a project.
func machine(t *testing.T, o registry.CreatedOrganization, projectID string) registry.Actor {
	t.Helper()
	id, err := registry.NewID(rand.Reader, registry.PrefixAPIToken)
	if err != nil {
		t.Fatal(err)
	}
	return registry.Actor{
		Principal: registry.Principal{Kind: registry.ActorAPIToken, ID: id}, OrganizationID: o.Organization.ID,
		ProjectID: projectID, Scopes: []string{registry.ScopeAdminRead, registry.ScopeAdminWrite}, Via: registry.ViaAPI,
	}
}

// client makes a client of the first organization, with the scope free unless in says otherwise.
func (w *world) client(in registry.ClientInput) (registry.ClientDetails, string) {
	w.t.Helper()
	if in.Name == "" {
		in.Name = "a client"
	}
	if in.Scopes == nil {
		in.Scopes = []string{"free"}
	}
	d, secret, err := w.CreateClient(w.t.Context(), owner(w.one), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return d, secret.Reveal()
}

// cause authenticates and returns the cause of the refusal.
func (w *world) cause(clientID, secret string) registry.Cause {
	w.t.Helper()
	_, err := w.auth.ClientBySecret(w.t.Context(), clientID, secret, netip.MustParseAddr("192.0.2.1"))
	return causeOf(w.t, err)
}

// issue authenticates and makes the access token that would be issued.
func (w *world) issue(ctx context.Context, clientID, secret string) (registry.AccessToken, error) {
	c, err := w.auth.ClientBySecret(ctx, clientID, secret, netip.MustParseAddr("192.0.2.1"))
	if err != nil {
		return registry.AccessToken{}, err
	}
	grant, err := c.Grant(registry.GrantRequest{}, issuer)
	if err != nil {
		return registry.AccessToken{}, err
	}
	jti, err := registry.NewID(rand.Reader, "jti_")
	return registry.AccessToken{
		JTI: jti, Issuer: issuer, ClientID: clientID, SecretID: c.SecretID, OrganizationID: c.Client.OrganizationID,
		Audience: grant.Audience, Scopes: grant.Scopes, Roles: grant.Roles, Permissions: grant.Permissions,
		ExpiresAt: w.clock.Now().Add(c.TokenTTL(w.clock.Now())), Rev: c.Rev,
	}, err
}

// worth returns the cause why a token is dead, or CauseNone.
func (w *world) worth(t registry.AccessToken) registry.Cause {
	w.t.Helper()
	_, _, err := w.auth.AccessToken(w.t.Context(), t, netip.Addr{})
	return causeOf(w.t, err)
}

func causeOf(t *testing.T, err error) registry.Cause {
	t.Helper()
	if err == nil {
		return registry.CauseNone
	}
	refused, ok := err.(*registry.Refused)
	if !ok {
		t.Fatalf("got %v, want a refusal", err)
	}
	return refused.Cause
}

const issuer = "https://issuer.example"

// clock is set by the test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// uses keeps what was recorded.
type uses struct {
	mu  sync.Mutex
	all []registry.Use
}

func (u *uses) Record(use registry.Use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, use)
}

func newBox(t *testing.T) *seal.Box {
	t.Helper()
	box, err := seal.NewBox(rand.Reader, randomKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func randomKey(t *testing.T) []byte {
	t.Helper()
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		t.Fatal(err)
	}
	return key
}
