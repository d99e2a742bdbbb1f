package storage

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type auditRow struct {
	bun.BaseModel `bun:"table:audit_events,alias:ev"`

	ID             string `bun:",pk"`
	Position       int64
	OrganizationID string
	ProjectID      optional
	At             moment
	ActorKind      string
	ActorID        string
	Action         string
	TargetKind     string
	TargetID       string
	Outcome        string
	Reason         string
	Address        optional
	RequestID      string
	Before         document
	After          document
	Sequence       int64 `bun:",nullzero"`
	KeyID          optional
	MAC            []byte `bun:"mac"`
}

func (r auditRow) domain() registry.AuditEvent {
	return registry.AuditEvent{
		ID:             r.ID,
		Position:       registry.Position(r.Position),
		OrganizationID: r.OrganizationID,
		ProjectID:      string(r.ProjectID),
		At:             r.At.Time,
		Actor:          registry.Principal{Kind: r.ActorKind, ID: r.ActorID},
		Action:         r.Action,
		TargetKind:     r.TargetKind,
		TargetID:       r.TargetID,
		Outcome:        r.Outcome,
		Reason:         r.Reason,
		Address:        parseAddress(r.Address),
		RequestID:      r.RequestID,
		Before:         json.RawMessage(r.Before),
		After:          json.RawMessage(r.After),
		Link:           registry.AuditLink{Sequence: r.Sequence, KeyID: string(r.KeyID), MAC: r.MAC},
	}
}

// AppendAudit implements registry.Tx.
func (s *session) AppendAudit(ctx context.Context, e registry.AuditEvent) error {
	return s.insert(ctx, "audit event", &auditRow{
		ID:             e.ID,
		Position:       int64(e.Position),
		OrganizationID: e.OrganizationID,
		ProjectID:      optional(e.ProjectID),
		At:             moment{e.At},
		ActorKind:      e.Actor.Kind,
		ActorID:        e.Actor.ID,
		Action:         e.Action,
		TargetKind:     e.TargetKind,
		TargetID:       e.TargetID,
		Outcome:        e.Outcome,
		Reason:         e.Reason,
		Address:        addressText(e.Address),
		RequestID:      e.RequestID,
		Before:         document(e.Before),
		After:          document(e.After),
		Sequence:       e.Link.Sequence,
		KeyID:          optional(e.Link.KeyID),
		MAC:            e.Link.MAC,
	})
}

// AuditEvents implements registry.Reader.
func (s *session) AuditEvents(ctx context.Context, organizationID string, after registry.Position, limit int) ([]registry.AuditEvent, error) {
	var rows []auditRow
	err := s.get(ctx, "audit event", s.bun.NewSelect().Model(&rows).
		Where("ev.organization_id = ? AND ev.position > ?", organizationID, int64(after)).
		Order("ev.position", "ev.id").Limit(int64(limit)))
	return convert(rows, auditRow.domain), err
}

// AuditPage implements registry.Reader.
func (s *session) AuditPage(ctx context.Context, f registry.AuditFilter, before registry.Position, limit int) ([]registry.AuditEvent, error) {
	var rows []auditRow
	query := s.bun.NewSelect().Model(&rows).Where("ev.organization_id = ?", f.OrganizationID).
		Order("ev.position DESC").Limit(int64(limit))
	if before != 0 {
		query = query.Where("ev.position < ?", int64(before))
	}
	for column, value := range map[string]string{
		"project_id": f.ProjectID, "actor_id": f.ActorID, "actor_kind": f.ActorKind, "action": f.Action,
		"target_kind": f.TargetKind, "target_id": f.TargetID, "outcome": f.Outcome,
	} {
		if value != "" {
			query = query.Where("ev.? = ?", bun.Ident(column), value)
		}
	}
	if !f.Since.IsZero() {
		query = query.Where("ev.at >= ?", moment{f.Since})
	}
	if !f.Until.IsZero() {
		query = query.Where("ev.at < ?", moment{f.Until})
	}
	err := s.get(ctx, "audit event", query)
	return convert(rows, auditRow.domain), err
}

// PruneAudit implements registry.Tx.
func (s *session) PruneAudit(ctx context.Context, organizationID string, through int64, before time.Time) (int64, error) {
	return s.exec(ctx, "audit event", s.bun.NewDelete().Table("audit_events").
		Where("organization_id = ?", organizationID).
		Where("(sequence <= ? OR (sequence IS NULL AND at < ?))", through, moment{before}))
}
