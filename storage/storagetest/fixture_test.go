package storagetest_test

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"keywright/registry"
	"keywright/storage"
)

var ctx = context.Background()

// noon has digits below the microsecond, which no database keeps.
var noon = time.Date(2025, 6, 1, 12, 0, 0, 123456789, time.UTC)

// kept is what a database keeps of a time.
func kept(t time.Time) time.Time { return t.Truncate(time.Microsecond) }

var lastID atomic.Int64

// id returns an identifier that no other call returned.
func id(prefix string) string { return fmt.Sprintf("%s%026d", prefix, lastID.Add(1)) }

func digestOf(b byte) registry.Digest {
	d := registry.Digest{PepperID: "key_pepper"}
	for i := range d.Sum {
		d.Sum[i] = b ^ byte(i)
	}
	return d
}

func sameAs(t testing.TB, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, comparers); diff != "" {
		t.Errorf("differs (-want +got):\n%s", diff)
	}
}

var comparers = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	// It is of the organization, and beside the record in some reads only; admin's TestRotationDue sees it.
	cmpopts.IgnoreFields(registry.Client{}, "RotationAge"),
	cmpopts.IgnoreFields(registry.APIToken{}, "RotationAge"),
	// What follows from a state is no record; registry's tests see it.
	cmpopts.IgnoreUnexported(registry.ClientState{}),
}

func change(t testing.TB, db *storage.DB, fn func(tx registry.Tx) error) {
	t.Helper()
	if err := db.Change(ctx, fn); err != nil {
		t.Fatalf("change: %v", err)
	}
}

// read runs one method of Reader.
func read[T any](t testing.TB, db *storage.DB, fn func(r registry.Reader) (T, error)) T {
	t.Helper()
	got, err := tryRead(db, fn)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return got
}

func tryRead[T any](db *storage.DB, fn func(r registry.Reader) (T, error)) (got T, err error) {
	err = db.Read(ctx, func(r registry.Reader) error {
		var err error
		got, err = fn(r)
		return err
	})
	return got, err
}

func wantKind(t testing.TB, err error, want registry.Kind) {
	t.Helper()
	if err == nil || registry.KindOf(err) != want {
		t.Errorf("got error %v, want kind %d", err, want)
	}
}

// world is one organization with one of everything.
type world struct {
	org    registry.Organization
	prj    registry.Project
	member registry.Member
	api    registry.API
	role   registry.Role
	app    registry.Application
	client registry.Client
	secret registry.Secret
	token  registry.APIToken
}

func newWorld() world {
	var w world
	at := kept(noon)
	w.org = registry.Organization{ID: id("org_"), Name: "Acme", MaxCredentialLifetime: 24 * time.Hour,
		MaxTokenTTL: time.Hour, RotationAge: registry.DefaultRotationAge, Revision: 1, CreatedAt: at, UpdatedAt: at}
	w.prj = registry.Project{ID: id("prj_"), OrganizationID: w.org.ID, Name: "P", Description: "d",
		Revision: 1, CreatedAt: at, UpdatedAt: at}
	w.member = registry.Member{ID: id("mem_"), OrganizationID: w.org.ID, Email: w.org.ID + "@example.com",
		Role: registry.RoleOwner, PasswordHash: "$argon2id$", Revision: 1, CreatedAt: at, UpdatedAt: at}
	api := id("api_")
	w.api = registry.API{ID: api, OrganizationID: w.org.ID, Identifier: "https://" + api + ".example.com", Name: "Docs",
		Scopes: []string{"documents", "it's"}, StrictScopes: true, Revision: 1, CreatedAt: at, UpdatedAt: at,
		Endpoints: []registry.Endpoint{
			{ID: id("ept_"), APIID: api, Method: "GET", Path: "/a/{id}", Scope: "documents"},
			{ID: id("ept_"), APIID: api, Method: "POST", Path: "/b"},
		}}
	w.role = registry.Role{ID: id("rol_"), OrganizationID: w.org.ID, Name: "reader", Description: "d",
		Scopes: []string{"documents"}, Permissions: []string{"read"}, Revision: 1, CreatedAt: at, UpdatedAt: at}
	by := registry.Principal{Kind: registry.ActorMember, ID: w.member.ID}
	w.app = registry.Application{ID: id("app_"), OrganizationID: w.org.ID, ProjectID: w.prj.ID, Name: "App", Description: "d",
		EndpointIDs: []string{w.api.Endpoints[0].ID}, CreatedBy: by, Revision: 1, CreatedAt: at, UpdatedAt: at}
	w.client = registry.Client{ID: id("kwc_"), OrganizationID: w.org.ID, ProjectID: w.prj.ID, ApplicationID: w.app.ID,
		Name: `O'Brien "x" \ ? – 漢字 😀`, Description: "?0 ?TableAlias $1", Environment: "production",
		IsActive: true, ExpiresAt: at.Add(time.Hour), RevokedAt: at.Add(2 * time.Hour), ConfirmBy: at.Add(3 * time.Hour),
		RoleIDs: []string{w.role.ID}, Scopes: []string{"a", "b"}, Permissions: []string{"read"},
		Audiences: []string{w.api.Identifier}, Introspects: []string{"*"},
		IPWhitelist: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::1/128")},
		AuthMethod:  registry.AuthClientSecret, JWKS: []byte(`{"keys": [ {"z":1,"a":2} ]}`),
		TokenFormat: registry.FormatJWT, TokenTTL: 900 * time.Second, Watch: true,
		CreatedBy: by, CreatedVia: registry.ViaAPI, Revision: 1, CreatedAt: at, UpdatedAt: at}
	w.secret = registry.Secret{ID: id("sec_"), ClientID: w.client.ID, Digest: digestOf(byte(lastID.Add(1))), Hint: "kws_…9f3c",
		CreatedAt: at, ExpiresAt: at.Add(time.Hour)}
	w.token = registry.APIToken{ID: id("tok_"), OrganizationID: w.org.ID, ProjectID: w.prj.ID, Type: registry.TokenTypeProject,
		Name: "T", Description: "d", IsActive: true, ExpiresAt: at.Add(time.Hour), Scopes: []string{"documents"},
		Permissions: []string{"read"}, IPWhitelist: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")},
		Digest: digestOf(byte(lastID.Add(1))), Hint: "kwt_…aaaa", CreatedBy: by, CreatedVia: registry.ViaConsole,
		Revision: 1, CreatedAt: at, UpdatedAt: at}
	return w
}

func (w world) insert(tx registry.Tx) error {
	for _, step := range []error{
		tx.InsertOrganization(ctx, w.org), tx.InsertProject(ctx, w.prj), tx.InsertMember(ctx, w.member),
		tx.InsertAPI(ctx, w.api), tx.InsertRole(ctx, w.role), tx.InsertApplication(ctx, w.app),
		tx.InsertClient(ctx, w.client), tx.InsertSecret(ctx, w.secret), tx.InsertAPIToken(ctx, w.token),
	} {
		if step != nil {
			return step
		}
	}
	return nil
}

// settled returns a world that is in the database.
func settled(t testing.TB, db *storage.DB) world {
	t.Helper()
	w := newWorld()
	change(t, db, w.insert)
	return w
}

// step makes one change as the service does: the position last, then feed and
// audit.
func step(tx registry.Tx, w world, fn func(at registry.Position) error) error {
	position, err := tx.NextPosition(ctx)
	if err != nil {
		return err
	}
	if err := fn(position); err != nil {
		return err
	}
	err = tx.AppendFeed(ctx, registry.FeedRow{Position: position, Kind: registry.FeedClient,
		OrganizationID: w.org.ID, TargetID: w.client.ID, At: noon})
	if err != nil {
		return err
	}
	return tx.AppendAudit(ctx, registry.AuditEvent{ID: id("evt_"), Position: position, OrganizationID: w.org.ID, At: noon,
		Action: "client.change", TargetKind: "client", TargetID: w.client.ID, Outcome: registry.OutcomeDone})
}
