package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type idempotencyRow struct {
	bun.BaseModel `bun:"table:idempotency_keys,alias:ik"`

	ID          string `bun:",pk"`
	Fingerprint digest
	PepperID    string
	TargetID    string
	CreatedAt   moment
	Status      int64 `bun:",nullzero"`
	Location    optional
	ETag        optional `bun:"etag"`
	Body        document
}

// KeyedRequest implements registry.Reader.
func (s *session) KeyedRequest(ctx context.Context, id string) (registry.KeyedRequest, error) {
	var row idempotencyRow
	if err := s.get(ctx, "keyed request", s.bun.NewSelect().Model(&row).Where("ik.id = ?", id)); err != nil {
		return registry.KeyedRequest{}, err
	}
	return registry.KeyedRequest{
		ID: row.ID, Fingerprint: row.Fingerprint.under(row.PepperID), TargetID: row.TargetID, At: row.CreatedAt.Time,
		Answer: registry.KeptAnswer{
			Status: int(row.Status), Location: string(row.Location), ETag: string(row.ETag), Body: []byte(row.Body),
		},
	}, nil
}

// InsertKeyedRequest implements registry.Tx.
func (s *session) InsertKeyedRequest(ctx context.Context, r registry.KeyedRequest, expired time.Time) error {
	_, err := s.exec(ctx, "Idempotency-Key", s.bun.NewDelete().Table("idempotency_keys").
		Where("id = ? AND created_at <= ?", r.ID, moment{expired}))
	if err != nil {
		return err
	}
	return s.insert(ctx, "Idempotency-Key", &idempotencyRow{
		ID: r.ID, Fingerprint: r.Fingerprint.Sum[:], PepperID: r.Fingerprint.PepperID, TargetID: r.TargetID, CreatedAt: moment{r.At},
	})
}

// KeepAnswer implements registry.Tx.
func (s *session) KeepAnswer(ctx context.Context, id string, a registry.KeptAnswer) error {
	return s.execOne(ctx, "keyed request", s.bun.NewUpdate().Table("idempotency_keys").
		Set("status = ?", int64(a.Status)).Set("location = ?", optional(a.Location)).Set("etag = ?", optional(a.ETag)).
		Set("body = ?", document(a.Body)).Where("id = ?", id))
}

// PruneKeyedRequests deletes what requests with an Idempotency-Key from before
// that time left, and returns how many.
func (db *DB) PruneKeyedRequests(ctx context.Context, before time.Time) (int64, error) {
	s := db.single(db.write)
	return s.exec(ctx, "keyed request", s.bun.NewDelete().Table("idempotency_keys").Where("created_at < ?", moment{before}))
}
