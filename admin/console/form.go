package console

import (
	"errors"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"keywright/internal/web"
	"keywright/registry"
)

// form is what somebody filled in, and what is wrong with it. Its fields are
// named as registry names them in its errors. The methods with a capital
// letter are for templates, too; those of a nil form find nothing.
type form struct {
	values  url.Values
	broken  []registry.FieldError // values that are no number or no date
	err     error                 // why it was rejected
	ErrorID string                // of the rejection
}

// newForm returns a form that shows those values: names and values in turn.
func newForm(pairs ...string) *form {
	f := &form{values: url.Values{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values.Add(pairs[i], pairs[i+1])
	}
	return f
}

// readForm reads what was posted.
func (v *visit) readForm() (*form, error) {
	kind, _, err := mime.ParseMediaType(v.req.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, registry.Malformed("the body is no form")
	}
	raw, err := web.ReadBody(v.w, v.req)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, registry.Malformed("the form is not encoded as one")
	}
	if err := wellFormed(values); err != nil {
		return nil, err
	}
	for _, all := range values {
		for i := range all {
			all[i] = strings.ReplaceAll(all[i], "\r\n", "\n") // as browsers send new lines
		}
	}
	return &form{values: values}, nil
}

// wellFormed refuses what no browser sends and no database keeps.
func wellFormed(values url.Values) error {
	for name, all := range values {
		for _, value := range append(all, name) {
			if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				err := registry.Malformed("the request must be UTF-8 without NUL")
				err.Fields = []registry.FieldError{{Field: name, Message: "must be UTF-8 without NUL"}}
				return err
			}
		}
	}
	return nil
}

// Text is a field without the space around it.
func (f *form) Text(name string) string { return strings.TrimSpace(f.Raw(name)) }

// Raw is a field as it was typed: for passwords.
func (f *form) Raw(name string) string {
	if f == nil {
		return ""
	}
	return f.values.Get(name)
}

// All are the values of the boxes that were ticked.
func (f *form) All(name string) []string {
	if f == nil {
		return nil
	}
	return f.values[name]
}

// Lines are the words of a field, one per line or with space between.
func (f *form) Lines(name string) []string { return strings.Fields(f.Raw(name)) }

// On tells whether a box was ticked.
func (f *form) On(name string) bool { return f.Raw(name) != "" }

// Has tells whether a value was chosen.
func (f *form) Has(name, value string) bool { return slices.Contains(f.All(name), value) }

// Number is a whole number; 0 for an empty field.
func (f *form) Number(name string) int64 {
	text := f.Text(name)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		f.unreadable(name, "must be a whole number")
	}
	return n
}

// Seconds is a length of time in whole seconds; 0 for an empty field. One that
// is longer than all that are allowed stays so, and one below 0 too.
func (f *form) Seconds(name string) time.Duration {
	const beyond = 1 << 31
	return time.Duration(max(-1, min(f.Number(name), beyond))) * time.Second
}

// Day is the end of a day, in UTC, as a date input has it; zero for an empty field.
func (f *form) Day(name string) time.Time {
	text := f.Text(name)
	if text == "" {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		f.unreadable(name, "must be a date such as 2027-01-31")
		return time.Time{}
	}
	return day.AddDate(0, 0, 1).Add(-time.Second)
}

// unreadable notes that a field cannot be read.
func (f *form) unreadable(name, rule string) {
	f.broken = append(f.broken, registry.FieldError{Field: name, Message: rule})
}

// try runs call, unless a field could not be read: all are read before. What is wrong with the form
// is kept to be shown in it; see Rejected.
func (f *form) try(call func() error) error {
	err := error(&registry.Error{
		Kind: registry.KindInvalid, Code: registry.CodeInvalidInput, Message: "the input breaks a rule", Fields: f.broken,
	})
	if len(f.broken) == 0 {
		err = call()
	}
	if err != nil {
		switch registry.KindOf(err) {
		case registry.KindInvalid, registry.KindConflict, registry.KindPrecondition, registry.KindTooMany:
			f.reject(err)
		}
	}
	return err
}

// reject makes err something to be shown in the form.
func (f *form) reject(err error) { f.err = err }

// Rejected tells whether the form is to be shown again with what is wrong.
func (f *form) Rejected() bool { return f != nil && f.err != nil }

// Stale tells whether what the form changes is another by now than was shown.
func (f *form) Stale() bool {
	return f.Rejected() && registry.KindOf(f.err) == registry.KindPrecondition
}

// wrong is one thing that is wrong with a form.
type wrong struct{ Field, Message string }

// Wrong is everything that is wrong, for the top of the form.
func (f *form) Wrong() []wrong {
	if !f.Rejected() {
		return nil
	}
	if slowed, ok := errors.AsType[*web.SlowDownError](f.err); ok {
		return []wrong{{"", "Too many attempts. Try again in " + wait(slowed.After) + "."}}
	}
	e, ok := errors.AsType[*registry.Error](f.err)
	switch {
	case !ok:
		return []wrong{{"", "That is not right."}}
	case len(e.Fields) == 0:
		return []wrong{{"", sentence(e.Message)}}
	}
	all := make([]wrong, len(e.Fields))
	for i, field := range e.Fields {
		all[i] = wrong{fieldName(field.Field), fieldMessage(field)}
	}
	return all
}

// wait is a length of time in whole seconds, at least one: that of the header
// Retry-After.
func wait(d time.Duration) string {
	return life(max(time.Second, (d + time.Second - 1).Truncate(time.Second)))
}

// WrongWith is what is wrong with one field.
func (f *form) WrongWith(name string) []string {
	var all []string
	for _, one := range f.Wrong() {
		if one.Field == name {
			all = append(all, one.Message)
		}
	}
	return all
}

// fieldName is the field of a form that a path such as "ipWhitelist[2]" lies in.
func fieldName(path string) string {
	if i := strings.IndexAny(path, "[."); i >= 0 {
		return path[:i]
	}
	return path
}

// fieldMessage says which entry of a field breaks the rule.
func fieldMessage(e registry.FieldError) string {
	_, rest, ok := strings.Cut(e.Field, "[")
	if !ok {
		return sentence(e.Message)
	}
	index, _, _ := strings.Cut(rest, "]")
	if n, err := strconv.Atoi(index); err == nil {
		return "Entry " + strconv.Itoa(n+1) + " " + strings.TrimSuffix(e.Message, ".") + "."
	}
	return sentence(e.Message)
}
