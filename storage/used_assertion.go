package storage

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type usedAssertionRow struct {
	bun.BaseModel `bun:"table:used_assertions,alias:ua"`

	ClientID  string `bun:",pk"`
	JTISHA256 []byte `bun:"jti_sha256,pk"` // as long for every jti
	ExpiresAt moment
}

// UseAssertion implements registry.AssertionStore, with one statement. Of
// several at once, the database lets one insert the row.
func (db *DB) UseAssertion(ctx context.Context, u registry.UsedAssertion) (bool, error) {
	s := db.single(db.write)
	jti := sha256.Sum256([]byte(u.ID))
	n, err := s.exec(ctx, "assertion", s.bun.NewInsert().Model(&usedAssertionRow{
		ClientID:  u.ClientID,
		JTISHA256: jti[:],
		ExpiresAt: moment{u.ExpiresAt},
	}).On("CONFLICT (client_id, jti_sha256) DO NOTHING"))
	return n == 1, err
}

// PruneUsedAssertions deletes what is known of assertions that expired before
// that time, and returns of how many.
func (db *DB) PruneUsedAssertions(ctx context.Context, before time.Time) (int64, error) {
	s := db.single(db.write)
	return s.exec(ctx, "assertion", s.bun.NewDelete().Table("used_assertions").Where("expires_at < ?", moment{before}))
}
