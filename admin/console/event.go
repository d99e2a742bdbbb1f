package console

import (
	"cmp"
	"encoding/json"

	"keywright/registry"
)

// event is an audit event with names in the place of ids.
type event struct {
	registry.AuditEvent
	By     string
	Target string
	Gone   bool // the target, which the event itself names
}

// events finds the names for events.
func (v *visit) events(all []registry.AuditEvent) ([]event, error) {
	var ids []string
	for _, e := range all {
		ids = append(ids, e.Actor.ID, e.TargetID)
	}
	names, err := v.Service.Names(v.ctx(), v.Actor, ids...)
	if err != nil {
		return nil, err
	}
	names[v.Me.Organization.ID] = v.Me.Organization.Name
	named := make([]event, len(all))
	for i, e := range all {
		named[i] = event{AuditEvent: e, By: by(names, e.Actor), Target: nameOr(names, e.TargetID)}
		if _, known := names[e.TargetID]; known {
			continue
		}
		if former := formerName(e); former != "" {
			named[i].Target, named[i].Gone = former, true
		}
	}
	return named, nil
}

// formerName is what a record was called when something was done to it, where
// the event has kept that.
func formerName(e registry.AuditEvent) string {
	for _, kept := range []json.RawMessage{e.Before, e.After} {
		var record struct{ Name, Email string }
		if json.Unmarshal(kept, &record) == nil && record.Name+record.Email != "" {
			return cmp.Or(record.Name, record.Email)
		}
	}
	return ""
}

// by is who did something, for people.
func by(names map[string]string, who registry.Principal) string {
	switch who.Kind {
	case registry.ActorOperator:
		return "the operator"
	case registry.ActorServer:
		return "Keywright"
	case registry.ActorNobody:
		return "somebody not signed in"
	}
	return nameOr(names, who.ID)
}

// nameOr is the name of a record, or its masked id where it has none any more.
func nameOr(names map[string]string, id string) string {
	if name, known := names[id]; known {
		return name
	}
	return hint(id)
}
