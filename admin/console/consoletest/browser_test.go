package consoletest

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// chromium is the browser: KEYWRIGHT_CHROMIUM, as .ci/peers.sh finds it, or
// one on the PATH.
var chromium = sync.OnceValue(func() string {
	if path := os.Getenv("KEYWRIGHT_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "google-chrome", "chromium-browser"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
})

func findBrowser(t *testing.T) {
	t.Helper()
	switch {
	case chromium() != "":
	case os.Getenv("REQUIRE_PEERS") == "1":
		t.Fatal("there is no Chromium")
	default:
		t.Skip("there is no Chromium: make test fetches it where it can")
	}
}

var (
	endBrowser context.CancelFunc = func() {}

	// browser is the one for the whole run. Each tab has its own cookies.
	browser = sync.OnceValues(func() (context.Context, error) {
		options := []chromedp.ExecAllocatorOption{
			chromedp.ExecPath(chromium()), chromedp.WindowSize(1280, 900),
			chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-quic", true),
			chromedp.Flag("disable-gpu", true), chromedp.Flag("lang", "en-GB"),
			// Else what is pressed before a new page was painted is lost.
			chromedp.Flag("allow-pre-commit-input", true),
		}
		if os.Geteuid() == 0 {
			options = append(options, chromedp.NoSandbox)
		}
		ctx, cancel := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(options...))
		endBrowser = cancel
		return ctx, chromedp.Do(ctx)
	})
)

func closeBrowser() { endBrowser() }
