package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type memberRow struct {
	bun.BaseModel `bun:"table:members,alias:m"`

	ID             string `bun:",pk"`
	OrganizationID string
	Email          string
	Role           string
	PasswordHash   string
	CreatedAt      moment
	UpdatedAt      moment
}

// HasMember implements registry.Reader.
func (s *session) HasMember(ctx context.Context) (bool, error) {
	var has bool
	err := s.get(ctx, "member", s.bun.NewRaw("SELECT EXISTS (SELECT 1 FROM members)"), &has)
	return has, err
}

// InsertMember implements registry.Tx.
func (s *session) InsertMember(ctx context.Context, m registry.Member) error {
	return s.insert(ctx, "member", &memberRow{
		ID:             m.ID,
		OrganizationID: m.OrganizationID,
		Email:          m.Email,
		Role:           string(m.Role),
		PasswordHash:   m.PasswordHash,
		CreatedAt:      moment{m.CreatedAt},
		UpdatedAt:      moment{m.UpdatedAt},
	})
}
