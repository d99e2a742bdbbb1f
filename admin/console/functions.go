package console

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// functions are what templates can call.
var functions = template.FuncMap{
	"args":   args,
	"count":  func(counts map[string]int, id string) int64 { return int64(counts[id]) },
	"date":   date,
	"days":   days,
	"hint":   hint,
	"join":   func(all []string) string { return strings.Join(all, " ") },
	"list":   func(all ...any) []any { return all },
	"option": func(value, label string) option { return option{value, label} },
	"more":   func(all, shown int) int { return all - shown },
	"number": number,
	"static": staticURL,
	"utc":    utc,
	"words":  words,
}

// option is one choice of a select or of checkboxes.
type option struct{ Value, Label string }

// args makes the arguments of a part: names and values in turn.
func args(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("args: %d is no number of names and values", len(pairs))
	}
	all := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("args: %v is no name", pairs[i])
		}
		all[name] = pairs[i+1]
	}
	return all, nil
}

// utc is a moment for people: "2026-03-01 12:00 UTC". The script adds the
// local time, to be seen on hover.
func utc(t time.Time) template.HTML {
	if t.IsZero() {
		return "never"
	}
	t = t.UTC()
	//nolint:gosec // digits and punctuation alone
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, t.Format(time.RFC3339), t.Format("2006-01-02 15:04 UTC")))
}

// date is a moment to the day, for columns.
func date(t time.Time) template.HTML {
	if t.IsZero() {
		return "never"
	}
	t = t.UTC()
	//nolint:gosec // as above
	return template.HTML(fmt.Sprintf(`<time datetime="%s">%s</time>`, t.Format(time.RFC3339), t.Format("2006-01-02")))
}

// days is a length of time in whole days.
func days(d time.Duration) string {
	n := int(d.Hours() / 24)
	if n == 1 {
		return "1 day"
	}
	return strconv.Itoa(n) + " days"
}

// number groups digits by threes: "12 345", with narrow no-break spaces.
func number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// hint masks an id: its prefix and the last four characters.
func hint(id string) string {
	prefix, rest, ok := strings.Cut(id, "_")
	if !ok || len(rest) < 8 {
		return id
	}
	return prefix + "_…" + rest[len(rest)-4:]
}

// words are the words of a field's name: "Expires at" for expiresAt.
func words(name string) string {
	var text strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			text.WriteByte(' ')
		}
		if i == 0 {
			r = unicode.ToUpper(r)
		} else {
			r = unicode.ToLower(r)
		}
		text.WriteRune(r)
	}
	return text.String()
}
