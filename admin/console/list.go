package console

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"keywright/registry"
)

// list is a list whose filters, order and page stand in the address. As a
// form it shows the filters.
type list struct {
	*form
	path    string
	filters []string
	Next    string // cursor of the next page; empty: this is the last
}

// Parameters of every list beside its filters.
const (
	paramSort   = "sort"
	paramCursor = "cursor"
)

// listOf reads what the address asks for; other parameters than the filters
// are left aside.
func (v *visit) listOf(filters ...string) *list {
	return &list{form: &form{values: v.query}, path: v.req.URL.Path, filters: filters}
}

// Cursor is that of the page that is asked for.
func (l *list) Cursor() string { return l.Raw(paramCursor) }

// Sort is the order that is asked for.
func (l *list) Sort() string { return l.Text(paramSort) }

// Filtered tells whether the list is narrowed.
func (l *list) Filtered() bool {
	for _, name := range l.filters {
		if l.Text(name) != "" {
			return true
		}
	}
	return false
}

// credentials is the query of a list of credentials, whose filters are named
// as below.
func (l *list) credentials() registry.ListQuery {
	return registry.ListQuery{
		Status: l.Text("status"), ExpiringWithin: l.span("expiringWithin"), UnusedFor: l.span("unusedFor"),
		Search: l.Text("q"), RotationDue: l.On("rotationDue"), Sort: l.Sort(),
	}
}

// span is a filter in days. What is no number is answered by registry as what
// is out of range.
func (l *list) span(name string) time.Duration {
	text := l.Text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 16)
	if err != nil {
		return -1
	}
	return time.Duration(n) * 24 * time.Hour
}

// url is the list with one parameter set, from its first page on.
func (l *list) url(name, value string) string {
	query := url.Values{}
	for _, kept := range append([]string{paramSort}, l.filters...) {
		if text := l.Text(kept); text != "" {
			query.Set(kept, text)
		}
	}
	query.Del(name)
	if value != "" {
		query.Set(name, value)
	}
	if len(query) == 0 {
		return l.path
	}
	return l.path + "?" + query.Encode()
}

// Path is the list unfiltered, and what its filters are sent to.
func (l *list) Path() string { return l.path }

// FirstURL is the first page.
func (l *list) FirstURL() string { return l.url(paramCursor, "") }

// NextURL is the next page.
func (l *list) NextURL() string { return l.url(paramCursor, l.Next) }

// SortURL sorts by a key, and the other way round if that is the order now.
func (l *list) SortURL(key string) string {
	if l.Sort() == key {
		key = "-" + key
	}
	return l.url(paramSort, key)
}

// Sorted is how the list is sorted by a key, in the words of aria-sort.
func (l *list) Sorted(key string) string {
	sort := l.Sort()
	if sort == "" {
		sort = "-createdAt"
	}
	switch {
	case strings.TrimPrefix(sort, "-") != key:
		return "none"
	case strings.HasPrefix(sort, "-"):
		return "descending"
	}
	return "ascending"
}
