package main

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// Tests named Interop put programs by others beside a running server. It is on
// SQLite alone: none of them can tell the databases apart. .ci/peers.sh finds
// or fetches them.

// peer is the path that .ci/peers.sh found for a program or its folder.
func peer(t *testing.T, variable string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" && os.Getenv("REQUIRE_PEERS") == "1" {
		t.Fatalf("%s is not set", variable)
	}
	if path == "" {
		t.Skipf("%s is not set; make test sets it where it finds or can fetch the program", variable)
	}
	return path
}

// interop is an environment on SQLite whose issuer is where the server
// listens, unless more says otherwise.
func interop(t *testing.T, more ...string) []string {
	t.Helper()
	return environment("sqlite:"+filepath.Join(t.TempDir(), "keywright.db"), append([]string{"KEYWRIGHT_ISSUER="}, more...)...)
}

// front is an address known before the server behind it starts, as that of a
// reverse proxy is.
type front struct {
	URL    string
	behind atomic.Pointer[url.URL]
	busy   atomic.Int32 // how many requests it still answers with 503 and Retry-After
}

func newFront(t *testing.T) *front {
	t.Helper()
	f := &front{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(f.behind.Load()) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if f.busy.Add(-1) >= 0 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		proxy.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

func (f *front) serve(t *testing.T, address string) {
	t.Helper()
	behind, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	f.behind.Store(behind)
}

// startPeer starts a program that is killed when the test ends, and returns
// what is closed when it has ended.
func startPeer(t *testing.T, cmd *exec.Cmd) <-chan struct{} {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // how it ended is in its output
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-ended
	})
	return ended
}
