package storage

import (
	"context"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type secretRow struct {
	bun.BaseModel `bun:"table:secrets,alias:s"`

	ID        string `bun:",pk"`
	ClientID  string
	PepperID  string
	Digest    digest
	Hint      string
	ExpiresAt moment
	RevokedAt moment
	CutOff    int64
	CreatedAt moment

	usageColumns
}

func secretRowOf(s registry.Secret) *secretRow {
	return &secretRow{
		ID:        s.ID,
		ClientID:  s.ClientID,
		PepperID:  s.Digest.PepperID,
		Digest:    s.Digest.Sum[:],
		Hint:      s.Hint,
		ExpiresAt: moment{s.ExpiresAt},
		RevokedAt: moment{s.RevokedAt},
		CutOff:    int64(s.CutOff),
		CreatedAt: moment{s.CreatedAt},
	}
}

func (r secretRow) domain() registry.Secret {
	return registry.Secret{
		ID:        r.ID,
		ClientID:  r.ClientID,
		Digest:    r.Digest.under(r.PepperID),
		Hint:      r.Hint,
		CreatedAt: r.CreatedAt.Time,
		ExpiresAt: r.ExpiresAt.Time,
		RevokedAt: r.RevokedAt.Time,
		CutOff:    registry.Position(r.CutOff),
		Usage:     r.usageColumns.domain(),
	}
}

// Secrets implements registry.Reader.
func (s *session) Secrets(ctx context.Context, clientID string) ([]registry.Secret, error) {
	byClient, err := s.SecretsOf(ctx, []string{clientID})
	return byClient[clientID], err
}

// SecretsOf implements registry.Reader.
func (s *session) SecretsOf(ctx context.Context, clientIDs []string) (map[string][]registry.Secret, error) {
	byClient := make(map[string][]registry.Secret, len(clientIDs))
	if len(clientIDs) == 0 {
		return byClient, nil
	}
	var rows []secretRow
	query := s.bun.NewSelect().Model(&rows).ColumnExpr("s.*").
		Where("s.client_id IN (?)", bun.List(clientIDs)).Order("s.created_at", "s.id")
	if err := s.get(ctx, "secret", withUsage(query, registry.CredentialSecret)); err != nil {
		return nil, err
	}
	for _, row := range rows {
		byClient[row.ClientID] = append(byClient[row.ClientID], row.domain())
	}
	return byClient, nil
}

// InsertSecret implements registry.Tx.
func (s *session) InsertSecret(ctx context.Context, secret registry.Secret) error {
	return s.insert(ctx, "secret", secretRowOf(secret))
}

// UpdateSecret implements registry.Tx. Of a secret only the end of its life
// changes; CutOff moves its cut-off.
func (s *session) UpdateSecret(ctx context.Context, secret registry.Secret) error {
	return s.execOne(ctx, "secret", s.bun.NewUpdate().Model(secretRowOf(secret)).
		Column("expires_at", "revoked_at").
		Where("s.id = ? AND s.client_id = ?", secret.ID, secret.ClientID))
}

// DeleteSecret implements registry.Tx.
func (s *session) DeleteSecret(ctx context.Context, clientID, id string) error {
	err := s.execOne(ctx, "secret", s.bun.NewDelete().Table("secrets").Where("id = ? AND client_id = ?", id, clientID))
	if err != nil {
		return err
	}
	return s.deleteUsage(ctx, account{registry.CredentialSecret, id})
}
