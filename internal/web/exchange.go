package web

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"time"

	"keywright/registry"
)

// Headers that name a request and a refusal.
const (
	HeaderRequestID = "X-Request-Id"
	HeaderErrorID   = "X-Error-Id"
)

// exchange is what the middleware knows of one request and its answer. One
// goroutine owns it.
type exchange struct {
	requestID      string
	address        netip.Addr
	errorIDs       *registry.ErrorIDs
	now            func() time.Time
	organizationID string             // of the caller
	caller         registry.Principal // once it is known
	errorID        string
	refusal        registry.Refusal
	failure        error // internal text, for the log alone
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// RequestID returns the id of the request, as the access log and audit events
// show it; empty outside of a request.
func RequestID(ctx context.Context) string {
	if x := exchangeOf(ctx); x != nil {
		return x.requestID
	}
	return ""
}

// ClientAddress returns the address the request came from, behind trusted
// proxies; IPv4-mapped addresses are IPv4 and zones are gone. It is not valid
// when the peer has no IP address, such as on a unix socket.
func ClientAddress(ctx context.Context) netip.Addr {
	if x := exchangeOf(ctx); x != nil {
		return x.address
	}
	return netip.Addr{}
}

// Identify notes who the caller proved to be. Refusals that name no
// organization of their own concern the caller's.
func Identify(ctx context.Context, organizationID string, caller registry.Principal) {
	if x := exchangeOf(ctx); x != nil {
		x.organizationID, x.caller = organizationID, caller
	}
}

// Refuse makes the error id of a refusal and puts it in the X-Error-Id header
// and the access log. A zero r.At is now. It is called before the answer is
// written, also for an answer that is no error, such as active:false.
//
// The request id leaves the answer: refusals that must not tell their cause
// are the same byte for byte but for Date and the error id. The access log
// connects the two ids.
func Refuse(w http.ResponseWriter, req *http.Request, r registry.Refusal) (errorID string) {
	x := exchangeOf(req.Context())
	if r.At.IsZero() {
		r.At = x.now()
	}
	if r.OrganizationID == "" {
		r.OrganizationID, r.Credential = x.organizationID, x.caller
	}
	x.errorID, x.refusal = x.errorIDs.New(r), r
	w.Header().Set(HeaderErrorID, x.errorID)
	w.Header().Del(HeaderRequestID)
	return x.errorID
}

// NoteFailure remembers an internal error for the access log; the caller never
// sees it. err must not hold a secret.
func NoteFailure(ctx context.Context, err error) {
	if x := exchangeOf(ctx); x != nil {
		x.failure = err
	}
}

const (
	prefixRequestID = "req_"
	maxRequestID    = 64
)

// newRequestID takes the id that a trusted proxy gave the request, so that its
// log and ours agree, and makes a new one otherwise: the id goes to the audit
// trail, where nobody else may choose it.
func newRequestID(random io.Reader, given string, trusted bool) (string, error) {
	if trusted && saneRequestID(given) {
		return given, nil
	}
	return registry.NewID(random, prefixRequestID)
}

// saneRequestID tells whether the id is 1 to 64 letters, digits, "-", "_" or ".".
func saneRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, c := range []byte(id) {
		letter := (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		if !letter && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
