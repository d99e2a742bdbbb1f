package registry

import (
	"encoding/json"
	"net/netip"
	"time"
)

// Outcomes of an audited attempt.
const (
	OutcomeDone    = "done"
	OutcomeRefused = "refused"
)

// AuditEvent says who did what to what, when and from where. It is written in
// the transaction of the change, or in one of its own for a refused attempt,
// and outlives its target. It never contains a secret.
type AuditEvent struct {
	ID             string
	Position       Position
	OrganizationID string
	ProjectID      string // of its target; empty: organization-wide
	At             time.Time
	Actor          Principal
	Action         string // operation, such as "client.regenerate"
	TargetKind     string
	TargetID       string
	Outcome        string
	Reason         string // error code of a refusal, or the cause of a failed sign-in
	Address        netip.Addr
	RequestID      string
	Before, After  json.RawMessage // nil where there is none
	Link           AuditLink
}
