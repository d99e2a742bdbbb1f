package console

import "keywright/registry"

// clientActivityData is the audit of a client.
type clientActivityData struct {
	clientPage
	Events []event
}

func clientActivity(v *visit) error {
	page, err := v.client()
	if err != nil {
		return err
	}
	l := v.listOf()
	audited, err := v.Service.AuditEvents(v.ctx(), v.Actor, registry.AuditQuery{TargetID: page.Client.ID, Cursor: l.Cursor()})
	if err != nil {
		return err
	}
	l.Next = audited.NextCursor
	events, err := v.events(audited.Items)
	if err != nil {
		return err
	}
	return v.show(view{Page: "client_activity", Title: "Activity of " + page.Client.Name, List: l, Data: clientActivityData{page, events}})
}
