package vault_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keywright/internal/seal"
	"keywright/internal/vault"
	"keywright/registry"
	"keywright/storage"
	"keywright/storage/storagetest"
)

// tampered is a key store whose rows somebody else changed.
type tampered struct {
	registry.KeyStore
	tamper func([]registry.Key) []registry.Key
}

// Keys implements registry.KeyStore.
func (s tampered) Keys(ctx context.Context) ([]registry.Key, error) {
	keys, err := s.KeyStore.Keys(ctx)
	slices.SortFunc(keys, func(a, b registry.Key) int { return cmp.Compare(a.Purpose, b.Purpose) })
	return s.tamper(keys), err
}

func config(t *testing.T, s registry.KeyStore, masterByte byte) vault.Config {
	t.Helper()
	text := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{masterByte}, seal.KeyBytes))
	master, err := seal.ParseMaster(text, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return vault.Config{Store: s, Master: master, Random: rand.Reader, Now: time.Now}
}

func open(t *testing.T, cfg vault.Config) *vault.Vault {
	t.Helper()
	v, err := vault.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return v
}

func accessKeys(t *testing.T, v *vault.Vault) vault.AccessKeys {
	t.Helper()
	keys, err := v.AccessKeys(t.Context())
	if err != nil {
		t.Fatalf("AccessKeys: %v", err)
	}
	return keys
}

func idsOf(keys vault.AccessKeys) (ids []string) {
	for _, k := range keys.Signing {
		ids = append(ids, k.ID)
	}
	for _, k := range keys.Tokens {
		ids = append(ids, k.ID)
	}
	return ids
}

func TestOpenTwiceGivesTheSameKeys(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		first, second := open(t, config(t, db, 'm')), open(t, config(t, db, 'm'))
		secret, err := registry.NewSecretText(rand.Reader, registry.PrefixClientSecret)
		if err != nil {
			t.Fatal(err)
		}
		if first.Peppers().Digest(secret) != second.Peppers().Digest(secret) {
			t.Error("the peppers differ")
		}
		here := []byte("context")
		if _, err := second.RefusalBox().Open(first.RefusalBox().Seal([]byte("x"), here), here); err != nil {
			t.Errorf("refusal box: %v", err)
		}
		if _, err := second.CursorBox().Open(first.RefusalBox().Seal([]byte("x"), here), here); err == nil {
			t.Error("two purposes share a key")
		}
		if got, want := idsOf(accessKeys(t, second)), idsOf(accessKeys(t, first)); len(want) != 2 || !slices.Equal(got, want) {
			t.Errorf("access keys: got %s, want %s", got, want)
		}
	})
}

func TestReplicasThatRaceAgree(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		cfg := config(t, db, 'm')
		found := make(chan string, 8)
		var all sync.WaitGroup
		for range cap(found) {
			all.Go(func() {
				v, err := vault.Open(context.Background(), cfg)
				if err != nil {
					t.Errorf("Open: %v", err)
					return
				}
				keys, err := v.AccessKeys(context.Background())
				if err != nil {
					t.Errorf("AccessKeys: %v", err)
				}
				secret := registry.SecretText{}
				found <- fmt.Sprint(keys.Signing[0].ID, keys.Tokens[0].ID, v.Peppers().Digest(secret))
			})
		}
		all.Wait()
		close(found)
		want := <-found
		for got := range found {
			if got != want {
				t.Errorf("a replica has the keys %s, another %s", got, want)
			}
		}
	})
}

func TestWrongMasterKey(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T, db *storage.DB) {
		open(t, config(t, db, 'm'))
		before := count(t, db)
		_, err := vault.Open(t.Context(), config(t, db, 'x'))
		if !errors.Is(err, vault.ErrWrongMasterKey) || !strings.Contains(err.Error(), "KEYWRIGHT_MASTER_KEY") {
			t.Errorf("got %v, want ErrWrongMasterKey", err)
		}
		if after := count(t, db); after != before {
			t.Errorf("%d keys were made under the wrong master key", after-before)
		}
	})
}

func count(t *testing.T, store registry.KeyStore) int {
	t.Helper()
	keys, err := store.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(keys)
}

func TestRowsThatWereTamperedWithAreRefused(t *testing.T) {
	t.Parallel()
	db := storagetest.Open(t, storagetest.SQLite)
	open(t, config(t, db, 'm'))
	of := func(keys []registry.Key, p registry.KeyPurpose) *registry.Key {
		return &keys[slices.IndexFunc(keys, func(k registry.Key) bool { return k.Purpose == p })]
	}
	for name, tamper := range map[string]func(keys []registry.Key){
		"sealed value changed": func(keys []registry.Key) {
			sealed := of(keys, registry.KeyPepper).Sealed
			sealed[len(sealed)-1] ^= 1
		},
		"two purposes swapped": func(keys []registry.Key) {
			a, b := of(keys, registry.KeyRefusal), of(keys, registry.KeyToken)
			a.Purpose, b.Purpose = b.Purpose, a.Purpose
		},
		"public half of another": func(keys []registry.Key) { of(keys, registry.KeySigning).Public[30] ^= 1 },
		"unknown algorithm":      func(keys []registry.Key) { of(keys, registry.KeySigning).Algorithm = "HS256" },
	} {
		t.Run(name, func(t *testing.T) {
			store := tampered{db, func(keys []registry.Key) []registry.Key { tamper(keys); return keys }}
			if _, err := vault.Open(t.Context(), config(t, store, 'm')); err == nil {
				t.Error("the vault opened")
			}
		})
	}
}

func TestTheNewestKeyIsCurrent(t *testing.T) {
	t.Parallel()
	older, newer := storagetest.Open(t, storagetest.SQLite), storagetest.Open(t, storagetest.SQLite)
	past := config(t, older, 'm')
	past.Now = func() time.Time { return time.Now().Add(-24 * time.Hour) }
	before, after := open(t, past), open(t, config(t, newer, 'm'))
	both := open(t, config(t, tampered{older, func(keys []registry.Key) []registry.Key {
		more, err := newer.Keys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return append(keys, more...)
	}}, 'm'))

	here := []byte("context")
	if _, err := after.RefusalBox().Open(both.RefusalBox().Seal([]byte("x"), here), here); err != nil {
		t.Errorf("an error id is not made under the newest key: %v", err)
	}
	if _, err := both.RefusalBox().Open(before.RefusalBox().Seal([]byte("x"), here), here); err != nil {
		t.Errorf("an older error id does not open: %v", err)
	}
}

func TestSigningKeysPrintTheirIDAlone(t *testing.T) {
	t.Parallel()
	key := accessKeys(t, open(t, config(t, storagetest.Open(t, storagetest.SQLite), 'm'))).Signing[0]
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, key); got != key.ID {
			t.Errorf("%s printed %d characters, want the id", verb, len(got))
		}
	}
}
