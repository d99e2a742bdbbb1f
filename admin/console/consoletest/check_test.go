package consoletest

import (
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// check asserts what holds for every page, as it is now.
func (p *tab) check() {
	p.t.Helper()
	p.settle("check")
	documents.add(p.t.Name()+" at "+p.path(), p.received())
	if !p.noScript {
		p.accessible()
		if ask[bool](p, "document.documentElement.scrollWidth > innerWidth") {
			p.t.Errorf("%s is wider than the window", p.path())
		}
	}
	p.complain()
}

// received is the page as the server sent it.
func (p *tab) received() string {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	for {
		p.mu.Lock()
		id := p.document
		p.mu.Unlock()
		got, err := chromedp.Call(ctx, network.GetResponseBody, network.GetResponseBodyParams{RequestID: id})
		if err == nil {
			return string(got.Body)
		}
		select { // the page may be shown before the browser has told of it
		case <-ctx.Done():
			p.t.Fatalf("read the page as it was sent: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// call sends a command to the tab.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := p.within()
	defer cancel()
	got, err := chromedp.Call(ctx, command, params)
	if err != nil {
		p.t.Fatalf("%s: %v", command.Method, err)
	}
	return got
}
