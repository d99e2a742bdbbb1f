package storagetest_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

func TestHotPath(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		w := settled(t, db)
		settled(t, db) // another organization, of which nothing shows
		change(t, db, func(tx registry.Tx) error { return step(tx, w, func(registry.Position) error { return nil }) })
		bare := w.api
		bare.Endpoints = nil

		state, err := db.ClientState(ctx, w.client.ID)
		if err != nil {
			t.Fatal(err)
		}
		sameAs(t, *state, registry.ClientState{Client: w.client, Secrets: []registry.Secret{w.secret}, Organization: w.org,
			Roles: []registry.Role{w.role}, Endpoints: w.api.Endpoints[:1], APIs: []registry.API{bare}, Rev: 1})

		token, err := db.APITokenState(ctx, []registry.Digest{digestOf(0xaa), w.token.Digest})
		if err != nil {
			t.Fatal(err)
		}
		sameAs(t, *token, registry.APITokenState{APIToken: w.token, Organization: w.org, APIs: []registry.API{bare}})

		endpoints, err := db.APIEndpoints(ctx, w.api.ID)
		if err != nil {
			t.Fatal(err)
		}
		byID := func(a, b registry.Endpoint) int { return strings.Compare(a.ID, b.ID) }
		sameAs(t, endpoints, slices.SortedFunc(slices.Values(w.api.Endpoints), byID))
		if none, err := db.APIEndpoints(ctx, "api_none"); err != nil || len(none) > 0 {
			t.Errorf("endpoints of no API: got %v, %v", none, err)
		}

		for _, unknown := range []string{"", "kwc_", w.client.ID[:len(w.client.ID)-1], w.client.ID + "0", "kwc_none"} {
			_, err = db.ClientState(ctx, unknown)
			wantKind(t, err, registry.KindNotFound)
		}
		for _, digests := range [][]registry.Digest{nil, {digestOf(0xab)}} {
			_, err = db.APITokenState(ctx, digests)
			wantKind(t, err, registry.KindNotFound)
		}
	})
}

func TestDeniedTokens(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		deny := func(jti string, expires time.Time) (first bool) {
			change(t, db, func(tx registry.Tx) (err error) {
				first, err = tx.DenyToken(ctx, registry.DeniedToken{JTI: jti, ExpiresAt: expires, RevokedAt: noon})
				return err
			})
			return first
		}
		denied := func(jti string) bool {
			is, err := db.TokenDenied(ctx, jti)
			if err != nil {
				t.Fatal(err)
			}
			return is
		}
		if !deny("old", noon) || deny("old", noon) || !deny("young", noon.Add(time.Hour)) {
			t.Error("the first revocation and a repeated one are not told apart")
		}
		if !denied("old") || denied("other") {
			t.Error("denied the wrong one")
		}
		n, err := db.PruneDeniedTokens(ctx, noon.Add(time.Minute))
		if err != nil || n != 1 || denied("old") || !denied("young") {
			t.Errorf("pruned %d, %v; old %v, young %v", n, err, denied("old"), denied("young"))
		}
	})
}

func TestHotPathIsOneStatement(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		var statements atomic.Int64
		db := storagetest.OpenWith(t, storage.Config{URL: storagetest.URL(t, dialect), OnStatement: func(string) { statements.Add(1) }})
		w := settled(t, db)
		for name, fn := range map[string]func() error{
			"ClientState":   func() error { _, err := db.ClientState(ctx, w.client.ID); return err },
			"APITokenState": func() error { _, err := db.APITokenState(ctx, []registry.Digest{w.token.Digest}); return err },
			"TokenDenied":   func() error { _, err := db.TokenDenied(ctx, "jti"); return err },
			"APIEndpoints":  func() error { _, err := db.APIEndpoints(ctx, w.api.ID); return err },
			"UseAssertion":  func() error { _, err := db.UseAssertion(ctx, registry.UsedAssertion{ExpiresAt: noon}); return err },
		} {
			before := statements.Load()
			if err := fn(); err != nil {
				t.Fatal(err)
			}
			if n := statements.Load() - before; n != 1 {
				t.Errorf("%s takes %d statements, want 1", name, n)
			}
		}
	})
}

func BenchmarkClientState(b *testing.B) {
	for _, dialect := range storagetest.Dialects() {
		b.Run(dialect, func(b *testing.B) {
			db := storagetest.Open(b, dialect)
			w := settled(b, db)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := db.ClientState(ctx, w.client.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
