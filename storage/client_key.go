package storage

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type clientKeyRow struct {
	bun.BaseModel `bun:"table:client_keys,alias:k"`

	ID         string `bun:",pk"`
	ClientID   string
	Kid        string
	Algorithm  string
	Thumbprint string
	JWK        document
	CreatedAt  moment

	usageColumns
}

func clientKeyRowOf(k registry.ClientKey) *clientKeyRow {
	return &clientKeyRow{
		ID:         k.ID,
		ClientID:   k.ClientID,
		Kid:        k.KeyID,
		Algorithm:  k.Algorithm,
		Thumbprint: k.Thumbprint,
		JWK:        document(k.JWK),
		CreatedAt:  moment{k.CreatedAt},
	}
}

func (r clientKeyRow) domain() registry.ClientKey {
	return registry.ClientKey{
		ID:       r.ID,
		ClientID: r.ClientID,
		PublicKey: registry.PublicKey{
			KeyID:      r.Kid,
			Algorithm:  r.Algorithm,
			Thumbprint: r.Thumbprint,
			JWK:        json.RawMessage(r.JWK),
		},
		CreatedAt: r.CreatedAt.Time,
		Usage:     r.usageColumns.domain(),
	}
}

// ClientKeysOf implements registry.Reader.
func (s *session) ClientKeysOf(ctx context.Context, clientIDs []string) (map[string][]registry.ClientKey, error) {
	byClient := make(map[string][]registry.ClientKey, len(clientIDs))
	if len(clientIDs) == 0 {
		return byClient, nil
	}
	var rows []clientKeyRow
	query := s.bun.NewSelect().Model(&rows).ColumnExpr("k.*").
		Where("k.client_id IN (?)", bun.List(clientIDs)).Order("k.created_at", "k.id")
	if err := s.get(ctx, "key", withUsage(query, registry.CredentialKey)); err != nil {
		return nil, err
	}
	for _, row := range rows {
		byClient[row.ClientID] = append(byClient[row.ClientID], row.domain())
	}
	return byClient, nil
}

// InsertClientKey implements registry.Tx.
func (s *session) InsertClientKey(ctx context.Context, k registry.ClientKey) error {
	return s.insert(ctx, "key", clientKeyRowOf(k))
}

// DeleteClientKey implements registry.Tx.
func (s *session) DeleteClientKey(ctx context.Context, clientID, id string) error {
	err := s.execOne(ctx, "key", s.bun.NewDelete().Table("client_keys").Where("id = ? AND client_id = ?", id, clientID))
	if err != nil {
		return err
	}
	return s.deleteUsage(ctx, account{registry.CredentialKey, id})
}
