package main

import (
	"fmt"
	"io"
)

// printSetup tells how to set up a new installation in a browser. The code
// stands behind the #, which no browser sends: it reaches no log and no Referer.
func (s *server) printSetup(w io.Writer) error {
	if s.setup == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "This installation is new. Set it up within an hour: %[1]s/console/setup#%[2]s (or type the code %[2]s there)\n",
		s.listeners.admin.url(), s.setupCode)
	return err
}
