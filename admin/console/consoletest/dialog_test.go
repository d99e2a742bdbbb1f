package consoletest

import (
	"net/http"
	"testing"
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
