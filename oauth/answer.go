package oauth

import (
	"encoding/json"
	"net/http"
	"strings"

	"keywright/internal/web"
	"keywright/registry"
)

const (
	// challenge is the same at every 401 (RFC 6749 §5.2, RFC 7617 §2).
	challenge = `Basic realm="keywright"`
	// retryAfter is in seconds.
	retryAfter = "1"

	maxDescription = 300
)

// Values of headers that stand in every answer. They are shared between
// answers: a header is replaced, never written into.
var (
	valueNoStore = []string{"no-store"}
	valueNoCache = []string{"no-cache"}
	valueJSON    = []string{"application/json"}
)

// noStore keeps an answer out of every cache (RFC 6749 §5.1).
func noStore(w http.ResponseWriter) {
	h := w.Header()
	h["Cache-Control"], h["Pragma"] = valueNoStore, valueNoCache
}

// answer writes a body as JSON. What is written here is plain structs of ours,
// which always encode.
func answer(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic("oauth: encode an answer: " + err.Error())
	}
	noStore(w)
	w.Header()["Content-Type"] = valueJSON
	w.WriteHeader(status)
	// An error here means that the caller is gone.
	_, _ = w.Write(encoded)
}

// errorBody is RFC 6749 §5.2, and the error id.
type errorBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
	ErrorID     string `json:"error_id"`
}

// refuse answers a refusal, with its error id in body and header, and returns
// the outcome for the metrics.
func refuse(w http.ResponseWriter, req *http.Request, r *refusal) string {
	id := noteRefusal(w, req, r)
	switch r.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", challenge)
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", web.RetryAfter(r.retryAfter))
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", retryAfter)
	}
	answer(w, r.status, errorBody{r.code, describe(r.description), id})
	return r.outcome()
}

// outcome is the error code, but for 429, whose code is that of an outage.
func (r *refusal) outcome() string {
	if r.status == http.StatusTooManyRequests {
		return OutcomeRateLimited
	}
	return r.code
}

// WriteError answers in the form of this listener what its router and
// middleware refuse. It is a web.ErrorWriter. At /verify they have nothing to
// refuse, and a gateway knows no fault but 503.
func (s *Server) WriteError(w http.ResponseWriter, req *http.Request, err error) {
	r := asRefusal(err)
	_, gateway := s.verifyTail(req)
	switch {
	case !gateway:
		refuse(w, req, r)
	case r.cause == registry.CauseMethodNotAllowed || r.cause == registry.CauseBodyTooLarge:
		w.Header().Del("Allow")
		s.verify(w, req)
	default:
		s.Metrics.Verification(refuseBearer(w, req, unavailable(err)))
	}
}

func noteRefusal(w http.ResponseWriter, req *http.Request, r *refusal) (errorID string) {
	if r.failure != nil {
		web.NoteFailure(req.Context(), r.failure)
	}
	return web.Refuse(w, req, registry.Refusal{
		Cause: r.cause, OrganizationID: r.organizationID, Credential: r.credential,
	})
}

// describe holds a description to the characters of RFC 6749 §5.2 and to a
// length, whatever part of the request it repeats.
func describe(text string) string {
	text = text[:min(len(text), maxDescription)]
	return strings.Map(func(c rune) rune {
		switch {
		case c == '"':
			return '\''
		case c < 0x20 || c > 0x7e || c == '\\':
			return '?'
		}
		return c
	}, text)
}
