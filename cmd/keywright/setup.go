package main

import (
	"fmt"
	"io"
)

// printSetup tells how to set up a new installation in a browser. The code is
// no part of the address, so that it stays out of history and logs.
func (s *server) printSetup(w io.Writer) error {
	if s.setup == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, "This installation is new. Set it up at %s/console/setup with the code %s, within an hour.\n",
		s.listeners.admin.url(), s.setupCode)
	return err
}
