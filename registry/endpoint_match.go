package registry

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ParsePath reads the path of a request as it was sent, without its query, and
// returns its segments, percent-decoded once; none for "/". It returns the rule
// that was broken, or nothing.
//
// What gateways and the servers behind them are known to read differently is
// refused rather than normalized: a segment that is empty but for one at the
// end, a dot segment, and a slash, backslash, semicolon or control character in
// any spelling, so that whoever decodes, merges or resolves on the way arrives
// at the same endpoint.
func ParsePath(path string) (segments []string, broken string) {
	rest, ok := strings.CutPrefix(path, "/")
	switch {
	case !ok:
		return nil, "must begin with a slash"
	case strings.ContainsAny(path, "?#"):
		return nil, "must not have a query or fragment"
	case rest == "":
		return nil, ""
	}
	parts := strings.Split(rest, "/")
	for i, part := range parts {
		segment, err := url.PathUnescape(part)
		if err != nil || !utf8.ValidString(segment) {
			return nil, "must be percent-encoded UTF-8"
		}
		if broken := brokenSegment(segment, i == len(parts)-1); broken != "" {
			return nil, broken
		}
		segments = append(segments, segment)
	}
	return segments, ""
}

func brokenSegment(segment string, last bool) string {
	switch {
	case segment == "" && !last:
		return "must not have an empty segment"
	case segment == "." || segment == "..":
		return "must not have a dot segment"
	case strings.ContainsAny(segment, `/\;`):
		return "must not have a backslash, a semicolon, or an encoded slash"
	case strings.ContainsFunc(segment, unicode.IsControl):
		return "must not have control characters"
	}
	return ""
}

// MatchEndpoint returns the endpoint that a request with that method and path
// means. A {parameter} stands for any one segment that is not empty; text is
// compared with its case. Methods are compared with their case, and HEAD also
// means what GET means (RFC 9110 §9.3.2).
//
// Where several fit, the most specific path wins: the one that has text where
// the other has its first parameter; then, for HEAD, an endpoint of its own.
func MatchEndpoint(endpoints []Endpoint, method string, segments []string) (Endpoint, bool) {
	var fitting []Endpoint
	for _, e := range endpoints {
		answers := e.Method == method || (method == http.MethodHead && e.Method == http.MethodGet)
		if answers && fits(e.Path, segments) {
			fitting = append(fitting, e)
		}
	}
	if len(fitting) == 0 {
		return Endpoint{}, false
	}
	return slices.MinFunc(fitting, func(a, b Endpoint) int {
		return cmp.Or(
			compareTemplates(a.Path, b.Path),
			compareBool(b.Method == method, a.Method == method),
			strings.Compare(a.ID, b.ID),
		)
	}), true
}

// fits tells whether a path template has those segments.
func fits(template string, segments []string) bool {
	parts := templateSegments(template)
	return slices.EqualFunc(parts, segments, func(part, segment string) bool {
		return part == segment || (isParameter(part) && segment != "")
	})
}

// compareTemplates orders templates that fit the same path, the most specific
// first. Those that differ in the names of their parameters alone are equal.
func compareTemplates(a, b string) int {
	return slices.CompareFunc(templateSegments(a), templateSegments(b), func(a, b string) int {
		if isParameter(a) && isParameter(b) {
			return 0
		}
		return cmp.Or(compareBool(isParameter(a), isParameter(b)), strings.Compare(a, b))
	})
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func templateSegments(template string) []string {
	rest := strings.TrimPrefix(template, "/")
	if rest == "" {
		return nil
	}
	return strings.Split(rest, "/")
}

func isParameter(part string) bool { return strings.HasPrefix(part, "{") }
