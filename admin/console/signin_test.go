package console

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"keywright/internal/seal"
	"keywright/internal/signin"
	"keywright/registry"
)

var noon = time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)

// testConsole is one whose clock stands at now.
func testConsole(t *testing.T, now *time.Time) *console {
	t.Helper()
	box, err := seal.NewBox(rand.Reader, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return &console{Config: Config{TicketBox: box, Now: func() time.Time { return *now }}}
}

func TestTickets(t *testing.T) {
	t.Parallel()
	now := noon
	c := testConsole(t, &now)
	text, err := c.sealTicket("a@example.com", "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := c.openTicket(text); !ok || got.Email != "a@example.com" || got.Password != "correct horse battery" {
		t.Errorf("got %+v, %v", got, ok)
	}
	other := c.TicketBox.Seal([]byte(`{"email":"a@example.com","until":"2099-01-01T00:00:00Z"}`), []byte("cursor\x00clients"))
	for name, text := range map[string]string{
		"nothing": "", "no base64": "%", "changed": text[:len(text)-4] + "AAAA", "another kind": base64.RawURLEncoding.EncodeToString(other),
	} {
		if _, ok := c.openTicket(text); ok {
			t.Errorf("%s is taken for a ticket", name)
		}
	}
	now = now.Add(ticketLifetime)
	if _, ok := c.openTicket(text); ok {
		t.Error("an old ticket is taken")
	}
}

func TestFreshAsksAgain(t *testing.T) {
	t.Parallel()
	now := noon
	c := testConsole(t, &now)
	for method, target := range map[string]string{
		http.MethodGet:  "/console/sign-in-again?next=%2Fconsole%2Fx%3Fa%3Db",
		http.MethodPost: "/console/sign-in-again?next=%2Fconsole%2Fx",
	} {
		passed := false
		page := fresh(func(*visit) error { passed = true; return nil })
		visitAt := func(signedIn time.Time) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			v := &visit{console: c, w: w, req: httptest.NewRequest(method, "/console/x?a=b", nil), Actor: registry.Actor{ConsoleSession: true, SignedInAt: signedIn}}
			if err := page(v); err != nil {
				t.Errorf("%s: %v", method, err)
			}
			return w
		}
		if w := visitAt(noon.Add(-registry.FreshFor)); passed || w.Code != http.StatusSeeOther || w.Header().Get("Location") != target {
			t.Errorf("%s, long after sign-in: %d to %q", method, w.Code, w.Header().Get("Location"))
		}
		if visitAt(noon.Add(-time.Minute)); !passed {
			t.Errorf("%s, a minute after sign-in: asked again", method)
		}
	}
}

func TestSetupCode(t *testing.T) {
	t.Parallel()
	now := noon
	s := &Setup{now: func() time.Time { return now }, until: noon.Add(setupLifetime), digest: digest("ABCDEF-GHIJKL-MNOPQR-STUVWX")}
	for _, right := range []string{"ABCDEF-GHIJKL-MNOPQR-STUVWX", "abcdefghijklmnopqrstuvwx", "abcdef ghijkl mnopqr stuvwx"} {
		if err := s.check(right); err != nil {
			t.Errorf("%s: %v", right, err)
		}
	}
	for _, bad := range []string{"", "ABCDEF-GHIJKL-MNOPQR-STUVWY"} {
		if s.check(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	now = noon.Add(setupLifetime + 1)
	if s.check("ABCDEF-GHIJKL-MNOPQR-STUVWX") == nil {
		t.Error("it is taken after an hour")
	}
}

// TestNoticeIsOurs holds that over TLS no other host can put words into a page.
func TestNoticeIsOurs(t *testing.T) {
	t.Parallel()
	c := &console{Config: Config{Sessions: signin.NewKeeper(signin.Config{Now: time.Now, SecureCookies: true})}}
	w := httptest.NewRecorder()
	if err := (&visit{console: c, w: w, req: httptest.NewRequest(http.MethodPost, "/console/x", nil)}).done(root, "It was done."); err != nil {
		t.Fatal(err)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || cookies[0].Name != "__Host-keywright_notice" || !cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].Path != "/" {
		t.Fatalf("got %v", cookies)
	}
	for _, tc := range []struct {
		name, want string
	}{{"__Host-keywright_notice", "It was done."}, {"keywright_notice", ""}} {
		req := httptest.NewRequest(http.MethodGet, "/console", nil)
		req.AddCookie(&http.Cookie{Name: tc.name, Value: cookies[0].Value})
		if got := (&visit{console: c, w: httptest.NewRecorder(), req: req}).takeNotice(); got != tc.want {
			t.Errorf("in the cookie %s: got %q", tc.name, got)
		}
	}
}
