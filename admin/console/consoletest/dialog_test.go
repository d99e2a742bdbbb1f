package consoletest

import (
	"net/http"
	"slices"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// TestErrorTakesTheDialogWithIt deletes in a dialog what somebody else has
// deleted meanwhile: the page says so, and no empty dialog lies over it.
func TestErrorTakesTheDialogWithIt(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		made := s.makeClient(t, map[string]any{"name": "Importer", "scopes": []string{"documents"}})
		path := "/console/clients/" + made.ClientID
		p := s.signIn(t)
		p.open(path + "/danger")
		p.press("Delete")
		p.sees("This cannot be undone")
		s.call(t, http.MethodDelete, "/v1/clients/"+made.ClientID, nil, nil)
		p.fill("Type Importer to confirm", "Importer")
		p.press("Delete")
		p.sees("There is no such thing here")
		p.until("the dialog is closed", `!document.querySelector("dialog:modal")`)
		p.check()
		p.press("Back to the console")
		p.sees("Overview")
	})
}

// TestAddressesInThePanel edits the rows of a form that a dialog shows: it
// stays one, with what was typed and with the focus.
func TestAddressesInThePanel(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *site) {
		p := s.signIn(t)
		p.open("/console/clients")
		p.press("Add OAuth 2.0 API credentials")
		p.hasFocus("Name")
		p.fill("Name", "Importer")
		p.fill("Scopes that are not listed", "documents")
		p.enterRange(0, "203.0.113.77/25")
		p.until("normalise", `document.querySelector("dialog:modal #range-0 input")?.value === "203.0.113.0/25"`)
		p.press("Add my address, 127.0.0.1")
		p.until("add my address", `document.querySelector("dialog:modal #range-1 input")?.value === "127.0.0.1"`)
		p.until("keep the focus", `document.activeElement.id === "range-mine"`)
		p.sees("From 203.0.113.0/25, 127.0.0.1") // in the summary
		p.check()
		p.fill("Test an address against these rows", "192.0.2.1")
		p.key(kb.Enter)
		p.sees("192.0.2.1 is refused")
		p.press("Remove range 0")
		p.until("remove the row", `document.querySelector("dialog:modal #range-0 input")?.value === "127.0.0.1"`)
		if got := p.content("Name"); got != "Importer" {
			t.Errorf("the name is %q", got)
		}
		p.press("Generate credentials")
		p.sees("The secret is shown this once")
		var c struct{ IPWhitelist []string }
		s.call(t, http.MethodGet, "/v1/clients/"+p.shown("the client id"), nil, &c)
		if !slices.Equal(c.IPWhitelist, []string{"127.0.0.1"}) {
			t.Errorf("the list is %q", c.IPWhitelist)
		}
	})
}
