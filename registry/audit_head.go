package registry

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"sync"
	"time"
)

// AuditHead is the newest event of a chain. A copy kept elsewhere, in logs or
// metrics, shows whether the chain in the database still has that event.
type AuditHead struct {
	OrganizationID string
	Sequence       int64
	MAC            []byte
	Moved          time.Time // when this process moved it
}

// MACText is the HMAC in hexadecimal, as keywright audit verify prints it.
func (h AuditHead) MACText() string { return hex.EncodeToString(h.MAC) }

// Fingerprint is the first 48 bits of the HMAC: few enough for the floating
// point numbers that metrics are.
func (h AuditHead) Fingerprint() int64 {
	var n int64
	for _, b := range h.MAC[:min(6, len(h.MAC))] {
		n = n<<8 | int64(b)
	}
	return n
}

// auditHeads are the chains that this process moved since it started.
type auditHeads struct {
	mu     sync.Mutex
	heads  map[string]AuditHead
	untold map[string]bool // moved since they were logged
}

// moved takes note of a chain after its change was committed. Commits of one
// process may arrive here out of order.
func (h *auditHeads) moved(at time.Time, c AuditChain) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.heads == nil {
		h.heads, h.untold = map[string]AuditHead{}, map[string]bool{}
	}
	if last := h.heads[c.OrganizationID]; last.Sequence > c.Sequence && at.Sub(last.Moved) < time.Minute {
		return
	}
	h.heads[c.OrganizationID] = AuditHead{c.OrganizationID, c.Sequence, c.MAC, at}
	h.untold[c.OrganizationID] = true
}

// AuditHeads returns the head of every chain that this process moved since it
// started, the one that moved last first.
func (s *Service) AuditHeads() []AuditHead {
	s.heads.mu.Lock()
	defer s.heads.mu.Unlock()
	all := make([]AuditHead, 0, len(s.heads.heads))
	for _, h := range s.heads.heads {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b AuditHead) int {
		return cmp.Or(b.Moved.Compare(a.Moved), cmp.Compare(a.OrganizationID, b.OrganizationID))
	})
	return all
}

// LogAuditHeads logs the head of every chain that moved since the last call.
// It is called now and then, and at the end: a line per change would drown the
// log, a line when it happens to be convenient would miss the last change.
func (s *Service) LogAuditHeads(ctx context.Context) {
	s.heads.mu.Lock()
	var moved []AuditHead
	for id := range s.heads.untold {
		moved = append(moved, s.heads.heads[id])
	}
	clear(s.heads.untold)
	s.heads.mu.Unlock()
	for _, h := range moved {
		s.Logger.InfoContext(ctx, "audit chain", "organization", h.OrganizationID, "sequence", h.Sequence, "mac", h.MACText())
	}
}
