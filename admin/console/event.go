package console

import "keywright/registry"

// event is an audit event with names in the place of ids.
type event struct {
	registry.AuditEvent
	By     string
	Target string
}

// events finds the names for events.
func (v *visit) events(all []registry.AuditEvent) ([]event, map[string]string, error) {
	var ids []string
	for _, e := range all {
		ids = append(ids, e.Actor.ID, e.TargetID)
	}
	names, err := v.Service.Names(v.ctx(), v.Actor, ids...)
	if err != nil {
		return nil, nil, err
	}
	named := make([]event, len(all))
	for i, e := range all {
		named[i] = event{e, by(names, e.Actor), nameOr(names, e.TargetID)}
	}
	return named, names, nil
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
