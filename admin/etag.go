package admin

import (
	"strconv"
	"strings"

	"keywright/registry"
)

// etag is the entity tag of a revision of a configuration. It does not move
// with use, nor with the status that time brings, so no GET is answered 304.
func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }

// noRevision matches none.
const noRevision = -1

// ifMatch returns the revision that an If-Match header asks for (RFC 9110
// §13.1.1), 0 where it is absent or "*".
func ifMatch(header string) (int64, error) {
	switch {
	case header == "" || header == "*":
		return 0, nil
	case strings.HasPrefix(header, `W/"`):
		return noRevision, nil // If-Match compares strongly
	case len(header) < 2 || header[0] != '"' || strings.IndexByte(header[1:], '"') != len(header)-2:
		return 0, registry.Malformed(`If-Match must be one entity tag in quotes, such as "3"`)
	}
	revision, err := strconv.ParseInt(header[1:len(header)-1], 10, 64)
	if err == nil && revision > 0 && etag(revision) == header {
		return revision, nil
	}
	return noRevision, nil // a tag that no answer of ours had
}
