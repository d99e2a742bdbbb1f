package consoletest

import (
	"fmt"
	"strings"
	"testing"
)

// TestNothingJumps goes from a list by filter and page to a client and back:
// what stands on the screen stays where it is, a narrowed list is not
// scrolled, and another page begins at its top.
func TestNothingJumps(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.fill(t, 60)
		p := s.signIn(t)
		p.open("/console/clients")
		ask[bool](p, `(window.moved = 0, new PerformanceObserver((list) => {
			for (const shift of list.getEntries()) window.moved += shift.value;
		}).observe({type: "layout-shift", buffered: true}), true)`)
		p.sees("Service 59")
		ask[bool](p, `(scrollTo(0, 60), true)`)
		p.choose("Status", "active")
		p.until("narrow the list", `location.search === "?status=active"`)
		if at := ask[float64](p, "scrollY"); at != 60 {
			t.Errorf("the list was narrowed, and the page scrolled from 60 to %v", at)
		}
		p.press("Next page")
		p.sees("Service 3")
		p.until("begin at the top", `scrollY === 0 && location.search.includes("cursor=")`)
		p.press("Service 3")
		p.sees("Facts")
		p.press("Credentials")
		p.sees("A secret is shown once, when it is made.")
		p.press("Clients")
		p.sees("Service 59")
		p.press("Add OAuth 2.0 API credentials")
		p.until("open the panel", `document.querySelector("dialog.panel:modal")`)
		if moved := ask[float64](p, "window.moved"); moved >= 0.02 {
			t.Errorf("the layout shifted by %v", moved)
		}
	})
}

// TestEveryWidth looks at the pages as wide as a desk, a tablet, a window at
// 200 % and a phone, with names of a hundred characters.
func TestEveryWidth(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		s.fill(t, 20)
		long := strings.Repeat("Wide name ", 10)[:99] + "!"
		unbroken := strings.Repeat("x", 100)
		project := s.create(t, "/v1/projects", map[string]any{"name": unbroken, "description": long})
		role := s.create(t, "/v1/roles", map[string]any{"name": unbroken, "description": long, "scopes": []string{"a", unbroken[:60]}})
		app := s.create(t, "/v1/applications", map[string]any{"name": unbroken, "description": unbroken + unbroken, "projectId": project})
		made := s.makeClient(t, map[string]any{"name": unbroken, "description": unbroken, "roles": []string{role}, "applicationId": app, "environment": unbroken[:50]})
		s.makeClient(t, map[string]any{"name": long, "scopes": []string{"one", "two", "three", "four", "five", unbroken[:60]}})
		s.makeToken(t, map[string]any{"name": unbroken, "projectId": project, "scopes": []string{"documents", unbroken[:60]}, "permissions": []string{long}})
		client, application := "/console/clients/"+made.ClientID, "/console/applications/"+app
		p := s.signIn(t)
		for _, width := range []int64{1280, 1024, 768, 640, 360} {
			p.width(width)
			for _, path := range []string{
				"/console", "/console/applications", application, application + "/keys", "/console/clients", "/console/clients/new",
				client, client + "/credentials", client + "/access", client + "/try", client + "/activity", client + "/danger",
				"/console/tokens", "/console/tokens/new", "/console/apis", "/console/scopes", "/console/roles", "/console/roles/new",
				"/console/projects", "/console/audit", "/console/members", "/console/sessions", "/console/security", "/console/signing-keys",
			} {
				p.open(path)
				if ask[bool](p, "document.documentElement.scrollWidth > innerWidth") {
					t.Errorf("%s is wider than %d pixels", path, width)
				}
				if bare := ask[string](p, `[...document.querySelectorAll("table.rows td:not(:first-child):not([data-label])")]
					.filter((e) => e.innerText.trim() && !e.querySelector("a, button")).map((e) => e.innerText).join()`); bare != "" {
					t.Errorf("%s has cells that a card would show without their head: %s", path, bare)
				}
				// What scrolls by itself can be reached by the keyboard and has a name; on a desk no list does.
				bad := ask[string](p, `[...document.querySelectorAll("main *")].filter((e) => {
					const s = getComputedStyle(e);
					if (e.scrollWidth <= e.clientWidth + 1 || !["auto", "scroll"].includes(s.overflowX) || e.matches("textarea, input, pre, nav, .copy-text, .copyable *")) return false;
					return innerWidth >= 1280 || e.tabIndex < 0 || !(e.ariaLabel || e.hasAttribute("aria-labelledby"));
				}).map((e) => e.outerHTML.slice(0, 200)).join()`)
				if bad != "" {
					t.Errorf("%s at %d pixels scrolls sideways: %s", path, width, bad)
				}
			}
			p.open("/console/clients")
			p.screenshot(fmt.Sprintf("width-%d", width))
		}
		p.check()
	})
}

// fill makes that many clients: Service 0, and so on.
func (s *site) fill(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		s.makeClient(t, map[string]any{"name": fmt.Sprintf("Service %d", i), "scopes": []string{"documents"}})
	}
}
