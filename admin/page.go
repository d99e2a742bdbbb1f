package admin

import "keywright/registry"

// Page asks for one page of a list.
type Page struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" doc:"nextCursor of the page before."`
}

// SearchedPage asks for one page of a list that is narrowed by a text alone.
type SearchedPage struct {
	Page
	Search string `query:"q" doc:"Text in the name or description (of an API: name or identifier; of a member: e-mail address), in small or capital letters; up to 100 characters, none of them special."`
}

// Narrowing is what the lists of credentials can be narrowed and sorted by.
type Narrowing struct {
	Status         string `query:"status" doc:"revoked, expired, disabled, pending (clients alone) or active, at this moment."`
	ExpiringWithin int64  `query:"expiringWithin" doc:"Seconds from now in which it expires, or the last live secret of a client; neither expired nor revoked before."`
	UnusedFor      int64  `query:"unusedFor" doc:"Seconds before now in which it was neither used nor made."`
	Search         string `query:"q" doc:"Text in the name or description, in small or capital letters; up to 100 characters, none of them special."`
	RotationDue    bool   `query:"rotationDue" doc:"true: only what is as old as the organization's rotation age."`
	Sort           string `query:"sort" doc:"createdAt, name, expiresAt or lastUsedAt; falling with - before it. Default: -createdAt. Never expiring counts as last, never used as first." example:"-lastUsedAt"`
}

func (n Narrowing) query() registry.ListQuery {
	return registry.ListQuery{
		Status: n.Status, ExpiringWithin: seconds(n.ExpiringWithin), UnusedFor: seconds(n.UnusedFor), Search: n.Search,
		RotationDue: n.RotationDue, Sort: n.Sort,
	}
}
