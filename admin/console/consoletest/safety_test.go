package consoletest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// answer is what came back, without its body.
type answer struct {
	StatusCode int
	Header     http.Header
	cookies    []*http.Cookie
}

// browse sends a request as a browser does, and follows no redirect.
func (s *site) browse(t *testing.T, method, path string, cookie *http.Cookie, header http.Header, form url.Values) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.admin+path, strings.NewReader(form.Encode()))
	must(t, err)
	if header != nil {
		req.Header = header
	}
	if method == http.MethodPost && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookie != nil {
		req.AddCookie(cookie)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	must(t, err)
	must(t, resp.Body.Close())
	return answer{resp.StatusCode, resp.Header, resp.Cookies()}
}

// cookie signs the owner in.
func (s *site) cookie(t *testing.T, next string) (*http.Cookie, answer) {
	t.Helper()
	resp := s.browse(t, http.MethodPost, "/console/sign-in", nil, nil, url.Values{
		"email": {s.email}, "password": {s.password}, "next": {next},
	})
	for _, c := range resp.cookies {
		if c.Name == "keywright" {
			return c, resp
		}
	}
	t.Fatalf("sign-in: %d without a cookie", resp.StatusCode)
	return nil, answer{}
}

func TestSafety(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		cookie, resp := s.cookie(t, "https://evil.example/")
		if got := resp.Header.Get("Location"); got != "/console" {
			t.Errorf("sign-in leads away, to %q", got)
		}
		h := s.browse(t, http.MethodGet, "/console", cookie, nil, nil).Header
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
				"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %q", name, got)
			}
		}
		post := func(header http.Header) int {
			return s.browse(t, http.MethodPost, "/console/sign-out", cookie, header, url.Values{"everywhere": {"on"}}).StatusCode
		}
		for name, tc := range map[string]struct {
			header http.Header
			want   int
		}{
			"from another site":          {http.Header{"Sec-Fetch-Site": {"cross-site"}}, http.StatusForbidden},
			"from a neighbour":           {http.Header{"Sec-Fetch-Site": {"same-site"}}, http.StatusForbidden},
			"of another origin":          {http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden},
			"as JSON":                    {http.Header{"Content-Type": {"application/json"}}, http.StatusBadRequest},
			"as a form without encoding": {http.Header{"Content-Type": {"text/plain"}}, http.StatusBadRequest},
		} {
			if got := post(tc.header); got != tc.want {
				t.Errorf("a form %s: %d, want %d", name, got, tc.want)
			}
		}
		if got := s.browse(t, http.MethodGet, "/console", cookie, nil, nil).StatusCode; got != http.StatusOK {
			t.Fatalf("the session ended by a form that was refused: %d", got)
		}
		if got := post(http.Header{"Sec-Fetch-Site": {"same-origin"}}); got != http.StatusSeeOther {
			t.Errorf("a form of our own: %d", got)
		}
		resp = s.browse(t, http.MethodGet, "/console/clients?q=x", cookie, nil, nil)
		if got := resp.Header.Get("Location"); got != "/console/sign-in?next=%2Fconsole%2Fclients%3Fq%3Dx" {
			t.Errorf("after the sign-out: %d to %q", resp.StatusCode, got)
		}
	})
}
