package testserver

import (
	"bytes"
	"encoding/base64"
	"os"
)

// Issuer is the issuer of every server of this package: it stays when the port
// changes with a restart.
const Issuer = "http://localhost:8080"

// MasterKey is the master key of every server of this package.
var MasterKey = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{42}, 32))

// Environment is a minimal one for a server on free ports. more may set a
// variable again.
func Environment(databaseURL string, more ...string) []string {
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"KEYWRIGHT_DATABASE_URL=" + databaseURL,
		"KEYWRIGHT_MASTER_KEY=" + MasterKey,
		"KEYWRIGHT_PUBLIC_LISTEN=127.0.0.1:0",
		"KEYWRIGHT_ADMIN_LISTEN=127.0.0.1:0",
		"KEYWRIGHT_METRICS_LISTEN=127.0.0.1:0",
		"KEYWRIGHT_ISSUER=" + Issuer,
		"KEYWRIGHT_STOP_DELAY=0s",
	}, more...)
}
