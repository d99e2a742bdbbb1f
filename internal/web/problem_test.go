package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"keywright/internal/web"
	"keywright/registry"
)

// answer sends err through the middleware and returns what the caller sees.
func answer(t *testing.T, err error) (listener, reply, string) {
	t.Helper()
	l := listen(t, nil)
	e := l.Config.Handler.(*gin.Engine)
	e.GET("/error", func(g *gin.Context) { web.WriteProblem(g.Writer, g.Request, err) })
	resp, body := l.do(t, l.request(t, "GET", "/error", ""))
	return l, resp, body
}

func TestProblems(t *testing.T) {
	t.Parallel()
	cases := []struct {
		err       error
		status    int
		code      string
		cause     registry.Cause
		challenge string
		retry     string
	}{
		{registry.Malformed("x"), 400, "malformed_request", registry.CauseInvalidRequest, "", ""},
		{&registry.Refused{Cause: registry.CauseNoCredential}, 401, "unauthenticated", registry.CauseNoCredential, `Bearer realm="keywright"`, ""},
		{&registry.Refused{Cause: registry.CauseRevoked}, 401, "unauthenticated", registry.CauseRevoked, `Bearer realm="keywright", error="invalid_token"`, ""},
		{registry.Forbidden(registry.CodeGrantExceedsOwn, "x"), 403, "grant_exceeds_own", registry.CauseGrantExceedsOwn, "", ""},
		{&web.MissingScopeError{Scope: "keywright:write", Err: registry.Forbidden(registry.CodeForbidden, "x")}, 403, "forbidden", registry.CauseInsufficientScope, `Bearer realm="keywright", error="insufficient_scope", scope="keywright:write"`, ""},
		{registry.NotFound("client"), 404, "not_found", registry.CauseNotFound, "", ""},
		{registry.Conflict(registry.CodeSecretInUse, "x"), 409, "secret_in_use", registry.CauseConflict, "", ""},
		{&registry.Error{Kind: registry.KindPrecondition, Code: registry.CodePreconditionFailed}, 412, "precondition_failed", registry.CausePrecondition, "", ""},
		{&registry.Error{Kind: registry.KindInvalid, Code: registry.CodeInvalidInput}, 422, "invalid_input", registry.CauseInvalidRequest, "", ""},
		{&registry.Error{Kind: registry.KindUnauthenticated, Code: registry.CodeOneTimeCodeRequired}, 401, "one_time_code_required", registry.CauseOneTimeCodeMissing, `Bearer realm="keywright"`, ""},
		{&web.SlowDownError{After: 1500 * time.Millisecond}, 429, "rate_limited", registry.CauseRateLimited, "", "2"},
		{&web.SlowDownError{}, 429, "rate_limited", registry.CauseRateLimited, "", "1"},
		{registry.Unavailable(errors.New("dial 10.1.1.1")), 503, "unavailable", registry.CauseUnavailable, "", "1"},
		{errors.New("dial 10.1.1.1"), 503, "unavailable", registry.CauseUnavailable, "", "1"},
		{&registry.Error{Code: "never_heard_of"}, 503, "unavailable", registry.CauseUnavailable, "", "1"},
	}
	for _, tc := range cases {
		t.Run(tc.code+"/"+tc.cause.String(), func(t *testing.T) {
			t.Parallel()
			l, resp, body := answer(t, tc.err)
			l.wantProblem(t, resp, body, tc.status, tc.code, tc.cause)
			if got := web.StatusOf(tc.err); got != tc.status {
				t.Errorf("StatusOf: got %d", got)
			}
			if got := resp.header.Get("WWW-Authenticate"); got != tc.challenge {
				t.Errorf("challenge: got %q, want %q", got, tc.challenge)
			}
			if got := resp.header.Get("Retry-After"); got != tc.retry {
				t.Errorf("Retry-After: got %q, want %q", got, tc.retry)
			}
			if strings.Contains(body, "10.1.1.1") || strings.Contains(body, "revoked") {
				t.Errorf("body %q tells what is internal", body)
			}
			if tc.status >= 500 && !strings.Contains(l.log.String(), tc.err.Error()) {
				t.Errorf("the log lacks %q:\n%s", tc.err, l.log)
			}
		})
	}
}

func TestProblemNamesFields(t *testing.T) {
	t.Parallel()
	_, _, body := answer(t, &registry.Error{
		Kind: registry.KindInvalid, Code: registry.CodeInvalidInput, Message: "the input breaks a rule",
		Fields: []registry.FieldError{{Field: "ipWhitelist[2]", Message: "is no address"}},
	})
	if want := `"errors":[{"field":"ipWhitelist[2]","message":"is no address"}]`; !strings.Contains(body, want) {
		t.Errorf("got %s, want it to hold %s", body, want)
	}
}

func TestRefusalConcernsTheCaller(t *testing.T) {
	t.Parallel()
	l := listen(t, nil)
	organization := "org_0000000000000000000000000g"
	caller := registry.Principal{Kind: registry.ActorClient, ID: "kwc_0000000000000000000000000g"}
	l.Config.Handler.(*gin.Engine).GET("/error", func(g *gin.Context) {
		web.Identify(g.Request.Context(), organization, caller)
		web.WriteProblem(g.Writer, g.Request, registry.NotFound("client"))
	})
	resp, _ := l.do(t, l.request(t, "GET", "/error", ""))
	got, err := l.ids.Open(resp.header.Get("X-Error-Id"))
	if err != nil {
		t.Fatal(err)
	}
	want := registry.Refusal{Cause: registry.CauseNotFound, OrganizationID: organization, Credential: caller, At: got.At}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the error id says (-want +got):\n%s", diff)
	}
}

func TestOutsideOfARequest(t *testing.T) {
	t.Parallel()
	ctx := httptest.NewRequest(http.MethodGet, "/", nil).Context()
	if id, address := web.RequestID(ctx), web.ClientAddress(ctx); id != "" || address.IsValid() {
		t.Errorf("got %q and %s, want nothing", id, address)
	}
}
