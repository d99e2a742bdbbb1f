package registry

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Narrowing is what the lists of clients and of API tokens can be narrowed by
// alike. Zero fields do not narrow.
type Narrowing struct {
	At             time.Time     // the moment that the other fields are about
	Status         Status        // as StatusAt derives it
	ExpiringWithin time.Duration // it, or the last secret of a client, expires after At, by then, and is not revoked
	UnusedFor      time.Duration // not used in the time before At, nor made in it
	Search         string        // in the name or description, letters of any case
	DueFrom        time.Time     // live, with a value made by then: due for rotation
}

// ListQuery is how a caller asks for a narrowed and sorted list.
type ListQuery struct {
	Status         string
	ExpiringWithin time.Duration
	UnusedFor      time.Duration
	Search         string
	RotationDue    bool
	Sort           string // createdAt, name, expiresAt or lastUsedAt, falling with "-" before it; empty: -createdAt
}

const maxSearch = 100

// narrowing checks what a caller asks for.
func (q ListQuery) narrowing(now time.Time, states ...Status) (Narrowing, Sort, error) {
	n := Narrowing{
		At: now, Status: Status(q.Status), ExpiringWithin: q.ExpiringWithin, UnusedFor: q.UnusedFor,
	}
	var v invalid
	if q.Status != "" {
		allowed := make([]string, len(states))
		for i, s := range states {
			allowed[i] = string(s)
		}
		v.oneOf("status", q.Status, allowed...)
	}
	sort, ok := sorts[q.Sort]
	switch {
	case len(v.fields) > 0:
		return n, sort, MalformedParameter("status", "%s", v.fields[0].Message)
	case !ok:
		return n, sort, MalformedParameter("sort", "must be createdAt, name, expiresAt or lastUsedAt, with - before it for falling")
	case q.ExpiringWithin < 0 || q.ExpiringWithin > longestSpan:
		return n, sort, MalformedParameter("expiringWithin", "must lie between 0 and %d", int64(longestSpan.Seconds()))
	case q.UnusedFor < 0 || q.UnusedFor > longestSpan:
		return n, sort, MalformedParameter("unusedFor", "must lie between 0 and %d", int64(longestSpan.Seconds()))
	}
	var err error
	n.Search, err = searchText(q.Search)
	return n, sort, err
}

// searchText checks what is searched for, and takes the space around it away.
func searchText(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", MalformedParameter("q", "must be one line of text")
	case utf8.RuneCountInString(text) > maxSearch:
		return "", MalformedParameter("q", "must have at most %d characters", maxSearch)
	}
	return text, nil
}

// longestSpan keeps times that are reckoned with it within four digits of a year.
const longestSpan = 100 * 365 * 24 * time.Hour

// bound are the parts of the query that a cursor is bound to.
func (q ListQuery) bound() []string {
	return []string{
		q.Status, strconv.FormatInt(int64(q.ExpiringWithin), 10), strconv.FormatInt(int64(q.UnusedFor), 10),
		strings.TrimSpace(q.Search), strconv.FormatBool(q.RotationDue), q.Sort,
	}
}

// Sort is the order of a list of credentials, equals by their id. The zero one
// is newest first.
type Sort struct {
	By        SortKey
	Ascending bool
}

// SortKey is what a list is sorted by.
type SortKey int

// The keys. What never expires comes after all that does, and what was never
// used before all that was; names are in the order of their bytes.
const (
	SortCreatedAt SortKey = iota
	SortName
	SortExpiresAt
	SortLastUsedAt
)

var sorts = map[string]Sort{
	"": {SortCreatedAt, false}, "createdAt": {SortCreatedAt, true}, "-createdAt": {SortCreatedAt, false},
	"name": {SortName, true}, "-name": {SortName, false},
	"expiresAt": {SortExpiresAt, true}, "-expiresAt": {SortExpiresAt, false},
	"lastUsedAt": {SortLastUsedAt, true}, "-lastUsedAt": {SortLastUsedAt, false},
}

func (c Client) place(by SortKey) Page {
	return placeOf(by, c.ID, c.Name, c.CreatedAt, c.ExpiresAt, c.Usage.LastUsedAt)
}

func (t APIToken) place(by SortKey) Page {
	return placeOf(by, t.ID, t.Name, t.CreatedAt, t.ExpiresAt, t.Usage.LastUsedAt)
}

// placeOf is the place of a row in a list that is sorted by that key.
func placeOf(by SortKey, id, name string, createdAt, expiresAt, lastUsedAt time.Time) Page {
	p := Page{AfterID: id}
	switch by {
	case SortCreatedAt:
		p.AfterAt = createdAt
	case SortName:
		p.AfterName = name
	case SortExpiresAt:
		p.AfterAt = expiresAt
	case SortLastUsedAt:
		p.AfterAt = lastUsedAt
	}
	return p
}

// cut takes from rows, of which one more than fits was asked for, what fits the
// page, and returns the cursor of the next one; empty for the last.
func cut[T any](c cursor, page Page, rows []T, place func(T) Page) ([]T, string) {
	if len(rows) <= page.Limit {
		return rows, ""
	}
	rows = rows[:page.Limit]
	return rows, c.behind(place(rows[len(rows)-1]))
}
