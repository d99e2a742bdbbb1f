package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

// consoleSessionRow leaves out the token, which SessionTokens keeps.
type consoleSessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:se"`

	ID             string `bun:",pk"`
	OrganizationID string
	MemberID       string
	Address        optional
	UserAgent      string
	CreatedAt      moment
	SeenAt         moment
}

func (r consoleSessionRow) domain() registry.Session {
	return registry.Session{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		MemberID:       r.MemberID,
		Address:        parseAddress(r.Address),
		UserAgent:      r.UserAgent,
		CreatedAt:      r.CreatedAt.Time,
		SeenAt:         r.SeenAt.Time,
	}
}

// Session implements registry.Reader.
func (s *session) Session(ctx context.Context, id string) (registry.Session, error) {
	var row consoleSessionRow
	err := s.get(ctx, "session", s.bun.NewSelect().Model(&row).Where("se.id = ?", id))
	return row.domain(), err
}

// SessionPage implements registry.Reader.
func (s *session) SessionPage(ctx context.Context, filter registry.SessionFilter, page registry.Page) ([]registry.Session, error) {
	var rows []consoleSessionRow
	query := s.bun.NewSelect().Model(&rows).Where("se.organization_id = ?", filter.OrganizationID).
		Where("se.seen_at > ? AND se.created_at > ?", moment{filter.SeenAfter}, moment{filter.CreatedAfter})
	if filter.MemberID != "" {
		query = query.Where("se.member_id = ?", filter.MemberID)
	}
	err := s.get(ctx, "session", newestFirst(query, page))
	return convert(rows, consoleSessionRow.domain), err
}

// InsertSession implements registry.Tx.
func (s *session) InsertSession(ctx context.Context, c registry.Session) error {
	return s.insert(ctx, "session", &consoleSessionRow{
		ID:             c.ID,
		OrganizationID: c.OrganizationID,
		MemberID:       c.MemberID,
		Address:        addressText(c.Address),
		UserAgent:      c.UserAgent,
		CreatedAt:      moment{c.CreatedAt},
		SeenAt:         moment{c.SeenAt},
	})
}

// TouchSession implements registry.Tx. The time only moves forward.
func (s *session) TouchSession(ctx context.Context, id string, at time.Time) error {
	_, err := s.exec(ctx, "session", s.bun.NewUpdate().Table("sessions").Set("seen_at = ?", moment{at}).
		Where("id = ? AND seen_at < ?", id, moment{at}))
	return err
}

// DeleteSession implements registry.Tx.
func (s *session) DeleteSession(ctx context.Context, organizationID, id string) error {
	return s.execOne(ctx, "session", s.bun.NewDelete().Table("sessions").
		Where("id = ? AND organization_id = ?", id, organizationID))
}

// DeleteSessions implements registry.Tx.
func (s *session) DeleteSessions(ctx context.Context, organizationID, memberID, but string) error {
	_, err := s.exec(ctx, "session", s.bun.NewDelete().Table("sessions").
		Where("member_id = ? AND organization_id = ? AND id <> ?", memberID, organizationID, but))
	return err
}

// EndSessions implements registry.Tx.
func (s *session) EndSessions(ctx context.Context, organizationID string) error {
	_, err := s.exec(ctx, "session", s.bun.NewDelete().Table("sessions").Where("organization_id = ?", organizationID))
	return err
}

// PruneSessions implements registry.Tx.
func (s *session) PruneSessions(ctx context.Context, organizationID, memberID string, seenAfter, createdAfter time.Time) error {
	_, err := s.exec(ctx, "session", s.bun.NewDelete().Table("sessions").
		Where("member_id = ? AND organization_id = ?", memberID, organizationID).
		Where("(seen_at <= ? OR created_at <= ?)", moment{seenAfter}, moment{createdAfter}))
	return err
}
