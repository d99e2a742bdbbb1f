package storage

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"keywright/registry"
)

// Types of columns. Each writes itself the same way for both databases and
// reads what either of them, or their JSON functions, answer.

// moment is a time: UTC, to the microsecond; zero is NULL. Its text has a
// fixed width, so that in SQLite text order is time order.
type moment struct{ time.Time }

const momentLayout = "2006-01-02T15:04:05.000000Z"

func (m moment) Value() (driver.Value, error) {
	if m.IsZero() {
		return nil, nil
	}
	return m.UTC().Format(momentLayout), nil
}

func (m *moment) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		m.Time = time.Time{}
	case time.Time:
		m.Time = src.UTC()
	case string:
		return m.parse(src)
	case []byte:
		return m.parse(string(src))
	default:
		return fmt.Errorf("a time as %T", src)
	}
	return nil
}

func (m moment) MarshalJSON() ([]byte, error) {
	text, _ := m.Value() // never fails
	return json.Marshal(text)
}

func (m *moment) UnmarshalJSON(b []byte) error {
	var text *string
	if err := json.Unmarshal(b, &text); err != nil || text == nil {
		return err
	}
	return m.parse(*text)
}

func (m *moment) parse(text string) error {
	t, err := time.Parse(time.RFC3339Nano, text)
	m.Time = t.UTC()
	return err
}

// optional is text that is NULL when empty.
type optional string

func (o optional) Value() (driver.Value, error) {
	if o == "" {
		return nil, nil
	}
	return string(o), nil
}

func (o *optional) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*o = ""
	case string:
		*o = optional(src)
	case []byte:
		*o = optional(src)
	default:
		return fmt.Errorf("text as %T", src)
	}
	return nil
}

// list is a list of strings as a JSON array; empty and nil are the same.
type list []string

func (l list) Value() (driver.Value, error) {
	if len(l) == 0 {
		return "[]", nil
	}
	for _, s := range l {
		if !isText(s) {
			return notText, nil // JSON would carry it, changed
		}
	}
	b, err := json.Marshal([]string(l))
	return string(b), err
}

func (l *list) Scan(src any) error {
	return (*rowsOf[string])(l).Scan(src)
}

func (l *list) UnmarshalJSON(b []byte) error {
	return (*rowsOf[string])(l).Scan(b)
}

// rowsOf is what a subquery answers as a JSON array; none is nil.
type rowsOf[T any] []T

func (r *rowsOf[T]) Scan(src any) error {
	*r = nil
	var err error
	switch src := src.(type) {
	case nil:
	case string:
		err = json.Unmarshal([]byte(src), (*[]T)(r))
	case []byte:
		err = json.Unmarshal(src, (*[]T)(r))
	default:
		err = fmt.Errorf("a list as %T", src)
	}
	if len(*r) == 0 {
		*r = nil
	}
	return err
}

// convert maps rows; none is nil.
func convert[Row, Domain any](rows []Row, domain func(Row) Domain) []Domain {
	if len(rows) == 0 {
		return nil
	}
	all := make([]Domain, len(rows))
	for i, row := range rows {
		all[i] = domain(row)
	}
	return all
}

// digest is the digest of a secret as bytes, hexadecimal in JSON.
type digest []byte

func (d *digest) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return errors.New("a digest that is not a string")
	}
	raw, err := hex.DecodeString(text)
	if err != nil {
		return errors.New("a digest that is not hexadecimal")
	}
	*d = raw
	return nil
}

func (d digest) under(pepperID string) registry.Digest {
	out := registry.Digest{PepperID: pepperID}
	if len(d) == sha256.Size {
		copy(out.Sum[:], d)
	}
	return out
}

// document is JSON kept byte for byte; nil is NULL.
type document []byte

func (d document) Value() (driver.Value, error) {
	if d == nil {
		return nil, nil
	}
	return string(d), nil
}

func (d *document) Scan(src any) error {
	switch src := src.(type) {
	case nil:
		*d = nil
	case string:
		*d = document(src)
	case []byte:
		*d = slices.Clone(src)
	default:
		return fmt.Errorf("a document as %T", src)
	}
	return nil
}

func (d *document) UnmarshalJSON(b []byte) error {
	var text *string
	if err := json.Unmarshal(b, &text); err != nil || text == nil {
		return err
	}
	*d = document(*text)
	return nil
}

// Addresses and prefixes are text. What was not written here reads as zero.

func addressText(a netip.Addr) optional {
	if !a.IsValid() {
		return ""
	}
	return optional(a.String())
}

func parseAddress(text optional) netip.Addr {
	a, err := netip.ParseAddr(string(text))
	if err != nil {
		return netip.Addr{}
	}
	return a
}

func prefixTexts(prefixes []netip.Prefix) list {
	return list(convert(prefixes, netip.Prefix.String))
}
