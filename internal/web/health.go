package web

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"keywright/registry"
)

// pingTimeout bounds a readiness check.
const pingTimeout = 2 * time.Second

// Health answers the checks of an orchestrator: /livez, whether the process
// serves at all, and /readyz, whether it should be sent requests. One Health
// serves all listeners.
type Health struct {
	// KeysAreFresh tells whether the process has the keys it works with. Set
	// it before the first check; nil: they are not looked at.
	KeysAreFresh func() bool

	database registry.Health
	stopping atomic.Bool
}

// NewHealth returns the Health of a process that depends on that database.
func NewHealth(database registry.Health) *Health { return &Health{database: database} }

// Stop makes the process unready for good, so that no new requests are sent
// to it while it finishes those in flight.
func (h *Health) Stop() { h.stopping.Store(true) }

// Livez answers 200.
func (h *Health) Livez(w http.ResponseWriter, _ *http.Request) {
	writeHealth(w, http.StatusOK, "ok\n")
}

// Readyz answers 200, or 503 while the database does not answer, the keys
// could not be read lately, or the process stops.
func (h *Health) Readyz(w http.ResponseWriter, req *http.Request) {
	reason, err := h.unready(req.Context())
	if err != nil {
		NoteFailure(req.Context(), err)
	}
	if reason != "" {
		writeHealth(w, http.StatusServiceUnavailable, reason+"\n")
		return
	}
	writeHealth(w, http.StatusOK, "ok\n")
}

// Ready tells whether Readyz would answer 200 now. It asks the database, for
// two seconds at most.
func (h *Health) Ready() bool {
	reason, _ := h.unready(context.Background())
	return reason == ""
}

// unready tells why the process should not be sent requests, if so, and what
// lies behind it.
func (h *Health) unready(ctx context.Context) (reason string, err error) {
	if h.stopping.Load() {
		return "stopping", nil
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := h.database.Ping(ctx); err != nil {
		return "the database does not answer", err
	}
	if h.KeysAreFresh != nil && !h.KeysAreFresh() {
		return "the keys of access tokens are not up to date", nil
	}
	return "", nil
}

func writeHealth(w http.ResponseWriter, status int, text string) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // a prober that left needs no answer
}
