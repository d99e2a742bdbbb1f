package web_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"keywright/internal/seal"
	"keywright/internal/testserver"
	"keywright/internal/web"
	"keywright/registry"
)

// database answers pings with the error it holds.
type database struct{ err error }

func (d database) Ping(context.Context) error { return d.err }

type listener struct {
	*httptest.Server
	log    *testserver.Output
	ids    *registry.ErrorIDs
	health *web.Health
}

// listen serves an engine with a few routes of its own over a real listener.
func listen(t *testing.T, change func(*web.Config)) listener {
	t.Helper()
	key := make([]byte, 32)
	box, err := seal.NewBox(rand.Reader, key)
	if err != nil {
		t.Fatal(err)
	}
	l := listener{log: testserver.NewOutput(), ids: registry.NewErrorIDs(box), health: web.NewHealth(database{})}
	c := web.Config{
		Listener: "test", MaxBody: 1000, Health: l.health, WriteError: web.WriteProblem,
		ErrorIDs: l.ids, Now: time.Now, Rand: rand.Reader, Logger: slog.New(slog.NewJSONHandler(l.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&c)
	}
	e := web.NewEngine(c)
	e.GET("/address/:id", func(g *gin.Context) {
		g.String(http.StatusOK, "%s %s", web.ClientAddress(g.Request.Context()), g.Param("id"))
	})
	e.POST("/body", func(g *gin.Context) {
		raw, err := web.ReadBody(g.Writer, g.Request)
		if err != nil {
			web.WriteProblem(g.Writer, g.Request, err)
			return
		}
		g.String(http.StatusOK, "%d", len(raw))
	})
	e.GET("/panic", func(*gin.Context) { panic("kws_inside") })
	e.GET("/half", func(g *gin.Context) {
		g.String(http.StatusOK, strings.Repeat("x", 10000))
		panic("too late")
	})
	e.GET("/index", func(g *gin.Context) { _ = []int{}[len(g.Params)] })
	l.Server = httptest.NewUnstartedServer(e)
	l.Config = web.NewServer(e, c.Logger)
	l.Start()
	t.Cleanup(l.Close)
	return l
}

// reply is what the listener answered.
type reply struct {
	status int
	header http.Header
}

func (l listener) do(t *testing.T, req *http.Request) (reply, string) {
	t.Helper()
	resp, err := l.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header}, string(raw)
}

func (l listener) request(t *testing.T, method, path, body string, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, l.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	return req
}

// wantProblem checks status, code and the error id of an answer.
func (l listener) wantProblem(t *testing.T, resp reply, body string, status int, code string, cause registry.Cause) {
	t.Helper()
	var p web.Problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	if resp.status != status || p.Status != status || p.Code != code {
		t.Errorf("got %d, %+v; want %d, code %s", resp.status, p, status, code)
	}
	if got := resp.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("Content-Type: got %q", got)
	}
	if p.ErrorID == "" || resp.header.Get("X-Error-Id") != p.ErrorID {
		t.Errorf("error id: got %q in the body, %q in the header", p.ErrorID, resp.header.Get("X-Error-Id"))
	}
	if r, err := l.ids.Open(p.ErrorID); err != nil || r.Cause != cause {
		t.Errorf("error id says %v, %v; want %v", r.Cause, err, cause)
	}
}

func TestRefusalsOfTheEngine(t *testing.T) {
	t.Parallel()
	l := listen(t, nil)

	resp, body := l.do(t, l.request(t, "GET", "/nowhere?secret=kws_1", ""))
	l.wantProblem(t, resp, body, 404, "not_found", registry.CauseNotFound)

	resp, body = l.do(t, l.request(t, "PUT", "/body", ""))
	l.wantProblem(t, resp, body, 405, "method_not_allowed", registry.CauseMethodNotAllowed)
	if got := resp.header.Get("Allow"); got != "POST" {
		t.Errorf("Allow: got %q, want POST", got)
	}

	resp, body = l.do(t, l.request(t, "GET", "/panic", ""))
	l.wantProblem(t, resp, body, 500, "internal", registry.CauseInternal)

	resp, body = l.do(t, l.request(t, "GET", "/index", ""))
	l.wantProblem(t, resp, body, 500, "internal", registry.CauseInternal)
	if strings.Contains(body, "index") {
		t.Errorf("body %q tells the panic", body)
	}
	if !strings.Contains(l.log.String(), "index out of range") {
		t.Error("the log does not tell a panic of the runtime")
	}

	if strings.Contains(l.log.String(), "kws_") {
		t.Errorf("the log holds a secret:\n%s", l.log)
	}
}

func TestPanicInMidAnswerCutsTheConnection(t *testing.T) {
	t.Parallel()
	l := listen(t, nil)
	resp, err := l.Client().Do(l.request(t, "GET", "/half", ""))
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if raw, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("got a whole answer of %d bytes, want a broken one", len(raw))
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	l := listen(t, nil)
	resp, body := l.do(t, l.request(t, "POST", "/body", strings.Repeat("x", 1000)))
	if resp.status != http.StatusOK || body != "1000" {
		t.Errorf("at the limit: got %d %q", resp.status, body)
	}
	resp, body = l.do(t, l.request(t, "POST", "/body", strings.Repeat("x", 1001)))
	l.wantProblem(t, resp, body, 413, "body_too_large", registry.CauseBodyTooLarge)

	// Without a Content-Length only reading can tell.
	req := l.request(t, "POST", "/body", "")
	req.Body, req.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", 5000)))), -1
	resp, body = l.do(t, req)
	l.wantProblem(t, resp, body, 413, "body_too_large", registry.CauseBodyTooLarge)
}

// TestBodiesOfAnyLength: whether the length was announced or not, and around
// what is made room for at first.
func TestBodiesOfAnyLength(t *testing.T) {
	t.Parallel()
	l := listen(t, func(c *web.Config) { c.MaxBody = 20_000 })
	for _, length := range []int{0, 1, 2, 511, 512, 513, 4095, 4096, 4097, 10_000, 20_000} {
		for _, announced := range []bool{true, false} {
			req := l.request(t, "POST", "/body", strings.Repeat("x", length))
			if !announced {
				req.Body, req.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(strings.Repeat("x", length)))), -1
			}
			if resp, body := l.do(t, req); resp.status != http.StatusOK || body != strconv.Itoa(length) {
				t.Errorf("%d bytes, announced %v: got %d %q", length, announced, resp.status, body)
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	l := listen(t, nil)
	resp, _ := l.do(t, l.request(t, "GET", "/address/1", "", "X-Request-Id", "chosen-by-a-stranger"))
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		if got := resp.header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if id := resp.header.Get("X-Request-Id"); !registry.IsID(id, "req_") {
		t.Errorf("X-Request-Id: got %q, want one of ours", id)
	} else if !strings.Contains(l.log.String(), id) {
		t.Errorf("the log does not hold %s", id)
	}
	resp, _ = l.do(t, l.request(t, "GET", "/nowhere", ""))
	if id := resp.header.Get("X-Request-Id"); id != "" {
		t.Errorf("a refusal carries the request id %q, want the error id alone", id)
	}
}

func TestTrustedProxy(t *testing.T) {
	t.Parallel()
	trusted, err := web.NewProxies([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, func(c *web.Config) { c.Proxies = trusted })
	for given, want := range map[string]string{
		"from-the-proxy_1.2":    "from-the-proxy_1.2",
		"":                      "",
		"two words":             "",
		strings.Repeat("x", 65): "",
		`"><script>`:            "",
	} {
		resp, body := l.do(t, l.request(t, "GET", "/address/1", "", "X-Request-Id", given, "X-Forwarded-For", "192.0.2.7"))
		got := resp.header.Get("X-Request-Id")
		if want == "" && !registry.IsID(got, "req_") || want != "" && got != want {
			t.Errorf("given %q: got %q", given, got)
		}
		if body != "192.0.2.7 1" {
			t.Errorf("address: got %q, want 192.0.2.7", body)
		}
	}
}

func TestEncodedSlashIsNoSeparator(t *testing.T) {
	t.Parallel()
	l := listen(t, nil)
	if _, body := l.do(t, l.request(t, "GET", "/address/a%2Fb", "")); !strings.HasSuffix(body, " a/b") {
		t.Errorf("got %q, want the id a/b", body)
	}
	for _, path := range []string{"/address/1/", "//address/1", "/ADDRESS/1", "/x/../address/1", "/%61ddress/1"} {
		resp, body := l.do(t, l.request(t, "GET", path, ""))
		if resp.status != http.StatusNotFound {
			t.Errorf("%s: got %d %s, want 404", path, resp.status, body)
		}
	}
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	var seen []string
	var mu sync.Mutex
	l := listen(t, func(c *web.Config) {
		c.Observe = func(route, method string, status int, _ time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, route+" "+method+" "+http.StatusText(status))
		}
	})
	l.do(t, l.request(t, "GET", "/address/kwc_1?access_token=kwt_1", "kws_1", "Authorization", "Bearer kwa_1", "Cookie", "session=kws_2"))
	l.do(t, l.request(t, "BREW", "/nowhere", ""))
	l.Close() // every line is written once the last connection is done
	text := l.log.String()
	for _, secret := range []string{"kwt_1", "kws_1", "kwa_1", "kws_2", "kwc_1"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q:\n%s", secret, text)
		}
	}
	for _, want := range []string{`"route":"/address/:id"`, `"status":200`, `"address":"127.0.0.1"`, `"duration_ms":`, `"listener":"test"`, `"method":"other"`, `"cause":"not_found"`, `"error_id":"err_`} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s:\n%s", want, text)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if got, want := strings.Join(seen, ", "), "/address/:id GET OK, unmatched other Not Found"; got != want {
		t.Errorf("observed: got %s, want %s", got, want)
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	status := func(l listener, path string) int {
		resp, _ := l.do(t, l.request(t, "GET", path, ""))
		if (resp.status == http.StatusServiceUnavailable) != (resp.header.Get("Retry-After") != "") {
			t.Errorf("%s: %d with Retry-After %q", path, resp.status, resp.header.Get("Retry-After"))
		}
		return resp.status
	}
	l := listen(t, nil)
	if got := status(l, "/readyz"); got != 200 {
		t.Errorf("ready: got %d", got)
	}
	l.health.Stop()
	if ready, live := status(l, "/readyz"), status(l, "/livez"); ready != 503 || live != 200 {
		t.Errorf("stopping: got readyz %d, livez %d", ready, live)
	}
	if l.health.Ready() {
		t.Error("stopping, and ready")
	}
	keyless := listen(t, func(c *web.Config) {
		c.Health = web.NewHealth(database{})
		c.Health.KeysAreFresh = func() bool { return false }
	})
	if ready, live := status(keyless, "/readyz"), status(keyless, "/livez"); ready != 503 || live != 200 {
		t.Errorf("without keys: got readyz %d, livez %d", ready, live)
	}
	down := listen(t, func(c *web.Config) { c.Health = web.NewHealth(database{errors.New("no route to 10.1.1.1")}) })
	if ready, live := status(down, "/readyz"), status(down, "/livez"); ready != 503 || live != 200 {
		t.Errorf("database down: got readyz %d, livez %d", ready, live)
	}
}
