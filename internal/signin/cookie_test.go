package signin

import (
	"net/http"
	"testing"
)

func TestCookies(t *testing.T) {
	t.Parallel()
	for secure, want := range map[bool]string{
		false: "keywright=x; Path=/; HttpOnly; SameSite=Lax",
		true:  "__Host-keywright=x; Path=/; HttpOnly; Secure; SameSite=Lax",
	} {
		c := newCookies(nil, secure)
		cookie := c.cookie("x")
		if got := cookie.String(); got != want {
			t.Errorf("secure %v: got %s, want %s", secure, got, want)
		}
		gone := c.farewell()
		if gone.Name != cookie.Name || gone.Path != cookie.Path || gone.Secure != secure || gone.MaxAge >= 0 {
			t.Errorf("secure %v: the farewell is %s", secure, gone.String())
		}
		req := &http.Request{Header: http.Header{"Cookie": {"keywright=plain; __Host-keywright=secure"}}}
		if token, err := c.token(req); err != nil || token != map[bool]string{false: "plain", true: "secure"}[secure] {
			t.Errorf("secure %v: read the token %q, %v", secure, token, err)
		}
	}
}
