package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type memberRow struct {
	bun.BaseModel `bun:"table:members,alias:m"`

	ID                 string `bun:",pk"`
	OrganizationID     string
	Email              string
	Role               string
	PasswordHash       string
	OneTimeSealed      []byte
	OneTimeConfirmedAt moment
	OneTimeStep        int64
	Revision           int64
	CreatedAt          moment
	UpdatedAt          moment
}

func memberRowOf(m registry.Member) *memberRow {
	return &memberRow{
		ID:                 m.ID,
		OrganizationID:     m.OrganizationID,
		Email:              m.Email,
		Role:               string(m.Role),
		PasswordHash:       m.PasswordHash,
		OneTimeSealed:      m.OneTime.Sealed,
		OneTimeConfirmedAt: moment{m.OneTime.ConfirmedAt},
		OneTimeStep:        m.OneTime.LastStep,
		Revision:           m.Revision,
		CreatedAt:          moment{m.CreatedAt},
		UpdatedAt:          moment{m.UpdatedAt},
	}
}

func (r memberRow) domain() registry.Member {
	return registry.Member{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		Email:          r.Email,
		Role:           registry.MemberRole(r.Role),
		PasswordHash:   r.PasswordHash,
		OneTime:        registry.OneTime{Sealed: r.OneTimeSealed, ConfirmedAt: r.OneTimeConfirmedAt.Time, LastStep: r.OneTimeStep},
		Revision:       r.Revision,
		CreatedAt:      r.CreatedAt.Time,
		UpdatedAt:      r.UpdatedAt.Time,
	}
}

// HasMember implements registry.Reader.
func (s *session) HasMember(ctx context.Context) (bool, error) {
	var has bool
	err := s.get(ctx, "member", s.bun.NewRaw("SELECT EXISTS (SELECT 1 FROM members)"), &has)
	return has, err
}

// Member implements registry.Reader.
func (s *session) Member(ctx context.Context, organizationID, id string) (registry.Member, error) {
	var row memberRow
	err := s.get(ctx, "member", s.bun.NewSelect().Model(&row).
		Where("m.id = ? AND m.organization_id = ?", id, organizationID))
	return row.domain(), err
}

// MemberByEmail implements registry.Reader.
func (s *session) MemberByEmail(ctx context.Context, email string) (registry.Member, error) {
	var row memberRow
	err := s.get(ctx, "member", s.bun.NewSelect().Model(&row).Where("m.email = ?", email))
	return row.domain(), err
}

// MemberPage implements registry.Reader.
func (s *session) MemberPage(ctx context.Context, organizationID string, page registry.Page) ([]registry.Member, error) {
	var rows []memberRow
	query := s.bun.NewSelect().Model(&rows).Where("m.organization_id = ?", organizationID)
	err := s.get(ctx, "member", newestFirst(s.searched(query, page, "email"), page))
	return convert(rows, memberRow.domain), err
}

// Owners implements registry.Reader.
func (s *session) Owners(ctx context.Context, organizationID string) (int, error) {
	var n int
	err := s.get(ctx, "member", s.bun.NewSelect().Table("members").ColumnExpr("count(*)").
		Where("organization_id = ? AND role = ?", organizationID, string(registry.RoleOwner)), &n)
	return n, err
}

// InsertMember implements registry.Tx.
func (s *session) InsertMember(ctx context.Context, m registry.Member) error {
	return s.insert(ctx, "member", memberRowOf(m))
}

// MemberForUpdate implements registry.Tx.
func (s *session) MemberForUpdate(ctx context.Context, organizationID, id string) (registry.Member, error) {
	if err := s.lock(ctx, "member", "members", organizationID, id); err != nil {
		return registry.Member{}, err
	}
	return s.Member(ctx, organizationID, id)
}

// UpdateMember implements registry.Tx.
func (s *session) UpdateMember(ctx context.Context, m registry.Member) error {
	return s.execOne(ctx, "member", s.bun.NewUpdate().Model(memberRowOf(m)).
		ExcludeColumn("id", "organization_id", "created_at").
		Where("m.id = ? AND m.organization_id = ?", m.ID, m.OrganizationID))
}

// DeleteMember implements registry.Tx. The sessions go by their foreign key.
func (s *session) DeleteMember(ctx context.Context, organizationID, id string) error {
	return s.execOne(ctx, "member", s.bun.NewDelete().Table("members").
		Where("id = ? AND organization_id = ?", id, organizationID))
}
