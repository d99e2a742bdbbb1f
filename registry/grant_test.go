package registry_test

import (
	"testing"
	"time"

	"keywright/registry"
)

func TestMachinesStayBelowPeople(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me, bot := t.Context(), owner(w.one), machine(t, w.one, "")
		admin, _ := w.client(registry.ClientInput{Scopes: []string{"keywright:write"}})
		role, err := w.CreateRole(ctx, me, registry.RoleInput{Name: "boss", Scopes: []string{"keywright:read"}})
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := w.client(registry.ClientInput{})
		holder, _ := w.client(registry.ClientInput{Roles: []string{"boss"}})

		for name, try := range map[string]func() error{
			"grant an admin scope": func() error {
				_, _, err := w.CreateClient(ctx, bot, registry.ClientInput{Name: "x", Scopes: []string{"keywright:read"}})
				return err
			},
			"grant a role with one": func() error {
				_, _, err := w.CreateClient(ctx, bot, registry.ClientInput{Name: "x", Roles: []string{role.ID}})
				return err
			},
			"add an admin scope": func() error {
				_, err := w.UpdateClient(ctx, bot, plain.ID, registry.ClientPatch{Scopes: &[]string{"keywright:write"}}, 0)
				return err
			},
			"change an admin client": func() error {
				_, err := w.UpdateClient(ctx, bot, admin.ID, registry.ClientPatch{Name: ptr("x")}, 0)
				return err
			},
			"regenerate an admin client": func() error {
				_, _, err := w.RegenerateClient(ctx, bot, admin.ID, registry.RegenerateInput{})
				return err
			},
			"delete a holder of the role": func() error { return w.DeleteClient(ctx, bot, holder.ID, 0) },
			"change the role": func() error {
				_, err := w.UpdateRole(ctx, bot, role.ID, registry.RolePatch{Description: ptr("x")}, 0)
				return err
			},
			"make such a role": func() error {
				_, err := w.CreateRole(ctx, bot, registry.RoleInput{Name: "x", Scopes: []string{"keywright:write"}})
				return err
			},
			"make such an API token": func() error {
				_, _, err := w.CreateAPIToken(ctx, bot, registry.APITokenInput{Name: "x", Scopes: []string{"keywright:read"}, Permissions: []string{"read"}})
				return err
			},
			"revoke them with all": func() error {
				_, err := w.RevokeAllClients(ctx, bot, registry.RevokeAllInput{OrganizationID: w.one.Organization.ID})
				return err
			},
			"change itself": func() error {
				self := bot
				self.Kind, self.ID = registry.ActorClient, plain.ID
				_, err := w.UpdateClient(ctx, self, plain.ID, registry.ClientPatch{Name: ptr("x")}, 0)
				return err
			},
		} {
			if got := codeOf(try()); got != registry.CodeConsoleSessionRequired {
				t.Errorf("%s: got code %q", name, got)
			}
		}
		if _, err := w.UpdateClient(ctx, bot, plain.ID, registry.ClientPatch{Scopes: &[]string{"anything"}}, 0); err != nil {
			t.Errorf("a machine may grant what is not the admin API's: %v", err)
		}
	})
}

func TestProjectBoundMachine(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		mine, err := w.CreateProject(ctx, me, registry.ProjectInput{Name: "mine"})
		if err != nil {
			t.Fatal(err)
		}
		yours, err := w.CreateProject(ctx, me, registry.ProjectInput{Name: "yours"})
		if err != nil {
			t.Fatal(err)
		}
		bot := machine(t, w.one, mine.ID)
		wide, _ := w.client(registry.ClientInput{})
		there, _ := w.client(registry.ClientInput{ProjectID: yours.ID})

		made, _, err := w.CreateClient(ctx, bot, registry.ClientInput{Name: "x", Scopes: []string{"a"}})
		if err != nil || made.ProjectID != mine.ID {
			t.Fatalf("got project %q, %v, want its own", made.ProjectID, err)
		}
		_, _, err = w.CreateClient(ctx, bot, registry.ClientInput{Name: "x", Scopes: []string{"a"}, ProjectID: yours.ID})
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		_, err = w.CreateAPI(ctx, bot, registry.APIInput{Name: "x", Identifier: "https://x.example"})
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		_, err = w.CreateRole(ctx, bot, registry.RoleInput{Name: "x"})
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		_, _, err = w.CreateAPIToken(ctx, bot, registry.APITokenInput{Name: "x", Type: registry.TokenTypeOrganization, Scopes: []string{"a"}, Permissions: []string{"b"}})
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		for _, id := range []string{wide.ID, there.ID} {
			_, err := w.Client(ctx, bot, id)
			wantCode(t, err, registry.CodeNotFound)
			wantCode(t, w.DeleteClient(ctx, bot, id, 0), registry.CodeNotFound)
		}
		list, err := w.Clients(ctx, bot, registry.ClientQuery{})
		if err != nil || len(list.Items) != 1 || list.Items[0].ID != made.ID {
			t.Errorf("sees %d clients, %v, want its own alone", len(list.Items), err)
		}
		if list, err = w.Clients(ctx, bot, registry.ClientQuery{ProjectID: yours.ID}); err != nil || len(list.Items) != 0 {
			t.Errorf("sees %d clients of another project, %v", len(list.Items), err)
		}
		result, err := w.RevokeAllClients(ctx, bot, registry.RevokeAllInput{CreatedBy: w.one.Owner.ID})
		if err != nil || result.Count != 0 {
			t.Errorf("revoked %d beyond its project, %v", result.Count, err)
		}
	})
}

func TestCreatorNarrowsOnly(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		creator := owner(w.one) // who later is a plain member
		expires := w.clock.Now().Add(time.Hour)
		d, _ := w.client(registry.ClientInput{
			Scopes: []string{"a", "b"}, Permissions: []string{"read"}, IPWhitelist: []string{"10.0.0.0/8"}, ExpiresAt: expires,
		})
		creator.Role = registry.RoleMember
		for name, p := range map[string]registry.ClientPatch{
			"scope":       {Scopes: &[]string{"a", "b", "c"}},
			"permission":  {Permissions: &[]string{"write"}},
			"address":     {IPWhitelist: &[]string{"10.0.0.0/7"}},
			"any address": {IPWhitelist: &[]string{}},
			"expiry":      {ExpiresAt: ptr(expires.Add(time.Second))},
			"no expiry":   {ExpiresAt: ptr(time.Time{})},
			"lifetime":    {TokenTTL: ptr(time.Hour)},
			"introspects": {Introspects: &[]string{"*"}},
		} {
			_, err := w.UpdateClient(ctx, creator, d.ID, p, 0)
			if codeOf(err) != registry.CodeGrantExceedsOwn {
				t.Errorf("widen by %s: got %v", name, err)
			}
		}
		_, err := w.UpdateClient(ctx, creator, d.ID, registry.ClientPatch{
			Name: ptr("narrow"), Scopes: &[]string{"a"}, Permissions: &[]string{}, IPWhitelist: &[]string{"10.1.0.0/16"},
			ExpiresAt: ptr(expires.Add(-time.Minute)),
		}, 0)
		if err != nil {
			t.Errorf("narrow: %v", err)
		}
		stranger := creator
		stranger.ID = w.two.Owner.ID
		_, err = w.UpdateClient(ctx, stranger, d.ID, registry.ClientPatch{Name: ptr("x")}, 0)
		wantCode(t, err, registry.CodeForbidden)
		if _, _, err = w.RegenerateClient(ctx, creator, d.ID, registry.RegenerateInput{}); err != nil {
			t.Errorf("regenerate: %v", err)
		}
		if _, err := w.UpdateClient(ctx, creator, d.ID, registry.ClientPatch{IsActive: ptr(false)}, 0); err != nil {
			t.Errorf("disable: %v", err)
		}
		_, err = w.UpdateClient(ctx, creator, d.ID, registry.ClientPatch{IsActive: ptr(true)}, 0)
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		if err := w.DeleteClient(ctx, creator, d.ID, 0); err != nil {
			t.Errorf("delete: %v", err)
		}
		_, _, err = w.CreateClient(ctx, creator, registry.ClientInput{Name: "x", Scopes: []string{"a"}})
		wantCode(t, err, registry.CodeForbidden)
	})
}

func TestTwoOrganizations(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, stranger := t.Context(), owner(w.two)
		d, _ := w.client(registry.ClientInput{})
		api, err := w.CreateAPI(ctx, owner(w.one), registry.APIInput{Name: "x", Identifier: "https://x.example", Scopes: []string{"x"}})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			w.client(registry.ClientInput{})
		}
		page, err := w.Clients(ctx, owner(w.one), registry.ClientQuery{Limit: 2})
		if err != nil || page.NextCursor == "" {
			t.Fatalf("first page: %v", err)
		}
		errorID := w.ids.New(registry.Refusal{Cause: registry.CauseDisabled, OrganizationID: w.one.Organization.ID, At: w.clock.Now()})
		for name, try := range map[string]func() error{
			"read a client":   func() error { _, err := w.Client(ctx, stranger, d.ID); return err },
			"list secrets":    func() error { _, err := w.Secrets(ctx, stranger, d.ID); return err },
			"revoke a client": func() error { _, err := w.RevokeClient(ctx, stranger, d.ID, 0); return err },
			"delete a client": func() error { return w.DeleteClient(ctx, stranger, d.ID, 0) },
			"regenerate": func() error {
				_, _, err := w.RegenerateClient(ctx, stranger, d.ID, registry.RegenerateInput{})
				return err
			},
			"delete a secret":   func() error { return w.DeleteSecret(ctx, stranger, d.ID, d.Secrets[0].ID, true) },
			"read an API":       func() error { _, err := w.API(ctx, stranger, api.ID); return err },
			"delete an API":     func() error { return w.DeleteAPI(ctx, stranger, api.ID, 0) },
			"look a refusal up": func() error { _, err := w.Refusal(ctx, stranger, errorID); return err },
			"revoke all of them": func() error {
				_, err := w.RevokeAllClients(ctx, stranger, registry.RevokeAllInput{OrganizationID: w.one.Organization.ID})
				return err
			},
		} {
			if got := codeOf(try()); got != registry.CodeNotFound {
				t.Errorf("%s: got code %q, want not_found", name, got)
			}
		}
		_, err = w.Clients(ctx, stranger, registry.ClientQuery{Cursor: page.NextCursor})
		wantCode(t, err, registry.CodeMalformedRequest)
		_, err = w.Clients(ctx, owner(w.one), registry.ClientQuery{Cursor: page.NextCursor, CreatedBy: "mem_x"})
		wantCode(t, err, registry.CodeMalformedRequest)
		_, _, err = w.CreateClient(ctx, stranger, registry.ClientInput{Name: "x", Scopes: []string{"x"}, Audiences: []string{api.Identifier}})
		wantCode(t, err, registry.CodeInvalidInput)
		_, err = w.CreateAPI(ctx, stranger, registry.APIInput{Name: "x", Identifier: api.Identifier})
		wantCode(t, err, registry.CodeConflict)
		if _, err := w.Refusal(ctx, owner(w.one), errorID); err != nil {
			t.Errorf("its own organization: %v", err)
		}
	})
}

// A client that may write cannot widen itself by a detour.
func TestClientStaysAsItIs(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		role, err := w.CreateRole(ctx, me, registry.RoleInput{Name: "plain", Scopes: []string{"a"}})
		if err != nil {
			t.Fatal(err)
		}
		made, err := w.CreateApplication(ctx, me, registry.ApplicationInput{Name: "app"})
		if err != nil {
			t.Fatal(err)
		}
		own, _ := w.client(registry.ClientInput{
			Scopes: []string{"keywright:write"}, Roles: []string{"plain"}, ApplicationID: made.Application.ID,
		})
		self := machine(t, w.one, "")
		self.Kind, self.ID = registry.ActorClient, own.ID
		_, err = w.UpdateRole(ctx, self, role.ID, registry.RolePatch{Scopes: &[]string{"a", "b"}}, 0)
		wantCode(t, err, registry.CodeConsoleSessionRequired)
		_, err = w.UpdateApplication(ctx, self, made.Application.ID, registry.ApplicationPatch{Name: ptr("x")}, 0)
		wantCode(t, err, registry.CodeConsoleSessionRequired)

		other, _ := w.client(registry.ClientInput{Scopes: []string{"keywright:write"}})
		self.ID = other.ID
		if _, err = w.UpdateRole(ctx, self, role.ID, registry.RolePatch{Scopes: &[]string{"a", "b"}}, 0); err != nil {
			t.Errorf("a role of others: %v", err)
		}
	})
}
