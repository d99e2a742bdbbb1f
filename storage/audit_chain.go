package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type auditChainRow struct {
	bun.BaseModel `bun:"table:audit_chains,alias:ac"`

	OrganizationID string `bun:",pk"`
	Sequence       int64
	MAC            []byte `bun:"mac"`
	PrunedSequence int64
	PrunedMAC      []byte `bun:"pruned_mac"`
	PrunedKeyID    optional
	PrunedSeal     []byte
}

// AuditChain implements registry.Reader.
func (s *session) AuditChain(ctx context.Context, organizationID string) (registry.AuditChain, error) {
	var row auditChainRow
	err := s.get(ctx, "audit chain", s.bun.NewSelect().Model(&row).Where("ac.organization_id = ?", organizationID))
	if err != nil {
		return registry.AuditChain{}, err
	}
	return registry.AuditChain{
		OrganizationID: row.OrganizationID, Sequence: row.Sequence, MAC: row.MAC,
		Pruned: registry.AuditCheckpoint{
			Sequence: row.PrunedSequence, MAC: row.PrunedMAC, KeyID: string(row.PrunedKeyID), Seal: row.PrunedSeal,
		},
	}, nil
}

// PutAuditChain implements registry.Tx.
func (s *session) PutAuditChain(ctx context.Context, c registry.AuditChain) error {
	_, err := s.exec(ctx, "audit chain", s.bun.NewInsert().Model(&auditChainRow{
		OrganizationID: c.OrganizationID, Sequence: c.Sequence, MAC: c.MAC,
		PrunedSequence: c.Pruned.Sequence, PrunedMAC: c.Pruned.MAC, PrunedKeyID: optional(c.Pruned.KeyID), PrunedSeal: c.Pruned.Seal,
	}).On("CONFLICT (organization_id) DO UPDATE").
		Set("sequence = EXCLUDED.sequence, mac = EXCLUDED.mac").
		Set("pruned_sequence = EXCLUDED.pruned_sequence, pruned_mac = EXCLUDED.pruned_mac").
		Set("pruned_key_id = EXCLUDED.pruned_key_id, pruned_seal = EXCLUDED.pruned_seal"))
	return err
}

// AuditOrganizations implements registry.Reader.
func (s *session) AuditOrganizations(ctx context.Context) ([]string, error) {
	var ids []string
	err := s.get(ctx, "organization", s.bun.NewRaw(`SELECT organization_id FROM audit_chains
UNION SELECT id FROM organizations
UNION SELECT organization_id FROM audit_events WHERE sequence IS NOT NULL ORDER BY 1`), &ids)
	return ids, err
}

// AuditLinks implements registry.Reader.
func (s *session) AuditLinks(ctx context.Context, organizationID string, after int64, limit int) ([]registry.AuditEvent, error) {
	var rows []auditRow
	err := s.get(ctx, "audit event", s.bun.NewSelect().Model(&rows).
		Where("ev.organization_id = ? AND ev.sequence > ?", organizationID, after).
		Order("ev.sequence").Limit(int64(limit)))
	return convert(rows, auditRow.domain), err
}

// AuditUnchained implements registry.Reader.
func (s *session) AuditUnchained(ctx context.Context, organizationID string) (int64, registry.Position, error) {
	var n, last int64
	err := s.get(ctx, "audit event", s.bun.NewSelect().Table("audit_events").
		ColumnExpr("count(*), coalesce(max(position), 0)").
		Where("organization_id = ? AND sequence IS NULL", organizationID), &n, &last)
	return n, registry.Position(last), err
}

// AuditSequenceBefore implements registry.Reader. The clocks of replicas may
// disagree, so it looks for the first event that is not older, not for the
// last that is.
func (s *session) AuditSequenceBefore(ctx context.Context, organizationID string, before time.Time) (int64, error) {
	var sequence int64
	err := s.get(ctx, "audit event", s.bun.NewRaw(`SELECT coalesce(
(SELECT min(sequence) - 1 FROM audit_events WHERE organization_id = ? AND sequence IS NOT NULL AND at >= ?),
(SELECT max(sequence) FROM audit_events WHERE organization_id = ?), 0)`,
		organizationID, moment{before}, organizationID), &sequence)
	return sequence, err
}
