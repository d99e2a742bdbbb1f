package vault_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"keywright/internal/vault"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// noon is when the clocks of these tests start.
var noon = time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signingStates are the algorithms and states of the signing keys at that moment.
func signingStates(t *testing.T, store registry.KeyStore, now time.Time) (states []string) {
	t.Helper()
	keys, err := store.Keys(t.Context())
	must(t, err)
	keys = slices.DeleteFunc(keys, func(k registry.Key) bool { return k.Purpose != registry.KeySigning })
	for _, l := range registry.KeyLives(keys) {
		states = append(states, l.Algorithm+" "+string(l.StateAt(now)))
	}
	return states
}

func TestRacingReplicasMakeOneNextKey(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		cfg := config(t, db, 'm')
		open(t, cfg)
		for _, days := range []int{0, 1, 90} {
			cfg.Now = func() time.Time { return time.Now().Add(time.Duration(days) * 24 * time.Hour) }
			var replicas sync.WaitGroup
			for range 8 {
				replicas.Go(func() {
					v, err := vault.Open(context.Background(), cfg)
					if err == nil {
						err = v.Rotate(context.Background())
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			replicas.Wait()
			keys, err := db.Keys(t.Context())
			must(t, err)
			for _, purpose := range []registry.KeyPurpose{registry.KeySigning, registry.KeyToken} {
				next := 0
				for _, l := range registry.KeyLives(slices.DeleteFunc(slices.Clone(keys), func(k registry.Key) bool { return k.Purpose != purpose })) {
					if l.StateAt(cfg.Now()) == registry.KeyNext {
						next++
					}
				}
				if next != 1 {
					t.Errorf("after %d days: %d %s keys stand next, want 1", days, next, purpose)
				}
			}
		}
	})
}

// TestTheLifeOfASigningKey follows the schedule through two rotations.
func TestTheLifeOfASigningKey(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		now := noon
		cfg := config(t, db, 'm')
		cfg.Now, cfg.SigningKeyLifetime = func() time.Time { return now }, 48*time.Hour
		v := open(t, cfg)
		for _, step := range []struct {
			after   time.Duration // noon
			want    []string
			readers int // keys that verify
		}{
			{0, []string{"ES256 active", "ES256 next"}, 2},
			{48*time.Hour - 1, []string{"ES256 active", "ES256 next"}, 2},
			{48 * time.Hour, []string{"ES256 retiring", "ES256 active", "ES256 next"}, 3},
			{72*time.Hour + registry.KeyLead, []string{"ES256 gone", "ES256 active", "ES256 next"}, 2},
			{96 * time.Hour, []string{"ES256 gone", "ES256 retiring", "ES256 active", "ES256 next"}, 3},
			{96*time.Hour + registry.KeyLead, []string{"ES256 retiring", "ES256 active", "ES256 next"}, 3},
		} {
			now = noon.Add(step.after)
			must(t, v.Rotate(t.Context()))
			if got := signingStates(t, db, now); !slices.Equal(got, step.want) {
				t.Errorf("after %s: got %q, want %q", step.after, got, step.want)
			}
			keys := accessKeys(t, v)
			if len(keys.Signing) != step.readers || !keys.ReadAt.Equal(now) {
				t.Errorf("after %s: got %d signing keys read at %s, want %d", step.after, len(keys.Signing), keys.ReadAt, step.readers)
			}
			if reopened := open(t, cfg); !slices.Equal(idsOf(accessKeys(t, reopened)), idsOf(keys)) {
				t.Errorf("after %s: a restart found other keys", step.after)
			}
		}
	})
}

func TestAnotherAlgorithmTakesTheNextPlace(t *testing.T) {
	t.Parallel()
	db, now := storagetest.Open(t, storagetest.SQLite), noon
	start := func(algorithm string) *vault.Vault {
		cfg := config(t, db, 'm')
		cfg.Now, cfg.SigningAlgorithm = func() time.Time { return now }, algorithm
		v := open(t, cfg)
		must(t, v.ChangeAlgorithm(t.Context()))
		must(t, v.Rotate(t.Context()))
		return v
	}
	for _, step := range []struct {
		algorithm string
		want      []string
	}{
		{vault.ES256, []string{"ES256 active", "ES256 next"}},
		{vault.RS256, []string{"ES256 active", "RS256 next"}},
		{vault.EdDSA, []string{"ES256 active", "EdDSA next"}},
		{vault.EdDSA, []string{"ES256 active", "EdDSA next"}},
	} {
		before := signingStates(t, db, now)
		keys := accessKeys(t, start(step.algorithm))
		if got := signingStates(t, db, now); !slices.Equal(got, step.want) {
			t.Errorf("%s over %q: got %q, want %q", step.algorithm, before, got, step.want)
		}
		next := keys.Signing[len(keys.Signing)-1]
		if want := noon.Add(90 * 24 * time.Hour); next.Algorithm != step.algorithm || !next.ActiveFrom.Equal(want) {
			t.Errorf("next is %s from %s, want %s from %s", next.Algorithm, next.ActiveFrom, step.algorithm, want)
		}
	}

	// What is about to be used stays: it may be in use elsewhere already.
	now = noon.Add(90*24*time.Hour - registry.KeyLead)
	start(vault.ES256)
	if got, want := signingStates(t, db, now), []string{"ES256 active", "EdDSA next"}; !slices.Equal(got, want) {
		t.Errorf("shortly before: got %q, want %q", got, want)
	}
}

func TestAnUnknownAlgorithmMakesNoKey(t *testing.T) {
	t.Parallel()
	cfg := config(t, storagetest.Open(t, storagetest.SQLite), 'm')
	cfg.SigningAlgorithm = "HS256"
	if _, err := vault.Open(t.Context(), cfg); err == nil {
		t.Error("the vault opened")
	}
}
