package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type feedRow struct {
	bun.BaseModel `bun:"table:feed,alias:f"`

	Position       int64 `bun:",pk"`
	Kind           string
	OrganizationID string
	TargetID       string
	At             moment

	Head   int64 `bun:",scanonly"`
	Oldest int64 `bun:",scanonly"`
}

func (r feedRow) domain() registry.FeedRow {
	return registry.FeedRow{
		Position:       registry.Position(r.Position),
		Kind:           r.Kind,
		OrganizationID: r.OrganizationID,
		TargetID:       r.TargetID,
		At:             r.At.Time,
	}
}

// readFeed answers one row with neither position nor kind when there is none.
const readFeed = `
SELECT h.position AS head, (SELECT min(position) FROM feed) AS oldest, f.*
FROM feed_counter AS h
LEFT JOIN (SELECT * FROM feed WHERE position > ? ORDER BY position LIMIT ?) AS f ON TRUE
ORDER BY f.position`

// Feed implements registry.FeedStore, with one statement, which is a snapshot
// in either database.
func (db *DB) Feed(ctx context.Context, after registry.Position, limit int) (registry.FeedPage, error) {
	s := db.single(db.read)
	var rows []feedRow
	if err := s.get(ctx, "feed", s.bun.NewRaw(readFeed, int64(after), limit), &rows); err != nil {
		return registry.FeedPage{}, err
	}
	if len(rows) == 0 {
		return registry.FeedPage{}, registry.Unavailable(errors.New("the feed has no counter"))
	}
	page := registry.FeedPage{Head: registry.Position(rows[0].Head), Pruned: rows[0].Oldest-1 > int64(after)}
	if rows[0].Position > 0 {
		page.Rows = convert(rows, feedRow.domain)
	}
	return page, nil
}

// pruneFeed deletes from the front of the feed, so that what is left begins
// with its oldest row, and looks at a bounded part of it. The newest row stays:
// it says where that is.
const pruneFeed = `
DELETE FROM feed WHERE position < (
  SELECT coalesce(min(position) FILTER (WHERE at >= ?), max(position))
  FROM (SELECT position, at FROM feed ORDER BY position LIMIT ?) AS front)`

// rowsPerPrune bounds the statements of PruneFeed.
const rowsPerPrune = 10_000

// PruneFeed deletes the changes from before that time, but never the newest
// one, and returns how many.
func (db *DB) PruneFeed(ctx context.Context, before time.Time) (int64, error) {
	for all := int64(0); ; {
		s := db.single(db.write)
		n, err := s.exec(ctx, "feed", s.bun.NewRaw(pruneFeed, moment{before}, rowsPerPrune))
		if all += n; err != nil || n < rowsPerPrune-1 {
			return all, err
		}
	}
}

// idsPerStatement keeps statements with lists of ids below SQLite's longest.
const idsPerStatement = 1000

// NextPosition implements registry.Tx.
func (s *session) NextPosition(ctx context.Context) (registry.Position, error) {
	var position int64
	err := s.get(ctx, "feed", s.bun.NewRaw("UPDATE feed_counter SET position = position + 1 RETURNING position"), &position)
	return registry.Position(position), err
}

// SkipPositions implements registry.Tx.
func (s *session) SkipPositions(ctx context.Context, n int64) error {
	_, err := s.exec(ctx, "feed", s.bun.NewRaw("UPDATE feed_counter SET position = position + ?", n))
	return err
}

// CutOff implements registry.Tx. A cut-off only moves forward.
func (s *session) CutOff(ctx context.Context, kind registry.CutOffKind, ids []string, at registry.Position) error {
	table, ok := cutOffTables[kind]
	if !ok {
		return registry.Unavailable(fmt.Errorf("no cut-off of kind %q", kind))
	}
	for some := range slices.Chunk(ids, idsPerStatement) {
		_, err := s.exec(ctx, string(kind), s.bun.NewUpdate().Table(table).
			Set("cut_off = ?", int64(at)).
			Where("id IN (?)", bun.List(some)).
			Where("cut_off < ?", int64(at)))
		if err != nil {
			return err
		}
	}
	return nil
}

var cutOffTables = map[registry.CutOffKind]string{
	registry.CutOffOrganization: "organizations",
	registry.CutOffProject:      "projects",
	registry.CutOffApplication:  "applications",
	registry.CutOffClient:       "clients",
	registry.CutOffSecret:       "secrets",
}

// AppendFeed implements registry.Tx.
func (s *session) AppendFeed(ctx context.Context, row registry.FeedRow) error {
	return s.insert(ctx, "feed", &feedRow{
		Position:       int64(row.Position),
		Kind:           row.Kind,
		OrganizationID: row.OrganizationID,
		TargetID:       row.TargetID,
		At:             moment{row.At},
	})
}
