package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type leaseRow struct {
	bun.BaseModel `bun:"table:replica_leases,alias:l"`

	Replica  string `bun:",pk"`
	Renewals int64
	Applied  int64
}

func (r leaseRow) domain() registry.Lease {
	return registry.Lease{Replica: r.Replica, Renewals: r.Renewals, Applied: registry.Position(r.Applied)}
}

// RenewLease implements registry.LeaseStore, with one statement. One that comes
// late, behind a renewal that was sent after it, leaves that one alone: else a
// lease could be ended that was renewed.
func (db *DB) RenewLease(ctx context.Context, l registry.Lease) error {
	s := db.single(db.write)
	row := &leaseRow{Replica: l.Replica, Renewals: l.Renewals, Applied: int64(l.Applied)}
	_, err := s.exec(ctx, "lease", s.bun.NewInsert().Model(row).
		On("CONFLICT (replica) DO UPDATE").
		Set("renewals = excluded.renewals, applied = excluded.applied").
		Where("l.renewals < excluded.renewals"))
	return err
}

// Leases implements registry.LeaseStore. They are ordered by replica.
func (db *DB) Leases(ctx context.Context) ([]registry.Lease, error) {
	s := db.single(db.read)
	var rows []leaseRow
	err := s.get(ctx, "lease", s.bun.NewSelect().Model(&rows).Order("l.replica"))
	return convert(rows, leaseRow.domain), err
}

// EndLease implements registry.LeaseStore, with one statement.
func (db *DB) EndLease(ctx context.Context, l registry.Lease) error {
	s := db.single(db.write)
	_, err := s.exec(ctx, "lease", s.bun.NewDelete().Table("replica_leases").
		Where("replica = ? AND renewals = ?", l.Replica, l.Renewals))
	return err
}
