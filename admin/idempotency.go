package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"keywright/internal/web"
	"keywright/registry"
)

// Headers of repeated requests (draft-ietf-httpapi-idempotency-key-header).
const (
	headerIdempotencyKey = "Idempotency-Key"
	headerReplayed       = "Idempotency-Replayed"
)

// keyed keeps the promise of Idempotency-Key on every POST: see
// registry.BeginKeyed. It stands behind authenticate and wellFormed.
type keyed struct{ service *registry.Service }

func (k keyed) once(g *gin.Context) {
	keys := g.Request.Header.Values(headerIdempotencyKey)
	anonymous := actorOf(g.Request.Context()).ID == "" // signs in; a key has no owner yet
	if len(keys) == 0 || g.Request.Method != http.MethodPost || anonymous {
		return
	}
	call, kept, err := k.begin(g, keys)
	switch {
	case err != nil:
		g.Abort()
		web.WriteProblem(g.Writer, g.Request, err)
	case kept != nil:
		g.Abort()
		replay(g.Writer, *kept)
	default:
		k.proceed(g, call)
	}
}

func (k keyed) begin(g *gin.Context, keys []string) (*registry.KeyedCall, *registry.KeptAnswer, error) {
	if len(keys) > 1 {
		return nil, nil, registry.Malformed("the %s header must not be repeated", headerIdempotencyKey)
	}
	body, err := io.ReadAll(g.Request.Body) // wellFormed has it in memory
	if err != nil {
		return nil, nil, registry.Malformed("the body could not be read to its end")
	}
	g.Request.Body = io.NopCloser(bytes.NewReader(body))
	return k.service.BeginKeyed(g.Request.Context(), actorOf(g.Request.Context()), registry.KeyedInput{
		Key: keys[0], Method: g.Request.Method, Path: g.Request.URL.EscapedPath(),
		Body: bytes.Join([][]byte{[]byte(g.Request.URL.RawQuery), body}, []byte{0}),
	})
}

// proceed lets the request through and keeps its answer, before it is sent: a
// caller who has it can ask for it again.
func (k keyed) proceed(g *gin.Context, call *registry.KeyedCall) {
	ctx := g.Request.Context()
	actor := actorOf(ctx)
	actor.Keyed = call
	g.Request = g.Request.WithContext(context.WithValue(ctx, actorKey{}, actor))
	held := &heldWriter{ResponseWriter: g.Writer}
	g.Writer = held
	func() {
		defer func() { g.Writer = held.ResponseWriter }() // also for who answers a panic
		g.Next()
	}()

	if call.Changed() && g.Writer.Status() < http.StatusBadRequest {
		if err := k.keep(ctx, call, g.Writer, held.body.Bytes()); err != nil {
			web.NoteFailure(ctx, err) // the change stands, and a repeated request will be told so
		}
	}
	if held.body.Len() > 0 {
		_, _ = g.Writer.Write(held.body.Bytes()) // a caller who went away has no one to tell
	}
}

func (k keyed) keep(ctx context.Context, call *registry.KeyedCall, w gin.ResponseWriter, body []byte) error {
	public, err := withoutSecrets(body)
	if err != nil {
		return err
	}
	return k.service.KeepAnswer(context.WithoutCancel(ctx), call, registry.KeptAnswer{
		Status: w.Status(), Location: w.Header().Get("Location"), ETag: w.Header().Get("ETag"), Body: public,
	})
}

// replay answers as the first time, without the secrets.
func replay(w gin.ResponseWriter, a registry.KeptAnswer) {
	for name, value := range map[string]string{"Location": a.Location, "ETag": a.ETag, headerReplayed: "true"} {
		if value != "" {
			w.Header().Set(name, value)
		}
	}
	if len(a.Body) > 0 {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(a.Status)
	w.WriteHeaderNow()
	_, _ = w.Write(a.Body) // a caller who went away has no one to tell
}

// shownOnce are the members of answers that hold a secret. A test compares
// them with the OpenAPI document.
var shownOnce = map[string]bool{
	"clientSecret": true, "token": true, "password": true, "oneTimeSecret": true, "oneTimeUri": true,
}

// withoutSecrets takes every member that is shown once out of a JSON object,
// however deep.
func withoutSecrets(body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, nil
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	strip(value)
	return json.Marshal(value)
}

func strip(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			if shownOnce[name] {
				delete(value, name)
			}
			strip(member)
		}
	case []any:
		for _, member := range value {
			strip(member)
		}
	}
}

// heldWriter holds a body back.
type heldWriter struct {
	gin.ResponseWriter
	body bytes.Buffer
}

func (w *heldWriter) Write(b []byte) (int, error)       { return w.body.Write(b) }
func (w *heldWriter) WriteString(s string) (int, error) { return w.body.WriteString(s) }
func (w *heldWriter) WriteHeaderNow()                   {}
func (w *heldWriter) Flush()                            {}
