package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"keywright/registry"
)

const auditPath = root + "/audit"

func auditPages(r router) { r.get(auditPath, auditList) }

// auditExport is where the admin API exports what is listed.
const auditExport = "/v1/audit-events"

// auditData is the audit with what its filters offer.
type auditData struct {
	Events []auditLine
	Kinds  []option
	CSV    string // addresses of the exports
	JSONL  string
}

// auditLine is an audit event as the list shows it.
type auditLine struct {
	event
	Changes []settingChange
}

// settingChange is one setting before and after.
type settingChange struct{ Setting, Before, After string }

func auditList(v *visit) error {
	l := v.listOf("actor", "action", "targetKind", "targetId", "outcome", "since", "until")
	q, err := auditQuery(l)
	if err != nil {
		return err
	}
	found, err := v.Service.AuditEvents(v.ctx(), v.Actor, q)
	if err != nil {
		return err
	}
	l.Next = found.NextCursor
	named, err := v.events(found.Items)
	if err != nil {
		return err
	}
	data := auditData{Kinds: recordKinds, CSV: exportURL(q, "csv"), JSONL: exportURL(q, "jsonl")}
	for _, e := range named {
		data.Events = append(data.Events, auditLine{e, settingChanges(e.AuditEvent)})
	}
	return v.show(view{Page: "audit", Title: "Audit", List: l, Data: data})
}

// auditQuery reads the filters. Both days of a span are in it.
func auditQuery(l *list) (q registry.AuditQuery, err error) {
	q = registry.AuditQuery{
		Actor: l.Text("actor"), Action: l.Text("action"), TargetKind: l.Text("targetKind"), TargetID: l.Text("targetId"),
		Outcome: l.Text("outcome"), Cursor: l.Cursor(),
	}
	if text := l.Text("since"); text != "" {
		if q.Since, err = time.Parse(time.DateOnly, text); err != nil {
			return q, registry.MalformedParameter("since", "must be a date such as 2027-01-31")
		}
	}
	if text := l.Text("until"); text != "" {
		if q.Until, err = time.Parse(time.DateOnly, text); err != nil {
			return q, registry.MalformedParameter("until", "must be a date such as 2027-01-31")
		}
		q.Until = q.Until.AddDate(0, 0, 1)
	}
	return q, nil
}

// exportURL is where the admin API answers with everything that matches.
func exportURL(q registry.AuditQuery, format string) string {
	values := url.Values{"format": {format}}
	for name, value := range map[string]string{
		"actor": q.Actor, "action": q.Action, "targetKind": q.TargetKind, "targetId": q.TargetID, "outcome": q.Outcome,
	} {
		if value != "" {
			values.Set(name, value)
		}
	}
	for name, at := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !at.IsZero() {
			values.Set(name, at.UTC().Format(time.RFC3339))
		}
	}
	return auditExport + "?" + values.Encode()
}

// Path is the page of the event's target; empty where there is none, or the
// target is gone.
func (l auditLine) Path() string {
	switch l.TargetKind {
	case registry.FeedOrganization, registry.FeedKey:
	default:
		if l.Gone || l.Target == hint(l.TargetID) { // it has no name any more
			return ""
		}
	}
	return recordPath(l.TargetKind, l.TargetID)
}

// Kind is the kind of the target as people call it.
func (l auditLine) Kind() string { return kindName(l.TargetKind) }

// settingChanges are the settings that an event changed, in the order of their
// names. What a thing was made with, or had when it was deleted, counts; that
// a setting was empty or became so is said by an empty text.
func settingChanges(e registry.AuditEvent) []settingChange {
	before, after := settings(e.Before), settings(e.After)
	names := maps.Clone(before)
	maps.Copy(names, after)
	var all []settingChange
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if name == "revision" || before[name] == after[name] {
			continue
		}
		all = append(all, settingChange{name, before[name], after[name]})
	}
	return all
}

// settings are the members of a JSON object as text.
func settings(raw json.RawMessage) map[string]string {
	var members map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &members) != nil {
		return map[string]string{}
	}
	all := make(map[string]string, len(members))
	for name, value := range members {
		all[name] = settingText(value)
	}
	return all
}

// longestList is how many texts of a list the page shows: revoking all of an
// organization notes each credential. The export has them all.
const longestList = 50

// settingText is a JSON value for people: text without quotes, a list of texts
// with commas, nothing for null and what is empty.
func settingText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var texts []string
	if json.Unmarshal(raw, &texts) == nil {
		if beyond := len(texts) - longestList; beyond > 0 {
			return fmt.Sprintf("%s and %d more", strings.Join(texts[:longestList], ", "), beyond)
		}
		return strings.Join(texts, ", ")
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return string(raw)
	}
	switch compact.String() {
	case "null", "[]", "{}":
		return ""
	}
	return compact.String()
}
