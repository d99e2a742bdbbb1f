package registry

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of the fields, in characters or entries.
const (
	maxName        = 100
	maxDescription = 500
	maxEnvironment = 50
	maxScope       = 200
	maxPermission  = 100
	maxIdentifier  = 500
	maxListed      = 200
)

// text checks a line of text and returns it without surrounding space.
func (v *invalid) text(field, value string, least, most int) string {
	value = strings.TrimSpace(value)
	n := utf8.RuneCountInString(value)
	switch {
	case !utf8.ValidString(value):
		v.add(field, "must be valid UTF-8")
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		v.add(field, "must not contain control characters")
	case n < least && n == 0:
		v.add(field, "is required")
	case n < least || n > most:
		v.add(field, "must have %d to %d characters", least, most)
	}
	return value
}

// name checks a required name of 1 to 100 characters on one line.
func (v *invalid) name(field, value string) string {
	if strings.ContainsAny(value, "\n\t") {
		v.add(field, "must be one line")
	}
	return v.text(field, value, 1, maxName)
}

// scopes checks a list of scope tokens (RFC 6749 §3.3) and returns it as a sorted set.
func (v *invalid) scopes(field string, values []string) []string {
	v.count(field, len(values))
	for i, s := range values {
		v.scope(at(field, i), s)
	}
	return sortedSet(values)
}

// scope checks one scope token (RFC 6749 §3.3).
func (v *invalid) scope(field, value string) string {
	if len(value) > maxScope || !isScopeToken(value) {
		v.add(field, "must be 1 to %d characters of RFC 6749 scope syntax: printable ASCII without space, quote and backslash", maxScope)
	}
	return value
}

// isScopeToken tells whether s is made of the characters of RFC 6749 §3.3.
func isScopeToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != 0x21 && (c < 0x23 || c > 0x5b) && (c < 0x5d || c > 0x7e) {
			return false
		}
	}
	return s != ""
}

// permissions checks a list of free-form labels and returns it as a sorted set.
func (v *invalid) permissions(field string, values []string) []string {
	v.count(field, len(values))
	set := make([]string, len(values))
	for i, p := range values {
		set[i] = v.text(at(field, i), p, 1, maxPermission)
	}
	return sortedSet(set)
}

// whitelist checks a list of addresses and ranges, and returns it masked, in
// the order given, without repetitions.
func (v *invalid) whitelist(field string, values []string) []netip.Prefix {
	v.count(field, len(values))
	var list []netip.Prefix
	for i, text := range values {
		p, broken := ParseRange(text)
		if broken != "" {
			v.add(at(field, i), "%s", broken)
		} else if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// expiry checks an expiry date against the clock and the organization's
// policy. A zero one becomes the policy's longest, if there is one.
func (v *invalid) expiry(field string, value, now time.Time, longest time.Duration) time.Time {
	value = value.UTC().Truncate(time.Microsecond)
	switch {
	case value.IsZero() && longest > 0:
		return now.Add(longest)
	case value.IsZero():
		return time.Time{}
	case !value.After(now):
		v.add(field, "must lie in the future")
	case value.Year() > 9999:
		v.add(field, "must lie before the year 10000")
	case longest > 0 && value.After(now.Add(longest)):
		v.add(field, "must lie within %d days, the organization's longest", int(longest.Hours()/24))
	}
	return value
}

// identifier checks the identifier of an API: an absolute URI without
// fragment (RFC 8707 §2).
func (v *invalid) identifier(field, value string) string {
	u, err := url.Parse(value)
	switch {
	case value == "":
		v.add(field, "is required")
	case len(value) > maxIdentifier || !isASCIIGraphic(value):
		v.add(field, "must be at most %d printable ASCII characters without space", maxIdentifier)
	case err != nil || !u.IsAbs() || (u.Host == "" && u.Opaque == ""):
		v.add(field, "must be an absolute URI")
	case strings.Contains(value, "#"):
		v.add(field, "must not have a fragment")
	case strings.HasPrefix(strings.ToLower(value), "urn:keywright:"):
		v.add(field, "must not begin with urn:keywright:")
	}
	return value
}

func isASCIIGraphic(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= 0x20 || r >= 0x7f })
}

// oneOf checks a value from a fixed list, the first of which is the default.
func (v *invalid) oneOf(field, value string, allowed ...string) string {
	if value == "" {
		return allowed[0]
	}
	if !slices.Contains(allowed, value) {
		v.add(field, "must be one of %s", strings.Join(allowed, ", "))
	}
	return value
}

func (v *invalid) count(field string, n int) {
	if n > maxListed {
		v.add(field, "must have at most %d entries", maxListed)
	}
}

func at(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

// admitted refuses scopes that none of the APIs would ever take, because each
// of them is strict and none declares the scope. No APIs admit any.
func (v *invalid) admitted(field string, scopes []string, apis []API) {
	if len(apis) == 0 || slices.ContainsFunc(apis, func(a API) bool { return !a.StrictScopes }) {
		return
	}
	for i, scope := range scopes {
		if !IsAdminScope(scope) && !slices.ContainsFunc(apis, func(a API) bool { return slices.Contains(a.Scopes, scope) }) {
			v.add(at(field, i), "%q is declared by none of its APIs, which admit only what they declare", scope)
		}
	}
}
