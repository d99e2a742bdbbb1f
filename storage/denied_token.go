package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type deniedTokenRow struct {
	bun.BaseModel `bun:"table:denied_tokens,alias:d"`

	JTI            string `bun:",pk"`
	OrganizationID string
	ClientID       string
	ExpiresAt      moment
	RevokedAt      moment
}

func (r deniedTokenRow) domain() registry.DeniedToken {
	return registry.DeniedToken{
		JTI:            r.JTI,
		OrganizationID: r.OrganizationID,
		ClientID:       r.ClientID,
		ExpiresAt:      r.ExpiresAt.Time,
		RevokedAt:      r.RevokedAt.Time,
	}
}

// DenyToken implements registry.Tx.
func (s *session) DenyToken(ctx context.Context, t registry.DeniedToken) (bool, error) {
	n, err := s.exec(ctx, "token", s.bun.NewInsert().Model(&deniedTokenRow{
		JTI:            t.JTI,
		OrganizationID: t.OrganizationID,
		ClientID:       t.ClientID,
		ExpiresAt:      moment{t.ExpiresAt},
		RevokedAt:      moment{t.RevokedAt},
	}).On("CONFLICT (jti) DO NOTHING"))
	return n == 1, err
}

// TokenDenied implements registry.HotPath.
func (db *DB) TokenDenied(ctx context.Context, jti string) (bool, error) {
	s := db.single(db.read)
	var denied bool
	err := s.get(ctx, "token", s.bun.NewRaw("SELECT EXISTS (SELECT 1 FROM denied_tokens WHERE jti = ?)", jti), &denied)
	return denied, err
}

// DeniedTokens implements registry.FeedStore.
func (db *DB) DeniedTokens(ctx context.Context, afterJTI string, expiresAfter time.Time, limit int) ([]registry.DeniedToken, error) {
	s := db.single(db.read)
	var rows []deniedTokenRow
	err := s.get(ctx, "token", s.bun.NewSelect().Model(&rows).
		Where("d.jti > ? AND d.expires_at > ?", afterJTI, moment{expiresAfter}).Order("d.jti").Limit(int64(limit)))
	return convert(rows, deniedTokenRow.domain), err
}

// PruneDeniedTokens deletes the entries of tokens that expired before that
// time, and returns how many.
func (db *DB) PruneDeniedTokens(ctx context.Context, before time.Time) (int64, error) {
	s := db.single(db.write)
	return s.exec(ctx, "token", s.bun.NewDelete().Table("denied_tokens").Where("expires_at < ?", moment{before}))
}
