package storage

import (
	"context"
	"fmt"
	"slices"

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
