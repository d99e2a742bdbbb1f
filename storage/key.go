package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type keyRow struct {
	bun.BaseModel `bun:"table:keys,alias:k"`

	ID        string `bun:",pk"`
	Purpose   string
	Algorithm string
	Public    []byte
	Sealed    []byte
	CreatedAt moment
}

func keyRowOf(k registry.Key) *keyRow {
	return &keyRow{
		ID:        k.ID,
		Purpose:   string(k.Purpose),
		Algorithm: k.Algorithm,
		Public:    k.Public,
		Sealed:    k.Sealed,
		CreatedAt: moment{k.CreatedAt},
	}
}

func (r keyRow) domain() registry.Key {
	return registry.Key{
		ID:        r.ID,
		Purpose:   registry.KeyPurpose(r.Purpose),
		Algorithm: r.Algorithm,
		Public:    r.Public,
		Sealed:    r.Sealed,
		CreatedAt: r.CreatedAt.Time,
	}
}

// Keys implements registry.KeyStore. They are ordered by age, oldest first.
func (db *DB) Keys(ctx context.Context) ([]registry.Key, error) {
	s := db.single(db.read)
	var rows []keyRow
	err := s.get(ctx, "key", s.bun.NewSelect().Model(&rows).Order("k.created_at", "k.id"))
	return convert(rows, keyRow.domain), err
}

// EnsureKey implements registry.KeyStore. Where several keys of the purpose
// stand, it returns the newest.
func (db *DB) EnsureKey(ctx context.Context, k registry.Key) (registry.Key, error) {
	var stands keyRow
	err := db.transact(ctx, db.write, nil, func(s *session) error {
		if s.db.dialect.locksRows { // the feed's counter is the one row that is always there
			var position int64
			counter := s.bun.NewSelect().Table("feed_counter").Column("position").For("UPDATE")
			if err := s.get(ctx, "feed", counter, &position); err != nil {
				return err
			}
		}
		newest := s.bun.NewSelect().Model(&stands).Where("k.purpose = ?", string(k.Purpose)).
			Order("k.created_at DESC", "k.id DESC").Limit(1)
		err := s.get(ctx, "key", newest)
		if err == nil || registry.KindOf(err) != registry.KindNotFound {
			return err
		}
		stands = *keyRowOf(k)
		return s.insert(ctx, "key", &stands)
	})
	if err != nil {
		return registry.Key{}, err
	}
	return stands.domain(), nil
}
