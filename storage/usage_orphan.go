package storage

import (
	"context"

	"github.com/uptrace/bun"
)

// PruneUsage deletes totals and networks of credentials, secrets and keys that
// are not there, up to limit of each, and returns how many: a flush that was
// under way while they were deleted may have left some. It looks through all
// of them, and writes only where it found something.
func (db *DB) PruneUsage(ctx context.Context, limit int) (int64, error) {
	var all int64
	for _, table := range []string{"usage_totals", "usage_networks"} {
		var ids []string
		err := db.single(db.read).get(ctx, "usage", db.read.NewSelect().TableExpr("? AS v", bun.Ident(table)).
			Column("v.id").Distinct().Where("v.kind <> 'organization' AND NOT "+accountThere).Limit(int64(limit)), &ids)
		if err != nil {
			return all, err
		}
		if len(ids) == 0 {
			continue
		}
		// An id that is gone does not come back.
		n, err := db.single(db.write).exec(ctx, "usage", db.write.NewDelete().Table(table).Where("id IN (?)", bun.List(ids)))
		if err != nil {
			return all, err
		}
		all += n
	}
	return all, nil
}
