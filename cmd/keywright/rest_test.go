package main

import (
	"context"
	"io"
	"net/http"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"keywright/internal/testserver"
)

// TestServeComesToRest runs a server inside the test and stops it: no
// goroutine of it is left. It is not parallel, because it counts those of the
// whole process; parallel tests wait for it.
func TestServeComesToRest(t *testing.T) {
	// The first use of signals starts a goroutine that stays for good.
	_, restore := signal.NotifyContext(t.Context(), syscall.SIGTERM)
	restore()
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	log := testserver.NewOutput()
	code := make(chan int, 1)
	go func() {
		code <- Run(ctx, []string{"serve"}, Environment{
			Stdout: io.Discard, Stderr: log, Environ: environment("sqlite:" + filepath.Join(t.TempDir(), "k.db")),
		})
	}()
	addresses, listens := testserver.FindAddresses(log.String())
	for ; !listens; addresses, listens = testserver.FindAddresses(log.String()) {
		select {
		case <-log.Wrote:
		case c := <-code:
			t.Fatalf("ended with %d:\n%s", c, log)
		}
	}
	for _, url := range []string{addresses.Public, addresses.Admin, addresses.Metrics} {
		res, err := http.Get(url + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s/readyz: %d", url, res.StatusCode)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	cancel()
	if got := <-code; got != exitDone {
		t.Errorf("ended with %d:\n%s", got, log)
	}
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before and %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
}
