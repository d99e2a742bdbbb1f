package registry_test

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// elsewhere are the operations that need a signed-in person; the tests of the
// admin API look for their secrets.
var elsewhere = regexp.MustCompile(`^(session\.|member\.(change_password|.*one_time_code)$)`)

// TestEveryChangeIsAuditedWithoutSecrets makes every change there is, and
// attempts that are refused, and looks for every secret in the whole table.
func TestEveryChangeIsAuditedWithoutSecrets(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		url := storagetest.URL(t, dialect)
		storagetest.WatchFeed(t, url) // and so every change is looked at
		w := &revealing{world: newWorld(t, storagetest.OpenWith(t, storage.Config{URL: url}))}
		w.changeEverything(t)
		text := wholeTable(t, storagetest.SQL(t, url))
		for _, secret := range w.secrets {
			if len(secret) < 20 {
				t.Errorf("%q is too short for a secret", secret)
			}
			if strings.Contains(text, secret) {
				t.Errorf("the audit trail has the secret …%s", secret[len(secret)-4:])
			}
		}
		for _, op := range operationsOfTheSource(t) {
			if !strings.Contains(text, "\x1f"+op+"\x1f") && !elsewhere.MatchString(op) {
				t.Errorf("no event %s: let changeEverything make that change, and show its secrets", op)
			}
		}
		if !strings.Contains(text, "\x1f"+registry.OutcomeRefused+"\x1f") {
			t.Error("no refused attempt is there")
		}
		if r := w.verify(nil); r.Fault != nil {
			t.Error(r.Fault)
		}
	})
}

// operationsOfTheSource reads the names of the operations where they stand.
func operationsOfTheSource(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`operation\{"([a-z_.]+)"`).FindAllSubmatch(source, -1) {
			names = append(names, string(found[1]))
		}
	}
	if len(names) < 20 {
		t.Fatalf("found the operations %v: are they written another way?", names)
	}
	return names
}

// wholeTable is every value of the audit trail.
func wholeTable(t *testing.T, db *sql.DB) string {
	t.Helper()
	rows, err := db.Query("SELECT * FROM audit_events")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for rows.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			fmt.Fprintf(&all, "\x1f%v\x1f", v)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// made fails the test if a change failed.
func (w *world) made(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// revealing is a world in which all secrets that were shown, and what is kept
// of them, are gathered.
type revealing struct {
	*world
	secrets []string
}

func (w *revealing) show(text registry.SecretText, err error) {
	w.t.Helper()
	w.made(err)
	w.secrets = append(w.secrets, text.Reveal())
}

// changeEverything makes every change of the Service that needs no signed-in
// person.
func (w *revealing) changeEverything(t *testing.T) {
	t.Helper()
	ctx, actor := t.Context(), owner(w.one)
	for _, o := range []registry.CreatedOrganization{w.one, w.two} {
		w.show(o.Password, nil)
		w.show(o.AdminToken, nil)
	}
	description, ttl := "changed", 10*time.Minute

	project, err := w.CreateProject(ctx, actor, registry.ProjectInput{Name: "p"})
	w.made(err)
	_, err = w.UpdateProject(ctx, actor, project.ID, registry.ProjectPatch{Description: &description}, 0)
	w.made(err)
	w.made(w.DeleteProject(ctx, actor, project.ID, 0))
	_, err = w.UpdateOrganization(ctx, actor, registry.OrganizationPatch{MaxTokenTTL: &ttl}, 0)
	w.made(err)
	member, password, err := w.CreateMember(ctx, actor, registry.MemberInput{Email: "new@example.com", Role: registry.RoleMember})
	w.show(password, err)
	admin := registry.RoleAdmin
	_, err = w.UpdateMember(ctx, actor, member.ID, registry.MemberPatch{Role: &admin}, 0)
	w.made(err)
	w.made(w.DeleteMember(ctx, actor, member.ID, 0))

	_, err = w.RotateSigningKey(ctx, actor)
	w.made(err)
	keys, err := w.db.Keys(ctx)
	w.made(err)
	for _, k := range keys {
		w.secrets = append(w.secrets, string(k.Sealed))
	}

	scope, err := w.CreateScope(ctx, actor, registry.ScopeInput{Name: "listed"})
	w.made(err)
	_, err = w.UpdateScope(ctx, actor, scope.ID, registry.ScopePatch{Description: &description}, 0)
	w.made(err)
	w.made(w.DeleteScope(ctx, actor, scope.ID, 0))
	role, err := w.CreateRole(ctx, actor, registry.RoleInput{Name: "r", Scopes: []string{"a"}})
	w.made(err)
	_, err = w.UpdateRole(ctx, actor, role.ID, registry.RolePatch{Description: &description}, 0)
	w.made(err)
	w.made(w.DeleteRole(ctx, actor, role.ID, 0))
	api, err := w.CreateAPI(ctx, actor, registry.APIInput{Identifier: "https://a.example.com", Name: "a", Scopes: []string{"a"}})
	w.made(err)
	_, err = w.UpdateAPI(ctx, actor, api.ID, registry.APIPatch{Name: &description}, 0)
	w.made(err)
	w.made(w.DeleteAPI(ctx, actor, api.ID, 0))

	app, err := w.CreateApplication(ctx, actor, registry.ApplicationInput{
		Name: "a", CreateClient: &registry.ClientInput{Name: "c", Scopes: []string{"a"}},
	})
	w.show(app.Secret, err)
	_, err = w.UpdateApplication(ctx, actor, app.Application.ID, registry.ApplicationPatch{Description: &description}, 0)
	w.made(err)
	w.made(w.DeleteClient(ctx, actor, app.Client.ID, 0))
	w.made(w.DeleteApplication(ctx, actor, app.Application.ID, 0))

	w.changeClients(t, actor)
	w.changeAPITokens(t, actor)
	w.watchEverything(t, actor)
}

// watchEverything lets the server say of credentials all that it can.
func (w *revealing) watchEverything(t *testing.T, actor registry.Actor) {
	t.Helper()
	ctx, start := t.Context(), w.clock.Now()
	soon := start.Add(registry.DefaultRotationAge + aDay)
	client, text, err := w.CreateClient(ctx, actor, registry.ClientInput{Name: "c", Scopes: []string{"a"}, ExpiresAt: soon})
	w.show(text, err)
	lasting, text, err := w.CreateClient(ctx, actor, registry.ClientInput{Name: "c", Scopes: []string{"a"}})
	w.show(text, err)
	_, text, err = w.AddSecret(ctx, actor, lasting.ID, soon)
	w.show(text, err)
	w.made(w.DeleteSecret(ctx, actor, lasting.ID, lasting.Secrets[0].ID, true))
	token, text, err := w.CreateAPIToken(ctx, actor, registry.APITokenInput{
		Name: "t", Scopes: []string{"a"}, Permissions: []string{"read"}, ExpiresAt: soon,
	})
	w.show(text, err)
	u := usage{w: w.world}
	for _, at := range []time.Time{start, start.Add(registry.DefaultRotationAge)} {
		u.used(client.ID, at, 1, "192.0.2.7")
		u.used(token.ID, at, 1, "192.0.2.7")
		u.deltas[len(u.deltas)-1].Kind = registry.CredentialAPIToken
	}
	u.add(t)
	w.clock.set(start.Add(registry.DefaultRotationAge))
	_, err = w.GiveWarnings(ctx, registry.Server())
	w.made(err)
	_, err = w.MarkUsage(ctx, registry.Server(), w.clock.Now())
	w.made(err)
}

func (w *revealing) changeClients(t *testing.T, actor registry.Actor) {
	t.Helper()
	ctx, name := t.Context(), "changed"
	client, text, err := w.CreateClient(ctx, actor, registry.ClientInput{Name: "c", Scopes: []string{"a"}, ConfirmRequired: true})
	w.show(text, err)
	sum := client.Secrets[0].Digest.Sum
	w.secrets = append(w.secrets, hex.EncodeToString(sum[:]))
	_, err = w.ConfirmClient(ctx, actor, client.ID)
	w.made(err)
	token, err := w.issue(ctx, client.ID, text.Reveal())
	w.made(err)
	itself := registry.Actor{Principal: registry.Principal{Kind: registry.ActorClient, ID: client.ID}, OrganizationID: client.OrganizationID}
	w.made(w.RevokeAccessToken(ctx, itself, token))
	_, err = w.UpdateClient(ctx, actor, client.ID, registry.ClientPatch{Name: &name}, 0)
	w.made(err)
	added, text, err := w.AddSecret(ctx, actor, client.ID, time.Time{})
	w.show(text, err)
	w.made(w.DeleteSecret(ctx, actor, client.ID, added.ID, true))
	_, text, err = w.RegenerateClient(ctx, actor, client.ID, registry.RegenerateInput{})
	w.show(text, err)
	_, text, err = w.DuplicateClient(ctx, actor, client.ID, registry.DuplicateInput{Name: "like it"})
	w.show(text, err)
	_, err = w.RevokeClient(ctx, actor, client.ID, 0)
	w.made(err)
	if _, _, err := w.RegenerateClient(ctx, actor, client.ID, registry.RegenerateInput{}); err == nil {
		t.Error("a revoked client was regenerated")
	}
	_, err = w.RevokeAllClients(ctx, actor, registry.RevokeAllInput{CreatedBy: actor.ID})
	w.made(err)
	w.made(w.DeleteClient(ctx, actor, client.ID, 0))
}

func (w *revealing) changeAPITokens(t *testing.T, actor registry.Actor) {
	t.Helper()
	ctx, name := t.Context(), "changed"
	in := registry.APITokenInput{Name: "t", Scopes: []string{"a"}, Permissions: []string{"read"}}
	token, text, err := w.CreateAPIToken(ctx, actor, in)
	w.show(text, err)
	_, err = w.UpdateAPIToken(ctx, actor, token.ID, registry.APITokenPatch{Name: &name}, 0)
	w.made(err)
	_, text, err = w.RegenerateAPIToken(ctx, actor, token.ID, nil)
	w.show(text, err)
	_, err = w.RevokeAPIToken(ctx, actor, token.ID, 0)
	w.made(err)
	w.made(w.DeleteAPIToken(ctx, actor, token.ID, 0))
	_, text, err = w.CreateAPIToken(ctx, actor, in)
	w.show(text, err)
	_, err = w.RevokeAllAPITokens(ctx, actor, registry.RevokeAllInput{CreatedBy: actor.ID})
	w.made(err)

	// Prunes nothing of what was made above: its clock stands still.
	_, err = w.CreateProject(ctx, owner(w.two), registry.ProjectInput{Name: "p"})
	w.made(err)
	w.clock.add(time.Hour)
	_, err = w.PruneAudit(ctx, operator(), w.two.Organization.ID, w.clock.Now())
	w.made(err)
	_, err = w.CreateOrganization(ctx, operator(), registry.OrganizationInput{Name: "Three", Email: "three@example.com"})
	w.made(err)
	_, err = w.Recover(ctx, operator())
	w.made(err)
}
