package storage

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"keywright/registry"
)

type auditRow struct {
	bun.BaseModel `bun:"table:audit_events,alias:ev"`

	ID             string `bun:",pk"`
	Position       int64
	OrganizationID string
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
}

func (r auditRow) domain() registry.AuditEvent {
	return registry.AuditEvent{
		ID:             r.ID,
		Position:       registry.Position(r.Position),
		OrganizationID: r.OrganizationID,
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
	}
}

// AppendAudit implements registry.Tx.
func (s *session) AppendAudit(ctx context.Context, e registry.AuditEvent) error {
	return s.insert(ctx, "audit event", &auditRow{
		ID:             e.ID,
		Position:       int64(e.Position),
		OrganizationID: e.OrganizationID,
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
