package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type organizationRow struct {
	bun.BaseModel `bun:"table:organizations,alias:o"`

	ID                           string `bun:",pk"`
	Name                         string
	MaxCredentialLifetimeSeconds int64
	MaxTokenTTLSeconds           int64
	RotationAgeSeconds           int64
	CutOff                       int64
	Revision                     int64
	CreatedAt                    moment
	UpdatedAt                    moment
}

func organizationRowOf(o registry.Organization) *organizationRow {
	return &organizationRow{
		ID:                           o.ID,
		Name:                         o.Name,
		MaxCredentialLifetimeSeconds: int64(o.MaxCredentialLifetime / time.Second),
		MaxTokenTTLSeconds:           int64(o.MaxTokenTTL / time.Second),
		RotationAgeSeconds:           int64(o.RotationAge / time.Second),
		CutOff:                       int64(o.CutOff),
		Revision:                     o.Revision,
		CreatedAt:                    moment{o.CreatedAt},
		UpdatedAt:                    moment{o.UpdatedAt},
	}
}

func (r organizationRow) domain() registry.Organization {
	return registry.Organization{
		ID:                    r.ID,
		Name:                  r.Name,
		MaxCredentialLifetime: time.Duration(r.MaxCredentialLifetimeSeconds) * time.Second,
		MaxTokenTTL:           time.Duration(r.MaxTokenTTLSeconds) * time.Second,
		RotationAge:           time.Duration(r.RotationAgeSeconds) * time.Second,
		CutOff:                registry.Position(r.CutOff),
		Revision:              r.Revision,
		CreatedAt:             r.CreatedAt.Time,
		UpdatedAt:             r.UpdatedAt.Time,
	}
}

// Organization implements registry.Reader.
func (s *session) Organization(ctx context.Context, id string) (registry.Organization, error) {
	var row organizationRow
	err := s.get(ctx, "organization", s.bun.NewSelect().Model(&row).Where("o.id = ?", id))
	return row.domain(), err
}

// InsertOrganization implements registry.Tx.
func (s *session) InsertOrganization(ctx context.Context, o registry.Organization) error {
	return s.insert(ctx, "organization", organizationRowOf(o))
}

// OrganizationForUpdate implements registry.Tx.
func (s *session) OrganizationForUpdate(ctx context.Context, id string) (registry.Organization, error) {
	if s.db.dialect.locksRows {
		var found string
		err := s.get(ctx, "organization", s.bun.NewSelect().Table("organizations").Column("id").
			Where("id = ?", id).For("UPDATE"), &found)
		if err != nil {
			return registry.Organization{}, err
		}
	}
	return s.Organization(ctx, id)
}

// UpdateOrganization implements registry.Tx. The cut-off stays; CutOff moves it.
func (s *session) UpdateOrganization(ctx context.Context, o registry.Organization) error {
	return s.execOne(ctx, "organization", s.bun.NewUpdate().Model(organizationRowOf(o)).
		ExcludeColumn("id", "cut_off", "created_at").Where("o.id = ?", o.ID))
}
