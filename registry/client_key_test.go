package registry_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"keywright/registry"
)

// newKeys makes key sets out of fresh keys, which have these names.
func newKeys(t *testing.T, names ...string) (setOf func(names ...string) json.RawMessage) {
	t.Helper()
	keys := map[string]jose.JSONWebKey{}
	for _, name := range names {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[name] = jose.JSONWebKey{Key: private.Public(), KeyID: name}
	}
	return func(names ...string) json.RawMessage {
		t.Helper()
		var set jose.JSONWebKeySet
		for _, name := range names {
			set.Keys = append(set.Keys, keys[name])
		}
		raw, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
}

// ids are the ids of a client's keys by kid.
func ids(d registry.ClientDetails) map[string]string {
	byKid := map[string]string{}
	for _, k := range d.Keys {
		byKid[k.KeyID] = k.ID
	}
	return byKid
}

func TestKeysFollowTheJWKS(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		setOf := newKeys(t, "a", "b", "c", "d", "e", "f")
		client, secret := w.client(registry.ClientInput{AuthMethod: registry.AuthPrivateKeyJWT, JWKS: setOf("a", "b")})
		if secret != "" || len(client.Secrets) != 0 || len(client.Keys) != 2 {
			t.Fatalf("got secret %q, %d secrets, %d keys", secret, len(client.Secrets), len(client.Keys))
		}
		change := func(set json.RawMessage) (registry.ClientDetails, error) {
			return w.UpdateClient(ctx, me, client.ID, registry.ClientPatch{JWKS: &set}, 0)
		}
		changed := func(names ...string) map[string]string {
			t.Helper()
			d, err := change(setOf(names...))
			if err != nil {
				t.Fatal(err)
			}
			if got := ids(d); len(got) != len(names) {
				t.Errorf("got keys %v, want %q", got, names)
			}
			return ids(d)
		}
		before := ids(client)
		w.clock.add(time.Minute)
		with := changed("c", "b")
		if with["b"] != before["b"] {
			t.Error("a key that stays has another record")
		}
		again := changed("b", "a")
		if again["a"] == before["a"] {
			t.Error("a key that is brought back has the old record")
		}
		changed("a", "b", "c", "d", "e")
		_, err := change(setOf("a", "b", "c", "d", "e", "f"))
		wantField(t, err, "jwks.keys")
		_, err = change(json.RawMessage(`{"keys":[{"kty":"RSA"}]}`))
		wantField(t, err, "jwks.keys[0].alg")
		for _, none := range []json.RawMessage{nil, json.RawMessage("null"), json.RawMessage("{}"), json.RawMessage("7")} {
			_, err = change(none)
			wantField(t, err, "jwks")
		}
		if d, err := w.Client(ctx, me, client.ID); err != nil || len(d.Keys) != 5 || !d.Keys[0].CreatedAt.Before(d.Keys[4].CreatedAt) {
			t.Errorf("bad input changed the keys: %v, %v", ids(d), err)
		}

		name := "other"
		if d, err := w.UpdateClient(ctx, me, client.ID, registry.ClientPatch{Name: &name}, 0); err != nil || len(d.Keys) != 5 {
			t.Errorf("a patch without jwks: got %d keys, %v", len(d.Keys), err)
		}
		like, _, err := w.DuplicateClient(ctx, me, client.ID, registry.DuplicateInput{})
		if err != nil || len(like.Keys) != 5 || ids(like)["a"] == ids(client)["a"] || string(like.JWKS) == "" {
			t.Errorf("another like it: got %v, %v", ids(like), err)
		}
		set := setOf("a")
		bySecret, _ := w.client(registry.ClientInput{})
		_, err = w.UpdateClient(ctx, me, bySecret.ID, registry.ClientPatch{JWKS: &set}, 0)
		wantField(t, err, "jwks")
	})
}

func wantField(t *testing.T, err error, field string) {
	t.Helper()
	e, ok := errors.AsType[*registry.Error](err)
	if !ok || !slices.ContainsFunc(e.Fields, func(f registry.FieldError) bool { return f.Field == field }) {
		t.Errorf("got %v, want field %s", err, field)
	}
}

// A creator who is no admin replaces keys as they replace secrets; but no key
// of theirs ever opens the admin API.
func TestWhoMayReplaceKeys(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		setOf := newKeys(t, "a", "b")
		creator := owner(w.one)
		harmless, _ := w.client(registry.ClientInput{AuthMethod: registry.AuthPrivateKeyJWT, JWKS: setOf("a")})
		powerful, _ := w.client(registry.ClientInput{
			AuthMethod: registry.AuthPrivateKeyJWT, JWKS: setOf("a"), Scopes: []string{registry.ScopeAdminRead},
		})
		creator.Role = registry.RoleMember
		set := setOf("a", "b")
		d, err := w.UpdateClient(ctx, creator, harmless.ID, registry.ClientPatch{JWKS: &set}, 0)
		if err != nil || len(d.Keys) != 2 {
			t.Errorf("a creator's own client: got %d keys, %v", len(d.Keys), err)
		}
		_, err = w.UpdateClient(ctx, creator, powerful.ID, registry.ClientPatch{JWKS: &set}, 0)
		wantCode(t, err, registry.CodeGrantExceedsOwn)
		_, err = w.UpdateClient(ctx, machine(t, w.one, ""), powerful.ID, registry.ClientPatch{JWKS: &set}, 0)
		wantCode(t, err, registry.CodeConsoleSessionRequired)
		stranger := creator
		stranger.ID = w.two.Owner.ID
		_, err = w.UpdateClient(ctx, stranger, harmless.ID, registry.ClientPatch{JWKS: &set}, 0)
		wantCode(t, err, registry.CodeForbidden)
	})
}

func TestKeysAreDueForRotation(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, me := t.Context(), owner(w.one)
		setOf := newKeys(t, "a", "b")
		client, _ := w.client(registry.ClientInput{AuthMethod: registry.AuthPrivateKeyJWT, JWKS: setOf("a")})
		due := func() bool {
			t.Helper()
			list, err := w.Clients(ctx, me, registry.ClientQuery{ListQuery: registry.ListQuery{RotationDue: true}})
			if err != nil {
				t.Fatal(err)
			}
			d, err := w.Client(ctx, me, client.ID)
			if err != nil || d.RotationDueAt(w.clock.Now()) != (len(list.Items) == 1) {
				t.Fatalf("marked and listed differ: %v, %d, %v", d.RotationDueAt(w.clock.Now()), len(list.Items), err)
			}
			return len(list.Items) == 1
		}
		w.clock.add(registry.DefaultRotationAge - time.Second)
		if due() {
			t.Error("due before its time")
		}
		w.clock.add(time.Second)
		set := setOf("a", "b")
		if _, err := w.UpdateClient(ctx, me, client.ID, registry.ClientPatch{JWKS: &set}, 0); err != nil {
			t.Fatal(err)
		}
		if !due() {
			t.Error("not due although the old key is still there")
		}
		set = setOf("b")
		if _, err := w.UpdateClient(ctx, me, client.ID, registry.ClientPatch{JWKS: &set}, 0); err != nil {
			t.Fatal(err)
		}
		if due() {
			t.Error("due although the old key is gone")
		}
	})
}

// A use of an assertion is the last thing that is looked at, and counts for
// the client and the key.
func TestClientByAssertion(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx, at := t.Context(), netip.MustParseAddr("192.0.2.1")
		client, _ := w.client(registry.ClientInput{AuthMethod: registry.AuthPrivateKeyJWT, JWKS: newKeys(t, "a")("a")})
		bySecret, _ := w.client(registry.ClientInput{})
		asked := 0
		assertion := registry.Assertion{ClientID: client.ID, ID: "j", ExpiresAt: w.clock.Now().Add(time.Minute)}
		try := func(id string, cause registry.Cause) registry.Cause {
			t.Helper()
			assertion.ClientID = id
			assertion.Verify = func(keys []registry.ClientKey) (string, registry.Cause) {
				asked++
				if len(keys) == 0 || cause != registry.CauseNone {
					return "", registry.CauseWrongKey
				}
				return keys[0].ID, registry.CauseNone
			}
			_, err := w.auth.ClientByAssertion(ctx, assertion, at)
			return causeOf(t, err)
		}
		for i, c := range []struct {
			id            string
			verified, was registry.Cause
		}{
			{"nobody", registry.CauseNone, registry.CauseUnknownClient},
			{"kwc_00000000000000000000000000", registry.CauseNone, registry.CauseUnknownClient},
			{bySecret.ID, registry.CauseNone, registry.CauseWrongMethod},
			{client.ID, registry.CauseWrongKey, registry.CauseWrongKey},
			{client.ID, registry.CauseNone, registry.CauseNone},
			{client.ID, registry.CauseNone, registry.CauseAssertionReplayed},
			{client.ID, registry.CauseWrongKey, registry.CauseWrongKey},
		} {
			if got := try(c.id, c.verified); got != c.was || asked != i+1 {
				t.Errorf("%d: got cause %v after %d verifications, want %v", i, got, asked, c.was)
			}
		}
	})
}
