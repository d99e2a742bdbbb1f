package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/internal/testotp"
	"keywright/registry"
)

// signInReply sends the sign-in of a person.
func (in *installation) signInReply(t *testing.T, email, password, code string, headers ...string) reply {
	t.Helper()
	body := object(t, map[string]string{"email": email, "password": password, "oneTimeCode": code})
	return in.call(t, "", "POST", "/v1/sessions", body, headers...)
}

// signIn returns the credential of a new console session.
func (in *installation) signIn(t *testing.T, email, password string) string {
	t.Helper()
	return cookieOf(t, in.signInReply(t, email, password, "").want(t, 201, ""))
}

// console is a console session of the tenant's owner.
func (in *installation) console(t *testing.T, tn tenant) string {
	t.Helper()
	return in.signIn(t, tn.email, tn.password)
}

// person makes a member of the tenant and returns its id and a console session.
func (in *installation) person(t *testing.T, tn tenant, email, role string) (id, session string) {
	t.Helper()
	r := in.call(t, in.console(t, tn), "POST", "/v1/members", object(t, map[string]string{"email": email, "role": role})).want(t, 201, "")
	return r.text("id"), in.signIn(t, email, r.text("password"))
}

// setCookie is the session cookie that an answer sets.
func setCookie(t *testing.T, r reply) *http.Cookie {
	t.Helper()
	resp := http.Response{Header: r.header}
	cookies := resp.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("got the cookies %q, want one", r.header["Set-Cookie"])
	}
	return cookies[0]
}

func cookieOf(t *testing.T, r reply) string {
	t.Helper()
	return asCookie + setCookie(t, r).Value
}

// audited counts the tenant's audit events of an action with that outcome and reason.
func (in *installation) audited(t *testing.T, tn tenant, action, outcome, reason string) int {
	t.Helper()
	n := 0
	must(t, in.db.Read(t.Context(), func(r registry.Reader) error {
		events, err := r.AuditEvents(t.Context(), tn.id, 0, 1000)
		for _, e := range events {
			if e.Action == action && e.Outcome == outcome && e.Reason == reason {
				n++
			}
		}
		return err
	}))
	return n
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.signInReply(t, " OWNER@acme.example ", in.acme.password, "", "User-Agent", "Test/1").want(t, 201, "")
		c := setCookie(t, r)
		if c.Name != "keywright" || c.Path != "/" || c.Domain != "" || !c.HttpOnly || c.Secure || c.SameSite != http.SameSiteLaxMode || len(c.Value) < 40 {
			t.Errorf("got the cookie %s", c)
		}
		want := map[string]any{
			"id": r.text("id"), "organizationId": in.acme.id, "memberId": in.acme.owner, "current": true, "address": "127.0.0.1",
			"userAgent": "Test/1", "createdAt": "2026-03-01T12:00:00Z", "lastSeenAt": "2026-03-01T12:00:00Z", "expiresAt": "2026-03-01T12:30:00Z",
		}
		if diff := cmp.Diff(want, r.body); diff != "" {
			t.Errorf("session (-want +got):\n%s", diff)
		}
		me := in.call(t, asCookie+c.Value, "GET", "/v1/me", "").want(t, 200, "")
		if me.text("kind") != "member" || me.text("id") != in.acme.owner || me.text("role") != "owner" || me.text("organizationId") != in.acme.id {
			t.Errorf("me: got %s", me.raw)
		}
		same := in.call(t, asCookie+c.Value, "GET", r.header.Get("Location"), "").want(t, 200, "")
		if diff := cmp.Diff(want, same.body); diff != "" {
			t.Errorf("session later (-want +got):\n%s", diff)
		}
		if n := in.audited(t, in.acme, "session.create", "done", ""); n != 1 {
			t.Errorf("%d sign-ins are in the audit, want 1", n)
		}

		wrong := in.signInReply(t, in.acme.email, "wrong", "").want(t, 401, "unauthenticated")
		unknown := in.signInReply(t, "nobody@acme.example", "wrong", "").want(t, 401, "unauthenticated")
		if a, b := strings.ReplaceAll(wrong.raw, wrong.text("errorId"), ""), strings.ReplaceAll(unknown.raw, unknown.text("errorId"), ""); a != b {
			t.Errorf("a wrong password is answered %s, nobody %s", a, b)
		}
		if got := in.cause(t, in.acme, wrong); got != "wrong_password" {
			t.Errorf("cause: got %s", got)
		}
		in.call(t, in.globex.admin, "GET", "/v1/refusals/"+wrong.header.Get("X-Error-Id"), "").want(t, 404, "not_found")
		if got := in.cause(t, in.globex, unknown); got != "unknown_member" {
			t.Errorf("cause: got %s", got)
		}
		if a, g := in.audited(t, in.acme, "session.create", "refused", "wrong_password"), in.audited(t, in.globex, "session.create", "refused", "wrong_password"); a != 1 || g != 0 {
			t.Errorf("%d and %d failures are in the audits, want 1 and 0", a, g)
		}
		if log := in.journal.String(); strings.Contains(log, c.Value) || strings.Contains(log, in.acme.password) {
			t.Error("a secret is in the log")
		}
		for _, body := range []string{`{}`, `{"email":"owner@acme.example"}`, `{"email":"owner@acme.example","password":""}`} {
			in.call(t, "", "POST", "/v1/sessions", body).want(t, 401, "unauthenticated")
		}
		in.call(t, "", "POST", "/v1/sessions", `{"user":"x"}`).want(t, 422, "invalid_input")
		in.call(t, "", "POST", "/v1/sessions", `{`).want(t, 400, "malformed_request")
	})
}

// TestSessionFixation plants a token, and the cookie of one person in the
// browser of another.
func TestSessionFixation(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		planted := strings.Repeat("p", 43)
		first := in.signInReply(t, in.acme.email, in.acme.password, "", "Cookie", "keywright="+planted).want(t, 201, "")
		if setCookie(t, first).Value == planted {
			t.Fatal("a planted token was taken over")
		}
		in.call(t, asCookie+planted, "GET", "/v1/me", "").want(t, 401, "unauthenticated")

		old := cookieOf(t, first)
		again := in.signInReply(t, in.globex.email, in.globex.password, "", "Cookie", "keywright="+strings.TrimPrefix(old, asCookie)).want(t, 201, "")
		if cookieOf(t, again) == old {
			t.Error("the token was not renewed at sign-in")
		}
		r := in.call(t, old, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
		if got := in.cause(t, in.acme, r); got != "unknown_session" {
			t.Errorf("cause: got %s", got)
		}
		if n := in.audited(t, in.acme, "session.delete", "done", ""); n != 1 {
			t.Errorf("the end of the older session is %d times in the audit", n)
		}
		if got := in.call(t, cookieOf(t, again), "GET", "/v1/me", "").want(t, 200, "").text("organizationId"); got != in.globex.id {
			t.Errorf("signed in to %s", got)
		}
	})
}

func TestSessionLimits(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		left, used := in.console(t, in.acme), in.console(t, in.acme)
		for range 24 { // twelve hours but a moment, never idle for long
			in.clock.advance(registry.SessionIdleLimit - time.Second)
			in.call(t, used, "GET", "/v1/me", "").want(t, 200, "")
		}
		r := in.call(t, left, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
		if got := in.cause(t, in.acme, r); got != "session_expired" {
			t.Errorf("idle: got the cause %s", got)
		}
		if n := len(in.call(t, used, "GET", "/v1/sessions", "").want(t, 200, "").body["items"].([]any)); n != 1 {
			t.Errorf("%d sessions are listed, want the live one", n)
		}
		in.clock.advance(23 * time.Second)
		in.call(t, used, "GET", "/v1/me", "").want(t, 200, "")
		in.clock.advance(time.Second)
		in.call(t, used, "GET", "/v1/me", "").want(t, 401, "unauthenticated")

		next := in.console(t, in.acme)
		in.clock.advance(registry.SessionIdleLimit)
		in.call(t, next, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
	})
}

func TestEndSessions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		here, there := in.console(t, in.acme), in.console(t, in.acme)
		_, theirs := in.person(t, in.acme, "m@acme.example", "member")
		_, admins := in.person(t, in.acme, "a@acme.example", "admin")
		foreign := in.console(t, in.globex)
		id := func(session string) string {
			for _, s := range in.call(t, session, "GET", "/v1/sessions?limit=200", "").want(t, 200, "").body["items"].([]any) {
				if s := s.(map[string]any); s["current"] == true {
					return s["id"].(string)
				}
			}
			t.Fatal("no session is the current one")
			return ""
		}
		hereID, thereID, theirsID, foreignID := id(here), id(there), id(theirs), id(foreign)

		if n := len(in.call(t, theirs, "GET", "/v1/sessions", "").want(t, 200, "").body["items"].([]any)); n != 1 {
			t.Errorf("a member sees %d sessions, want their own", n)
		}
		if n := len(in.call(t, here, "GET", "/v1/sessions?memberId="+in.acme.owner, "").want(t, 200, "").body["items"].([]any)); n < 2 {
			t.Errorf("got %d sessions of the owner", n)
		}
		for _, session := range []string{theirs, here} {
			in.call(t, session, "GET", "/v1/sessions/"+foreignID, "").want(t, 404, "not_found")
			in.call(t, session, "DELETE", "/v1/sessions/"+foreignID, "").want(t, 404, "not_found")
		}
		in.call(t, theirs, "GET", "/v1/sessions/"+hereID, "").want(t, 404, "not_found")
		in.call(t, theirs, "DELETE", "/v1/sessions/"+hereID, "").want(t, 404, "not_found")
		in.call(t, admins, "DELETE", "/v1/sessions/"+hereID, "").want(t, 403, "grant_exceeds_own")
		in.call(t, in.acme.admin, "DELETE", "/v1/sessions/"+theirsID, "").want(t, 403, "console_session_required")

		in.call(t, admins, "DELETE", "/v1/sessions/"+theirsID, "").want(t, 204, "")
		in.call(t, theirs, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
		if r := in.call(t, here, "DELETE", "/v1/sessions/"+thereID, "").want(t, 204, ""); r.header.Get("Set-Cookie") != "" {
			t.Errorf("ending another session takes the cookie away: %s", r.header.Get("Set-Cookie"))
		}
		in.call(t, there, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
		if c := setCookie(t, in.call(t, here, "DELETE", "/v1/sessions/"+hereID, "").want(t, 204, "")); c.MaxAge >= 0 || c.Value != "" {
			t.Errorf("signing out sets the cookie %s", c)
		}
		in.call(t, here, "GET", "/v1/me", "").want(t, 401, "unauthenticated")

		one, two := in.console(t, in.acme), in.console(t, in.acme)
		in.call(t, one, "DELETE", "/v1/sessions", "").want(t, 204, "")
		for _, session := range []string{one, two} {
			in.call(t, session, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
		}
		in.call(t, foreign, "GET", "/v1/me", "").want(t, 200, "")
		if n := in.audited(t, in.acme, "session.delete_all", "done", ""); n != 1 {
			t.Errorf("signing out everywhere is %d times in the audit", n)
		}
	})
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		session := in.console(t, in.acme)
		const project = `{"name":"x"}`
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
		} {
			in.call(t, session, "POST", "/v1/projects", project, headers...).want(t, 403, "forbidden")
			in.call(t, session, "DELETE", "/v1/sessions", "", headers...).want(t, 403, "forbidden")
			in.signInReply(t, in.acme.email, in.acme.password, "", headers...).want(t, 403, "forbidden")
			in.call(t, session, "GET", "/v1/me", "", headers...).want(t, 200, "")
			in.call(t, in.acme.admin, "POST", "/v1/projects", project, headers...).want(t, 201, "")
		}
		in.call(t, session, "POST", "/v1/projects", project, "Sec-Fetch-Site", "same-origin").want(t, 201, "")
		in.call(t, session, "POST", "/v1/projects", project, "Origin", in.URL).want(t, 201, "")
		cookie := "keywright=" + strings.TrimPrefix(session, asCookie)
		in.call(t, in.acme.admin, "GET", "/v1/me", "", "Cookie", cookie).want(t, 400, "malformed_request")
		in.call(t, "", "GET", "/v1/me", "", "Cookie", cookie+"; "+cookie).want(t, 400, "malformed_request")
		in.call(t, "", "GET", "/v1/me", "", "Cookie", "__Host-keywright="+strings.TrimPrefix(session, asCookie)).want(t, 401, "unauthenticated")
	})
}

func TestGuessing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for range 5 {
			in.signInReply(t, in.acme.email, "wrong", "").want(t, 401, "unauthenticated")
		}
		r := in.signInReply(t, strings.ToUpper(in.acme.email), "wrong", "").want(t, 429, "rate_limited")
		if got := r.header.Get("Retry-After"); got != "15" {
			t.Errorf("Retry-After: got %q, want 15", got)
		}
		in.signInReply(t, in.acme.email, in.acme.password, "").want(t, 429, "rate_limited")
		in.signInReply(t, in.globex.email, in.globex.password, "").want(t, 201, "")
		in.clock.advance(15 * time.Second)
		session := in.signIn(t, in.acme.email, in.acme.password) // forgives
		for range 5 {
			in.signInReply(t, in.acme.email, "wrong", "").want(t, 401, "unauthenticated")
		}
		in.signInReply(t, in.acme.email, "wrong", "").want(t, 429, "rate_limited")

		for range 5 {
			in.call(t, session, "POST", "/v1/me/password", `{"current":"wrong","new":"correct horse battery"}`).want(t, 403, "forbidden")
		}
		in.call(t, session, "POST", "/v1/me/password", object(t, map[string]string{"current": in.acme.password, "new": "correct horse battery"})).want(t, 429, "rate_limited")
	})
}

// TestOneTimeCode walks through enrolment, sign-in, replay and the end of it.
func TestOneTimeCode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		session := in.console(t, in.acme)
		password := object(t, map[string]string{"password": in.acme.password})
		in.call(t, session, "POST", "/v1/me/one-time-code", `{"password":"wrong"}`).want(t, 403, "forbidden")
		in.call(t, session, "POST", "/v1/me/one-time-code/confirm", `{"code":"123456"}`).want(t, 409, "conflict")
		r := in.call(t, session, "POST", "/v1/me/one-time-code", password).want(t, 200, "")
		secret := r.text("oneTimeSecret")
		if u, err := url.Parse(r.text("oneTimeUri")); err != nil || u.Query().Get("secret") != secret {
			t.Errorf("the URI does not hold the secret")
		}
		code := func() string { return testotp.Code(t, secret, in.clock.now()) }
		in.signInReply(t, in.acme.email, in.acme.password, "").want(t, 201, "") // not in force yet
		in.call(t, session, "POST", "/v1/me/one-time-code/confirm", `{"code":"12345x"}`).want(t, 403, "forbidden")
		in.call(t, session, "POST", "/v1/me/one-time-code/confirm", object(t, map[string]string{"code": code()})).want(t, 204, "")
		in.call(t, session, "POST", "/v1/me/one-time-code", password).want(t, 409, "conflict")
		if m := in.call(t, session, "GET", "/v1/members/"+in.acme.owner, "").want(t, 200, ""); m.body["oneTimeCode"] != true {
			t.Errorf("got %s", m.raw)
		}

		replayed := in.signInReply(t, in.acme.email, in.acme.password, code()).want(t, 401, "unauthenticated") // it confirmed already
		if got := in.cause(t, in.acme, replayed); got != "wrong_one_time_code" {
			t.Errorf("cause: got %s", got)
		}
		in.clock.advance(time.Minute)
		in.signInReply(t, in.acme.email, in.acme.password, "").want(t, 401, "one_time_code_required")
		in.signInReply(t, in.acme.email, "wrong", code()).want(t, 401, "unauthenticated")
		in.signInReply(t, in.acme.email, in.acme.password, code()).want(t, 201, "")
		in.signInReply(t, in.acme.email, in.acme.password, code()).want(t, 401, "unauthenticated")
		early := code()
		in.clock.advance(30 * time.Second)
		in.signInReply(t, in.acme.email, in.acme.password, early).want(t, 401, "unauthenticated")
		in.signInReply(t, in.acme.email, in.acme.password, code()).want(t, 201, "")

		in.clock.advance(time.Minute)
		codes := make(chan int, 4)
		shared := code()
		for range cap(codes) {
			go func() { codes <- in.signInReply(t, in.acme.email, in.acme.password, shared).status }()
		}
		done := 0
		for range cap(codes) {
			if <-codes == 201 {
				done++
			}
		}
		if done != 1 {
			t.Errorf("one code was good for %d sign-ins at once, want 1", done)
		}

		in.call(t, session, "POST", "/v1/me/one-time-code/disable", `{"password":"wrong"}`).want(t, 403, "forbidden")
		in.call(t, session, "POST", "/v1/me/one-time-code/disable", password).want(t, 204, "")
		in.call(t, session, "POST", "/v1/me/one-time-code/disable", password).want(t, 409, "conflict")
		in.clock.advance(5 * time.Minute)
		in.signInReply(t, in.acme.email, in.acme.password, "").want(t, 201, "")
		if n := in.audited(t, in.acme, "session.create", "refused", "one_time_code_required"); n != 1 {
			t.Errorf("a missing code is %d times in the audit", n)
		}
		in.call(t, in.acme.admin, "POST", "/v1/me/one-time-code", password).want(t, 403, "console_session_required")

		must(t, in.db.Read(t.Context(), func(r registry.Reader) error {
			events, err := r.AuditEvents(t.Context(), in.acme.id, 0, 1000)
			for _, e := range events {
				if strings.Contains(string(e.Before)+string(e.After), secret) {
					t.Errorf("the secret is in the audit event %s", e.Action)
				}
			}
			return err
		}))
	})
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		here, there := in.console(t, in.acme), in.console(t, in.acme)
		const fresh = "correct horse battery"
		change := func(current, fresh string) string {
			return object(t, map[string]string{"current": current, "new": fresh})
		}
		in.call(t, here, "POST", "/v1/me/password", change("wrong", fresh)).want(t, 403, "forbidden")
		for _, bad := range []string{"", "short", in.acme.password, strings.Repeat("x", 201)} {
			if r := in.call(t, here, "POST", "/v1/me/password", change(in.acme.password, bad)).want(t, 422, "invalid_input"); r.fields() != "new" {
				t.Errorf("got the fields %s", r.fields())
			}
			in.clock.advance(15 * time.Second)
		}
		in.call(t, in.acme.admin, "POST", "/v1/me/password", change(in.acme.password, fresh)).want(t, 403, "console_session_required")
		in.call(t, here, "POST", "/v1/me/password", change(in.acme.password, fresh)).want(t, 204, "")
		in.call(t, here, "GET", "/v1/me", "").want(t, 200, "")
		in.call(t, there, "GET", "/v1/me", "").want(t, 401, "unauthenticated")
		in.signInReply(t, in.acme.email, in.acme.password, "").want(t, 401, "unauthenticated")
		in.signInReply(t, in.acme.email, fresh, "").want(t, 201, "")
		if n := in.audited(t, in.acme, "member.change_password", "refused", "forbidden"); n != 1 {
			t.Errorf("a wrong current password is %d times in the audit", n)
		}
	})
}
