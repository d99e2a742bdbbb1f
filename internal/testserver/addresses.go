package testserver

import (
	"encoding/json"
	"strings"
)

// Addresses are the URLs of a server's listeners.
type Addresses struct{ Public, Admin, Metrics string }

// FindAddresses reads the log of a server for where its listeners are, and
// tells whether all of them are bound.
func FindAddresses(log string) (found Addresses, all bool) {
	for line := range strings.Lines(log) {
		var entry struct{ Msg, Listener, URL string }
		if json.Unmarshal([]byte(line), &entry) != nil || entry.Msg != "listening" {
			continue
		}
		switch entry.Listener {
		case "public":
			found.Public = entry.URL
		case "admin":
			found.Admin = entry.URL
		case "metrics":
			found.Metrics = entry.URL
		}
	}
	return found, found.Public != "" && found.Admin != "" && found.Metrics != ""
}
