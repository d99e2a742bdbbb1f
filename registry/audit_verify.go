package registry

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"time"
)

var opAuditPrune = operation{"audit.prune", FeedNothing, byOperator}

// Bounds of one transaction, so that it ends in time however long the chain.
const (
	auditWalked = 500
	auditPruned = 2000
)

// AuditReport is what walking a chain found.
type AuditReport struct {
	OrganizationID string
	Events         int64 // walked, all good
	Unchained      int64 // from before there was a chain: not covered
	Head           AuditHead
	Fault          *AuditFault // the first; nil: none
}

// AuditFault is the first place where a chain is not as it was written.
type AuditFault struct {
	Sequence int64
	Position Position // of the event, where there is one
	EventID  string
	What     string // changed, missing, reordered, cut off … in words
}

// Error names the place and what is wrong there.
func (f *AuditFault) Error() string {
	text := fmt.Sprintf("sequence %d", f.Sequence)
	if f.EventID != "" {
		text += fmt.Sprintf(" (position %d, event %s)", f.Position, f.EventID)
	}
	return text + ": " + f.What
}

// ExpectedHead is an outside copy of a chain's head: from the log, or of a
// metric, which has just a fingerprint.
type ExpectedHead struct {
	Sequence int64
	MAC      string // hexadecimal
}

// VerifyAudit walks the chain of one organization, or of all where none is
// named, for an operator. An expected head must be in the chain.
func (s *Service) VerifyAudit(ctx context.Context, actor Actor, organizationID string, expected *ExpectedHead) ([]AuditReport, error) {
	if actor.Kind != ActorOperator {
		return nil, Forbidden(CodeForbidden, "verifying the audit chain is an operator's")
	}
	ids := []string{organizationID}
	if organizationID == "" {
		err := s.read(ctx, actor, func(r Reader) (err error) {
			ids, err = r.AuditOrganizations(ctx)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	var reports []AuditReport
	for _, id := range ids {
		w := auditWalk{keys: s.AuditKeys, report: AuditReport{OrganizationID: id}, expected: expected}
		for done := false; !done; {
			err := s.read(ctx, actor, func(r Reader) (err error) {
				done, err = w.step(ctx, r)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		reports = append(reports, w.report)
	}
	return reports, nil
}

// auditWalk is one walk along a chain, from its beginning or checkpoint to its end.
type auditWalk struct {
	keys     AuditKeys
	report   AuditReport
	expected *ExpectedHead

	begun    bool
	sequence int64
	mac      []byte
	first    Position // of the first event walked
}

// step walks some events in one snapshot, and tells whether the walk is over.
func (w *auditWalk) step(ctx context.Context, r Reader) (done bool, err error) {
	id := w.report.OrganizationID
	chain, err := r.AuditChain(ctx, id)
	if err != nil && KindOf(err) != KindNotFound {
		return false, err
	}
	if err != nil {
		return true, w.fault(AuditEvent{}, "the row that tells where the chain ends is missing")
	}
	if !w.begun {
		w.begun, w.sequence, w.mac = true, chain.Pruned.Sequence, chain.Pruned.MAC
		if !chain.Pruned.good(w.keys, id) {
			return true, w.fault(AuditEvent{}, "the checkpoint of the last pruning was changed")
		}
	}
	events, err := r.AuditLinks(ctx, id, w.sequence, auditWalked+1)
	if err != nil {
		return false, err
	}
	for i, e := range events[:min(len(events), auditWalked)] {
		var next []byte
		if i+1 < len(events) {
			next = events[i+1].Link.MAC
		}
		if fault := w.judge(e, chain, next); fault != "" {
			return true, w.fault(e, fault)
		}
	}
	if len(events) > auditWalked {
		return false, nil
	}
	return true, w.end(ctx, r, chain)
}

// judge takes one event along, or tells what is wrong with it.
func (w *auditWalk) judge(e AuditEvent, chain AuditChain, next []byte) string {
	switch {
	case e.Link.Sequence != w.sequence+1:
		return fmt.Sprintf("missing: the next event has sequence %d", e.Link.Sequence)
	case e.follows(w.keys, w.mac):
	case e.swapped(w.keys, next):
		return "reordered: it belongs behind the next event"
	default:
		return "changed"
	}
	if e.Link.Sequence > chain.Sequence {
		return fmt.Sprintf("beyond the recorded end of the chain, %d", chain.Sequence)
	}
	if w.expected != nil && w.expected.Sequence == e.Link.Sequence && w.expected.MAC != hex.EncodeToString(e.Link.MAC) {
		return "another event than the one whose HMAC was kept outside"
	}
	if w.first == 0 {
		w.first = e.Position
	}
	w.sequence, w.mac = e.Link.Sequence, e.Link.MAC
	w.report.Events++
	return ""
}

// end compares where the walk ended with where the chain should end.
func (w *auditWalk) end(ctx context.Context, r Reader, chain AuditChain) error {
	unchained, last, err := r.AuditUnchained(ctx, w.report.OrganizationID)
	if err != nil {
		return err
	}
	w.report.Unchained = unchained
	w.report.Head = AuditHead{OrganizationID: chain.OrganizationID, Sequence: w.sequence, MAC: w.mac}
	switch {
	case w.sequence < chain.Sequence:
		return w.fault(AuditEvent{}, fmt.Sprintf("missing: the tail is cut off, the chain ended at %d", chain.Sequence))
	case !bytes.Equal(w.mac, chain.MAC):
		return w.fault(AuditEvent{}, "the recorded end of the chain has another HMAC than the last event")
	case w.expected != nil && w.expected.Sequence > w.sequence:
		return w.fault(AuditEvent{}, fmt.Sprintf("missing: the tail is cut off, the copy kept outside knows %d", w.expected.Sequence))
	case unchained > 0 && w.first != 0 && last >= w.first:
		w.report.Fault = &AuditFault{Position: last, What: "an event stands outside the chain"}
	}
	return nil
}

// fault notes the first fault of the walk.
func (w *auditWalk) fault(e AuditEvent, what string) error {
	w.report.Fault = &AuditFault{Sequence: w.sequence + 1, Position: e.Position, EventID: e.ID, What: what}
	return nil
}

// PruneAudit deletes the events of one organization, or of all where none is
// named, from before a time, for an operator, and returns how many. A chain
// with a fault is not pruned, for that would hide it. What is deleted is an
// audit event of its own.
func (s *Service) PruneAudit(ctx context.Context, actor Actor, organizationID string, before time.Time) (int64, error) {
	reports, err := s.VerifyAudit(ctx, actor, organizationID, nil)
	if err != nil {
		return 0, err
	}
	for _, r := range reports {
		if r.Fault != nil {
			return 0, Conflict(CodeConflict, "nothing was pruned: the chain of %s is broken at %s", r.OrganizationID, r.Fault)
		}
	}
	var total int64
	for _, r := range reports {
		for {
			n, err := s.pruneSome(ctx, actor, r.OrganizationID, before)
			total += n
			if err != nil {
				return total, err
			}
			if n == 0 {
				break
			}
		}
	}
	return total, nil
}

// pruneSome prunes as much as fits one transaction.
func (s *Service) pruneSome(ctx context.Context, actor Actor, organizationID string, before time.Time) (pruned int64, err error) {
	actor.OrganizationID = organizationID
	err = s.change(ctx, actor, opAuditPrune, organizationID, func(c *change) error {
		chain, err := c.AuditChain(ctx, organizationID)
		if err != nil {
			return err
		}
		through, err := c.AuditSequenceBefore(ctx, organizationID, before)
		if err != nil {
			return err
		}
		through = max(chain.Pruned.Sequence, min(through, chain.Pruned.Sequence+auditPruned))
		last, err := c.AuditLinks(ctx, organizationID, through-1, 1)
		if err != nil {
			return err
		}
		pruned, err = c.PruneAudit(ctx, organizationID, through, before)
		if c.nothing = pruned == 0; err != nil || c.nothing {
			return err
		}
		if err := c.lockFeed(ctx); err != nil {
			return err
		}
		if chain, err = c.AuditChain(ctx, organizationID); err != nil {
			return err
		}
		if through > chain.Pruned.Sequence {
			if len(last) != 1 || last[0].Link.Sequence != through {
				return Conflict(CodeConflict, "the chain of %s is broken at sequence %d", organizationID, through)
			}
			chain.Pruned = s.AuditKeys.checkpoint(organizationID, through, last[0].Link.MAC)
			if err := c.PutAuditChain(ctx, chain); err != nil {
				return err
			}
		}
		c.after = map[string]any{"before": before.UTC(), "through": through, "events": pruned}
		return nil
	})
	return pruned, err
}
