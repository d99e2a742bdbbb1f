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

// Config is what Open needs. Every field is required.
type Config struct {
	Store  registry.KeyStore
	Master *seal.Master
	Random io.Reader
	Now    func() time.Time
}

// ErrWrongMasterKey says that the keys in the database were sealed under a
// master key that was not given.
var ErrWrongMasterKey = errors.New("KEYWRIGHT_MASTER_KEY is not the key that sealed this database")

// Vault holds the opened keys. It is immutable and safe for concurrent use.
type Vault struct {
	peppers registry.Peppers
	audit   registry.AuditKeys
	refusal *seal.Box
	cursor  *seal.Box
	oneTime *seal.Box
	tokens  []TokenKey
	signing []SigningKey
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

// TokenKeys returns the keys of opaque access tokens, the current one first.
func (v *Vault) TokenKeys() []TokenKey { return slices.Clone(v.tokens) }

// SigningKeys returns the keys of JWT access tokens, the current one first.
func (v *Vault) SigningKeys() []SigningKey { return slices.Clone(v.signing) }

// Open opens the keys in the store and makes those that are missing. Replicas
// that start together on an empty store agree on one set. It fails with
// ErrWrongMasterKey before it makes anything if the master key is not the one
// that sealed the store.
func Open(ctx context.Context, cfg Config) (*Vault, error) {
	stored, err := cfg.Store.Keys(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the sealed keys: %w", err)
	}
	byPurpose := map[registry.KeyPurpose][]openedKey{}
	for _, kind := range kinds {
		keys, err := cfg.open(ctx, kind, stored)
		if err != nil {
			return nil, err
		}
		byPurpose[kind.purpose] = keys
	}
	return newVault(cfg.Random, byPurpose)
}

// open opens the stored keys of one kind, newest first, or makes the first.
func (cfg Config) open(ctx context.Context, kind kind, stored []registry.Key) ([]openedKey, error) {
	keys := slices.DeleteFunc(slices.Clone(stored), func(k registry.Key) bool { return k.Purpose != kind.purpose })
	if len(keys) == 0 {
		fresh, err := cfg.makeKey(kind)
		if err != nil {
			return nil, err
		}
		standing, err := cfg.Store.EnsureKey(ctx, fresh)
		if err != nil {
			return nil, fmt.Errorf("store the %s key: %w", kind.purpose, err)
		}
		keys = []registry.Key{standing}
	}
	slices.SortFunc(keys, func(a, b registry.Key) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	opened := make([]openedKey, len(keys))
	for i, k := range keys {
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
		opened[i] = openedKey{k, secret}
	}
	return opened, nil
}

func (cfg Config) makeKey(kind kind) (registry.Key, error) {
	id, err := registry.NewID(cfg.Random, registry.PrefixKey)
	if err != nil {
		return registry.Key{}, err
	}
	secret, public, err := kind.generate(cfg.Random)
	if err != nil {
		return registry.Key{}, fmt.Errorf("make a %s key: %w", kind.purpose, err)
	}
	key := registry.Key{
		ID: id, Purpose: kind.purpose, Algorithm: kind.algorithm, Public: public,
		CreatedAt: cfg.Now().UTC().Truncate(time.Microsecond),
	}
	if key.Sealed, err = cfg.Master.Seal(secret, sealContext(key)); err != nil {
		return registry.Key{}, fmt.Errorf("seal a %s key: %w", kind.purpose, err)
	}
	return key, nil
}

// sealContext binds a sealed key to its row and purpose.
func sealContext(k registry.Key) []byte {
	return []byte("keys/" + string(k.Purpose) + "/" + k.ID)
}
