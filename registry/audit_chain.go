package registry

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// The audit events of an organization form a chain: each carries an HMAC over
// that of the event before and its own content, under a key that the database
// has only sealed. So nobody who has just the database can change, insert,
// reorder or take out an event without it being found.
//
// Whoever cuts off the newest events and moves the end of the chain back with
// them leaves a chain that is good in itself. Against that the head is logged
// and exported as metrics, to be kept elsewhere: see AuditHead.

// AuditLink is the place of an event in the chain. It is zero for events from
// before there was one.
type AuditLink struct {
	Sequence int64 // from 1, without gaps
	KeyID    string
	MAC      []byte // HMAC-SHA-256
}

// AuditChain says where the chain of an organization ends.
type AuditChain struct {
	OrganizationID string
	Sequence       int64  // of the last event; 0: none yet
	MAC            []byte // of the last event
	Pruned         AuditCheckpoint
}

// AuditCheckpoint stands for the events that pruning took away: the last of
// them, sealed, so that nobody else can shorten the chain at its beginning.
type AuditCheckpoint struct {
	Sequence int64 // 0: nothing was pruned
	MAC      []byte
	KeyID    string
	Seal     []byte
}

// AuditKeys are the keys of the chain. The first is used for new events, the
// others only recognise older ones.
type AuditKeys struct{ keys []auditKey }

type auditKey struct {
	id  string
	key []byte
}

// Add appends a key; the first one added is the current.
func (k *AuditKeys) Add(id string, key []byte) { k.keys = append(k.keys, auditKey{id, key}) }

// sum is the HMAC of content under the key with that id, or nil without it.
func (k AuditKeys) sum(id string, content []byte) []byte {
	for _, key := range k.keys {
		if key.id == id {
			mac := hmac.New(sha256.New, key.key)
			mac.Write(content)
			return mac.Sum(nil)
		}
	}
	return nil
}

// append links the event to the end of the chain.
func (c *AuditChain) append(keys AuditKeys, e *AuditEvent) {
	e.Link = AuditLink{Sequence: c.Sequence + 1, KeyID: keys.keys[0].id}
	e.Link.MAC = keys.sum(e.Link.KeyID, e.linked(c.MAC))
	c.Sequence, c.MAC = e.Link.Sequence, e.Link.MAC
}

// follows tells whether the event is as it was appended behind that one.
func (e AuditEvent) follows(keys AuditKeys, previous []byte) bool {
	sum := keys.sum(e.Link.KeyID, e.linked(previous))
	return sum != nil && hmac.Equal(sum, e.Link.MAC)
}

// swapped tells whether the event was appended behind the one that now stands
// after it.
func (e AuditEvent) swapped(keys AuditKeys, next []byte) bool {
	e.Link.Sequence++
	return next != nil && e.follows(keys, next)
}

// linked is what the HMAC of an event is over. Each part has its length in
// front, so no two events have the same content.
func (e AuditEvent) linked(previous []byte) []byte {
	address := ""
	if e.Address.IsValid() {
		address = e.Address.String()
	}
	b := parts("keywright audit event 1", string(previous), e.Link.KeyID, e.OrganizationID, e.ProjectID, e.ID,
		e.Actor.Kind, e.Actor.ID, e.Action, e.TargetKind, e.TargetID, e.Outcome, e.Reason, address, e.RequestID,
		string(e.Before), string(e.After))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Link.Sequence))
	b = binary.BigEndian.AppendUint64(b, uint64(e.Position))
	return binary.BigEndian.AppendUint64(b, uint64(e.At.UnixMicro()))
}

// checkpoint seals what pruning through an event leaves.
func (k AuditKeys) checkpoint(organizationID string, sequence int64, mac []byte) AuditCheckpoint {
	p := AuditCheckpoint{Sequence: sequence, MAC: mac, KeyID: k.keys[0].id}
	p.Seal = k.sum(p.KeyID, p.sealed(organizationID))
	return p
}

// good tells whether the checkpoint is as it was sealed, or there is none.
func (p AuditCheckpoint) good(keys AuditKeys, organizationID string) bool {
	if p.Sequence == 0 {
		return len(p.MAC) == 0
	}
	sum := keys.sum(p.KeyID, p.sealed(organizationID))
	return sum != nil && hmac.Equal(sum, p.Seal)
}

func (p AuditCheckpoint) sealed(organizationID string) []byte {
	b := parts("keywright audit checkpoint 1", p.KeyID, organizationID, string(p.MAC))
	return binary.BigEndian.AppendUint64(b, uint64(p.Sequence))
}

// parts joins texts, each with its length in front.
func parts(texts ...string) []byte {
	var b []byte
	for _, t := range texts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(t)))
		b = append(b, t...)
	}
	return b
}
