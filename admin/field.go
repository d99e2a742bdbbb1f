package admin

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"keywright/registry"
)

// field is one member of a JSON merge patch (RFC 7396): absent, null, or a value.
type field[T any] struct {
	present bool
	null    bool
	value   T
}

// UnmarshalJSON is called only for a member that is present.
func (f *field[T]) UnmarshalJSON(raw []byte) error {
	f.present = true
	if f.null = bytes.Equal(raw, []byte("null")); f.null {
		return nil
	}
	return json.Unmarshal(raw, &f.value)
}

// Schema is that of the value, or null.
func (f field[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), true, "")
	if s.Ref == "" && s.Type != "" {
		s.Nullable = true
	}
	return &s
}

// patch is nil for an absent member, and points to the zero value for null.
func (f field[T]) patch() *T {
	if !f.present {
		return nil
	}
	return &f.value
}

// mustSay refuses null for a switch: whether to clear it means on or off is not
// for us to guess.
func mustSay(name string, f field[bool]) error {
	if !f.null {
		return nil
	}
	return &registry.Error{
		Kind: registry.KindInvalid, Code: registry.CodeInvalidInput, Message: "the input breaks a rule",
		Fields: []registry.FieldError{{Field: name, Message: "must be true or false"}},
	}
}

// seconds is a number of seconds as a duration; beyond what a duration can
// hold it is the longest or shortest there is, in whole seconds.
func seconds(n int64) time.Duration {
	const most = int64(math.MaxInt64 / time.Second)
	return time.Duration(min(max(n, -most), most)) * time.Second
}

// secondsPatch is patch for a duration that is given in seconds.
func secondsPatch(f field[int64]) *time.Duration {
	if !f.present {
		return nil
	}
	d := seconds(f.value)
	return &d
}

// orNull is null on the wire for the zero value.
func orNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// timeOrNull is null on the wire for no time, else in UTC.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// listed is an empty list on the wire for nil.
func listed[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
