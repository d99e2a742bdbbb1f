package vault

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"keywright/internal/seal"
	"keywright/registry"
)

// Config is what Open needs. A field is required unless it says otherwise.
type Config struct {
	Store  registry.KeyStore
	Master *seal.Master
	Random io.Reader
	Now    func() time.Time
	// SigningAlgorithm is that of new signing keys: ES256, RS256 or EdDSA
	// (RFC 7518 §3.1, RFC 8037 §3.1). Empty: ES256.
	SigningAlgorithm string
	// SigningKeyLifetime is how long a signing key is active. Zero: 90 days.
	SigningKeyLifetime time.Duration
}

// ErrWrongMasterKey says that the keys in the database were sealed under a
// master key that was not given.
var ErrWrongMasterKey = errors.New("KEYWRIGHT_MASTER_KEY is not the key that sealed this database")

// Vault holds the opened keys that stay, and reads and replaces those of access
// tokens. It is immutable and safe for concurrent use.
type Vault struct {
	cfg     Config
	peppers registry.Peppers
	audit   registry.AuditKeys
	refusal *seal.Box
	cursor  *seal.Box
	oneTime *seal.Box
}

// Peppers returns the keys of secret digests, the current one first.
func (v *Vault) Peppers() registry.Peppers { return v.peppers }

// AuditKeys returns the keys of the audit chain, the current one first.
func (v *Vault) AuditKeys() registry.AuditKeys { return v.audit }

// RefusalBox returns the box of error ids.
func (v *Vault) RefusalBox() *seal.Box { return v.refusal }

// CursorBox returns the box of page cursors.
func (v *Vault) CursorBox() *seal.Box { return v.cursor }

// OneTimeBox returns the box of the secrets of one-time codes.
func (v *Vault) OneTimeBox() *seal.Box { return v.oneTime }

// Open opens the keys in the store and makes those that are missing. Replicas
// that start together on an empty store agree on one set. It fails with
// ErrWrongMasterKey before it makes anything if the master key is not the one
// that sealed the store.
func Open(ctx context.Context, cfg Config) (*Vault, error) {
	stored, err := cfg.stored(ctx)
	if err != nil {
		return nil, err
	}
	byPurpose := map[registry.KeyPurpose][]openedKey{}
	for _, kind := range fixed {
		keys := ofPurpose(stored, kind.purpose)
		if len(keys) == 0 {
			if keys, err = cfg.makeFirst(ctx, kind); err != nil {
				return nil, err
			}
		}
		if byPurpose[kind.purpose], err = cfg.openAll(kind, keys); err != nil {
			return nil, err
		}
	}
	v, err := newVault(cfg, byPurpose)
	if err != nil {
		return nil, err
	}
	for _, schedule := range v.schedules() {
		if len(ofPurpose(stored, schedule.Purpose)) == 0 {
			if err := v.change(ctx, stored, schedule, schedule.Due); err != nil {
				return nil, err
			}
		}
	}
	_, err = v.AccessKeys(ctx) // or it is found out at the first token
	return v, err
}

// stored reads all keys.
func (cfg Config) stored(ctx context.Context) ([]registry.Key, error) {
	keys, err := cfg.Store.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the sealed keys: %w", err)
	}
	return keys, nil
}

func ofPurpose(keys []registry.Key, purpose registry.KeyPurpose) []registry.Key {
	return slices.DeleteFunc(slices.Clone(keys), func(k registry.Key) bool { return k.Purpose != purpose })
}

// makeFirst makes the first key of a kind, and returns the one that stands.
func (cfg Config) makeFirst(ctx context.Context, kind kind) ([]registry.Key, error) {
	fresh, err := cfg.makeKey(kind)
	if err != nil {
		return nil, err
	}
	var keys []registry.Key
	err = cfg.Store.ChangeKeys(ctx, kind.purpose, func(standing []registry.Key) (registry.KeyChange, error) {
		if keys = standing; len(keys) > 0 {
			return registry.KeyChange{}, nil
		}
		fresh.CreatedAt = cfg.now()
		fresh.ActiveFrom = fresh.CreatedAt
		keys = []registry.Key{fresh}
		return registry.KeyChange{Put: keys}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("store the %s key: %w", kind.purpose, err)
	}
	return keys, nil
}

// openAll opens keys of one kind, newest first.
func (cfg Config) openAll(kind kind, keys []registry.Key) ([]openedKey, error) {
	slices.SortFunc(keys, func(a, b registry.Key) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	opened := make([]openedKey, len(keys))
	for i, k := range keys {
		secret, err := cfg.open(kind, k)
		if err != nil {
			return nil, err
		}
		opened[i] = openedKey{k, secret}
	}
	return opened, nil
}

func (cfg Config) open(kind kind, k registry.Key) ([]byte, error) {
	secret, err := cfg.Master.Open(k.Sealed, sealContext(k))
	if errors.Is(err, seal.ErrUnknownKey) {
		return nil, ErrWrongMasterKey
	}
	if err != nil {
		return nil, fmt.Errorf("open the %s key %s: %w", k.Purpose, k.ID, err)
	}
	if err := kind.check(k, secret); err != nil {
		return nil, fmt.Errorf("check the %s key %s: %w", k.Purpose, k.ID, err)
	}
	return secret, nil
}

// makeKey makes a key that has no times yet.
func (cfg Config) makeKey(kind kind) (registry.Key, error) {
	id, err := registry.NewID(cfg.Random, registry.PrefixKey)
	if err != nil {
		return registry.Key{}, err
	}
	secret, public, err := kind.generate(cfg.Random, kind.algorithm)
	if err != nil {
		return registry.Key{}, fmt.Errorf("make a %s key: %w", kind.purpose, err)
	}
	key := registry.Key{ID: id, Purpose: kind.purpose, Algorithm: kind.algorithm, Public: public}
	if key.Sealed, err = cfg.Master.Seal(secret, sealContext(key)); err != nil {
		return registry.Key{}, fmt.Errorf("seal a %s key: %w", kind.purpose, err)
	}
	return key, nil
}

func (cfg Config) now() time.Time { return cfg.Now().UTC().Truncate(time.Microsecond) }

// sealContext binds a sealed key to its row and purpose.
func sealContext(k registry.Key) []byte {
	return []byte("keys/" + string(k.Purpose) + "/" + k.ID)
}
