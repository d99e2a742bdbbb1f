package admin

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"keywright/internal/web"
	"keywright/registry"
)

// audit is the resource /v1/audit-events.
type audit struct{ service *registry.Service }

// Media types of the exports.
const (
	typeJSONLines = "application/jsonl"
	typeCSV       = "text/csv"
)

// exportPause is how long one page of an export may take to be read and sent.
const exportPause = 30 * time.Second

func (h audit) mount(api huma.API) {
	op := operation("list-audit-events", http.MethodGet, "/v1/audit-events", tagAudit, "List audit events, newest first, or export all that match")
	page := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[auditPage](), true, "")
	op.Responses = map[string]*huma.Response{"200": {
		Description: "One page, or with format everything that matches.",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: page},
			typeJSONLines:      {Schema: &huma.Schema{Type: huma.TypeString, Description: "One event, as in items, per line."}},
			typeCSV:            {Schema: &huma.Schema{Type: huma.TypeString, Description: "A header line, then one event per line (RFC 4180). A cell that a spreadsheet would take for a formula begins with an apostrophe."}},
		},
	}}
	huma.Register(api, op, h.list)
}

// auditEvent is an audit event on the wire. Every member is always there.
type auditEvent struct {
	ID         string          `json:"id" example:"evt_7f3k9m2p5q8r1s4t6v0w2x4y6z"`
	At         time.Time       `json:"at"`
	ActorKind  string          `json:"actorKind" enum:"member,client,api_token,operator,nobody,server"`
	ActorID    *string         `json:"actorId" doc:"null: one who has none, such as the operator or the server"`
	Action     string          `json:"action" example:"client.regenerate"`
	TargetKind string          `json:"targetKind" example:"client"`
	TargetID   string          `json:"targetId" doc:"It may be gone."`
	ProjectID  *string         `json:"projectId" doc:"Of the target; null: organization-wide"`
	Outcome    string          `json:"outcome" enum:"done,refused"`
	Reason     *string         `json:"reason" doc:"The error code of a refusal."`
	Address    *string         `json:"address"`
	RequestID  *string         `json:"requestId"`
	Sequence   *int64          `json:"sequence" doc:"Place in the organization's chain; null: from before there was one"`
	Before     json.RawMessage `json:"before" doc:"The settings before, without secrets; null: none"`
	After      json.RawMessage `json:"after"`
}

// auditPage is one page of audit events.
type auditPage struct {
	Items      []auditEvent `json:"items" nullable:"false"`
	NextCursor *string      `json:"nextCursor" doc:"null: the last page"`
}

func auditEventOf(e registry.AuditEvent) auditEvent {
	address := ""
	if e.Address.IsValid() {
		address = e.Address.String()
	}
	return auditEvent{
		ID: e.ID, At: e.At.UTC(), ActorKind: e.Actor.Kind, ActorID: orNull(e.Actor.ID), Action: e.Action,
		TargetKind: e.TargetKind, TargetID: e.TargetID, ProjectID: orNull(e.ProjectID), Outcome: e.Outcome,
		Reason: orNull(e.Reason), Address: orNull(address), RequestID: orNull(e.RequestID),
		Sequence: orNull(e.Link.Sequence), Before: orJSONNull(e.Before), After: orJSONNull(e.After),
	}
}

func orJSONNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

type listAuditRequest struct {
	Actor      string    `query:"actor" doc:"Id of a member, client or API token, or operator, or server."`
	Action     string    `query:"action" doc:"Such as client.regenerate."`
	TargetKind string    `query:"targetKind" doc:"Such as client."`
	TargetID   string    `query:"targetId"`
	Outcome    string    `query:"outcome" doc:"done or refused."`
	Since      time.Time `query:"since" doc:"From this time on."`
	Until      time.Time `query:"until" doc:"Before this time."`
	Format     string    `query:"format" doc:"jsonl or csv: everything that matches, whatever limit and cursor."`
	Page
}

func (h audit) list(ctx context.Context, req *listAuditRequest) (*huma.StreamResponse, error) {
	q := registry.AuditQuery{
		Actor: req.Actor, Action: req.Action, TargetKind: req.TargetKind, TargetID: req.TargetID, Outcome: req.Outcome,
		Since: req.Since, Until: req.Until, Limit: req.Limit, Cursor: req.Cursor,
	}
	switch req.Format {
	case "":
		return h.page(ctx, q)
	case "jsonl":
		return h.export(ctx, q, typeJSONLines, writeJSONLines), nil
	case "csv":
		return h.export(ctx, q, typeCSV+"; charset=utf-8; header=present", writeCSV), nil
	}
	return nil, registry.MalformedParameter("format", "must be jsonl or csv")
}

func (h audit) page(ctx context.Context, q registry.AuditQuery) (*huma.StreamResponse, error) {
	found, err := h.service.AuditEvents(ctx, actorOf(ctx), q)
	if err != nil {
		return nil, err
	}
	page := auditPage{Items: make([]auditEvent, len(found.Items)), NextCursor: orNull(found.NextCursor)}
	for i, e := range found.Items {
		page.Items[i] = auditEventOf(e)
	}
	raw, err := json.Marshal(page)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", "application/json")
		c.SetStatus(http.StatusOK)
		_, _ = c.BodyWriter().Write(raw) // a caller who went away has no one to tell
	}}, nil
}

// export streams events as the database hands them out. Once the first page is
// sent, the status is out: a later failure breaks the connection off, so that
// no cut export passes for a whole one.
func (h audit) export(ctx context.Context, q registry.AuditQuery, mediaType string, write func(w io.Writer, first bool, events []auditEvent) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		g := humagin.Unwrap(c)
		control, first := http.NewResponseController(g.Writer), true
		err := h.service.ExportAudit(ctx, actorOf(ctx), q, func(found []registry.AuditEvent) error {
			if first {
				g.Header("Content-Type", mediaType)
				g.Header("Content-Disposition", `attachment; filename="audit-events.`+extension(mediaType)+`"`)
				g.Status(http.StatusOK)
			}
			events := make([]auditEvent, len(found))
			for i, e := range found {
				events[i] = auditEventOf(e)
			}
			// The server's own limit is for answers that are ready.
			if err := control.SetWriteDeadline(time.Now().Add(exportPause)); err != nil {
				return err
			}
			err := write(g.Writer, first, events)
			first = false
			if err != nil {
				return err
			}
			return control.Flush()
		})
		switch {
		case err == nil:
		case first:
			web.WriteProblem(g.Writer, g.Request, explainScope(c, err))
		default:
			web.NoteFailure(ctx, err)
			panic(http.ErrAbortHandler)
		}
	}}
}

func extension(mediaType string) string {
	if mediaType == typeJSONLines {
		return "jsonl"
	}
	return "csv"
}

func writeJSONLines(w io.Writer, _ bool, events []auditEvent) error {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	enc.SetEscapeHTML(false)
	for _, e := range events {
		if err := enc.Encode(e); err != nil {
			return err
		}
	}
	_, err := w.Write(lines.Bytes())
	return err
}

var auditColumns = []string{
	"id", "at", "actorKind", "actorId", "action", "targetKind", "targetId", "projectId", "outcome", "reason", "address",
	"requestId", "sequence", "before", "after",
}

func writeCSV(w io.Writer, first bool, events []auditEvent) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if first {
		if err := out.Write(auditColumns); err != nil {
			return err
		}
	}
	for _, e := range events {
		raw, err := json.Marshal(e)
		if err != nil {
			return err
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return err
		}
		row := make([]string, len(auditColumns))
		for i, column := range auditColumns {
			row[i] = cell(members[column])
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// cell is a JSON value as a cell. One that a spreadsheet would take for a
// formula begins with an apostrophe, which keeps it text.
func cell(raw json.RawMessage) string {
	text := string(raw)
	if json.Unmarshal(raw, &text) != nil || text == "null" {
		text = string(raw)
	}
	if string(raw) == "null" {
		return ""
	}
	if strings.IndexAny(text, "=+-@\t\r") == 0 {
		return "'" + text
	}
	return text
}
