package web

import (
	"encoding/hex"
	"net/url"
	"regexp"
)

// secretText is what a secret looks like in a path: a client secret, API token
// or opaque access token by its prefix, a JWT by its three parts. It may take
// a long file name for one.
var secretText = regexp.MustCompile(`(?i)kw[ast]_[\w-]+|[\w-]{8,}(?:\.[\w-]{8,}){2,}`)

const (
	redacted      = "[redacted]"
	maxLoggedPath = 200
)

// loggedPath is an escaped path as the log may hold it: without secrets,
// however often they were escaped, and not too long. A path that holds one is
// logged as it reads with every escape undone.
func loggedPath(escaped string) string {
	plain := (&url.URL{Path: unescape(escaped)}).EscapedPath()
	if safe := secretText.ReplaceAllLiteralString(plain, redacted); safe != plain {
		return shorten(safe)
	}
	return shorten(escaped)
}

// unescape undoes every %XX, those that only appear by it too.
func unescape(path string) string {
	plain := make([]byte, 0, len(path))
	for i := range len(path) {
		plain = append(plain, path[i])
		for n := len(plain) - 3; n >= 0 && plain[n] == '%'; n = len(plain) - 3 {
			if _, err := hex.Decode(plain[n:n+1], plain[n+1:]); err != nil {
				break
			}
			plain = plain[:n+1]
		}
	}
	return string(plain)
}

func shorten(path string) string {
	if len(path) > maxLoggedPath {
		return path[:maxLoggedPath] + "…"
	}
	return path
}
