package registry

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// AuditFilter selects audit events of one organization. Empty fields do not
// filter.
type AuditFilter struct {
	OrganizationID string
	ProjectID      string // of the target
	ActorKind      string
	ActorID        string
	Action         string
	TargetKind     string
	TargetID       string
	Outcome        string
	Since, Until   time.Time // from Since on, and before Until
}

// AuditQuery selects and pages audit events. Empty fields do not filter.
type AuditQuery struct {
	Actor        string // id of a principal, or "operator" or "server"
	Action       string
	TargetKind   string
	TargetID     string
	Outcome      string // done or refused
	Since, Until time.Time
	Limit        int // 1 to 200; 0: 50
	Cursor       string
}

// AuditList is one page of audit events, newest first.
type AuditList struct {
	Items      []AuditEvent
	NextCursor string // empty: the last page
}

// auditFilter is the query for what the actor may see: one that is bound to a
// project sees the events about things of it, and no others.
func auditFilter(actor Actor, q AuditQuery) (AuditFilter, error) {
	f := AuditFilter{
		OrganizationID: actor.OrganizationID, ProjectID: actor.ProjectID, ActorID: q.Actor, Action: q.Action,
		TargetKind: q.TargetKind, TargetID: q.TargetID, Outcome: q.Outcome, Since: q.Since, Until: q.Until,
	}
	if q.Actor == ActorOperator || q.Actor == ActorServer { // who have no id
		f.ActorKind, f.ActorID = q.Actor, ""
	}
	if q.Outcome != "" && q.Outcome != OutcomeDone && q.Outcome != OutcomeRefused {
		return f, MalformedParameter("outcome", "must be %s or %s", OutcomeDone, OutcomeRefused)
	}
	return f, nil
}

// AuditEvents lists the audit events of the actor's organization, newest first.
func (s *Service) AuditEvents(ctx context.Context, actor Actor, q AuditQuery) (AuditList, error) {
	var list AuditList
	err := s.read(ctx, actor, func(r Reader) error {
		filter, err := auditFilter(actor, q)
		if err != nil {
			return err
		}
		cursor := s.auditCursor(filter)
		page, err := cursor.page(q.Limit, "")
		if err != nil {
			return err
		}
		before, err := cursor.position(q.Cursor)
		if err != nil {
			return err
		}
		list.Items, err = r.AuditPage(ctx, filter, before, page.Limit+1)
		if err == nil && len(list.Items) > page.Limit {
			list.Items = list.Items[:page.Limit]
			list.NextCursor = cursor.below(list.Items[page.Limit-1].Position)
		}
		return err
	})
	return list, err
}

// auditExported is how many events an export holds in memory.
const auditExported = 200

// ExportAudit calls fn for every event that the query selects, newest first,
// whatever its limit and cursor; events that come in meanwhile are not among
// them. It begins to call only once the query was found good.
func (s *Service) ExportAudit(ctx context.Context, actor Actor, q AuditQuery, fn func([]AuditEvent) error) error {
	for before, more := Position(0), true; more; {
		var events []AuditEvent
		err := s.read(ctx, actor, func(r Reader) error {
			filter, err := auditFilter(actor, q)
			if err != nil {
				return err
			}
			events, err = r.AuditPage(ctx, filter, before, auditExported)
			return err
		})
		if err != nil {
			return err
		}
		if err := fn(events); err != nil {
			return err
		}
		if more = len(events) == auditExported; more {
			before = events[len(events)-1].Position
		}
	}
	return nil
}

// auditCursor is the cursor of one filter: a list of events is a matter of
// positions, which are unique.
type auditCursor struct{ cursor }

func (s *Service) auditCursor(f AuditFilter) auditCursor {
	filters := []string{
		f.OrganizationID, f.ProjectID, f.ActorKind, f.ActorID, f.Action, f.TargetKind, f.TargetID, f.Outcome,
		f.Since.UTC().Format(time.RFC3339Nano), f.Until.UTC().Format(time.RFC3339Nano),
	}
	return auditCursor{cursor{s.CursorBox, []byte("cursor\x00audit-events\x00" + strings.Join(filters, "\x00"))}}
}

func (c auditCursor) below(p Position) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(p))
	return base64.RawURLEncoding.EncodeToString(c.box.Seal(plain, c.context))
}

func (c auditCursor) position(text string) (Position, error) {
	if text == "" {
		return 0, nil
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return 0, MalformedParameter("cursor", "was not handed out by this list")
	}
	plain, err := c.box.Open(sealed, c.context)
	if err != nil || len(plain) != 8 {
		return 0, MalformedParameter("cursor", "was not handed out by this list")
	}
	return Position(binary.BigEndian.Uint64(plain)), nil
}
