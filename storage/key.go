package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type keyRow struct {
	bun.BaseModel `bun:"table:keys,alias:k"`

	ID         string `bun:",pk"`
	Purpose    string
	Algorithm  string
	Public     []byte
	Sealed     []byte
	CreatedAt  moment
	ActiveFrom moment
}

func keyRowOf(k registry.Key) *keyRow {
	return &keyRow{
		ID:         k.ID,
		Purpose:    string(k.Purpose),
		Algorithm:  k.Algorithm,
		Public:     k.Public,
		Sealed:     k.Sealed,
		CreatedAt:  moment{k.CreatedAt},
		ActiveFrom: moment{k.ActiveFrom},
	}
}

func (r keyRow) domain() registry.Key {
	k := registry.Key{
		ID:         r.ID,
		Purpose:    registry.KeyPurpose(r.Purpose),
		Algorithm:  r.Algorithm,
		Public:     r.Public,
		Sealed:     r.Sealed,
		CreatedAt:  r.CreatedAt.Time,
		ActiveFrom: r.ActiveFrom.Time,
	}
	if k.ActiveFrom.IsZero() {
		k.ActiveFrom = k.CreatedAt
	}
	return k
}

// Keys implements registry.KeyStore. They are ordered by age, oldest first.
func (db *DB) Keys(ctx context.Context) ([]registry.Key, error) {
	s := db.single(db.read)
	var rows []keyRow
	err := s.get(ctx, "key", s.bun.NewSelect().Model(&rows).Order("k.created_at", "k.id"))
	return convert(rows, keyRow.domain), err
}

// SigningKeys implements registry.Reader.
func (s *session) SigningKeys(ctx context.Context) ([]registry.Key, error) {
	return s.keysOf(ctx, registry.KeySigning)
}

func (s *session) keysOf(ctx context.Context, purpose registry.KeyPurpose) ([]registry.Key, error) {
	var rows []keyRow
	err := s.get(ctx, "key", s.bun.NewSelect().Model(&rows).Where("k.purpose = ?", string(purpose)).Order("k.created_at", "k.id"))
	return convert(rows, keyRow.domain), err
}

// ChangeKeys implements registry.KeyStore.
func (db *DB) ChangeKeys(ctx context.Context, purpose registry.KeyPurpose, fn func([]registry.Key) (registry.KeyChange, error)) error {
	return db.Change(ctx, func(tx registry.Tx) error { return tx.ChangeKeys(ctx, purpose, fn) })
}

// ChangeKeys implements registry.Tx.
func (s *session) ChangeKeys(ctx context.Context, purpose registry.KeyPurpose, fn func([]registry.Key) (registry.KeyChange, error)) error {
	if s.db.dialect.locksRows { // the feed's counter is the one row that is always there
		var position int64
		counter := s.bun.NewSelect().Table("feed_counter").Column("position").For("UPDATE")
		if err := s.get(ctx, "feed", counter, &position); err != nil {
			return err
		}
	}
	standing, err := s.keysOf(ctx, purpose)
	if err != nil {
		return err
	}
	change, err := fn(standing)
	if err != nil {
		return err
	}
	for _, k := range change.Put {
		put := s.bun.NewInsert().Model(keyRowOf(k)).On("CONFLICT (id) DO UPDATE").
			Set("active_from = EXCLUDED.active_from, sealed = EXCLUDED.sealed")
		if err := s.execOne(ctx, "key", put); err != nil {
			return err
		}
	}
	for _, id := range change.Drop {
		drop := s.bun.NewDelete().Table("keys").Where("id = ? AND purpose = ?", id, string(purpose))
		if err := s.execOne(ctx, "key", drop); err != nil {
			return err
		}
	}
	return nil
}
