package admin

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","scopes":["a"]}`, `{"a":{"b":[1,2,{"c":null}]},"d":true}`, `{"a":1,"a":2}`, `{"a":"\u0000"}`,
		`{"a":"\ud83d\udd11"}`, `{"a":"\ud83d"}`, `{"a":"\\u0000"}`, `[]`, `{}{}`, ``, `{"":{"":""}}`, `{"a":1e999}`,
		strings.Repeat(`{"a":`, 40), `{"a":[{},{"a":1},[[]]]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if checkJSON(raw) != nil {
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("%q is not JSON", raw)
		}
		// What was accepted reads the same way twice: nothing was mended.
		var value map[string]any
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber()
		if err := dec.Decode(&value); err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		again, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkJSON(again); err != nil {
			t.Fatalf("%q was accepted, but %q is not: %v", raw, again, err)
		}
		if got, want := countNames(value), countNamesIn(raw); got != want {
			t.Fatalf("%q: read %d names of %d", raw, got, want)
		}
	})
}

// countNames counts the members of all objects in a value.
func countNames(value any) int {
	n := 0
	switch v := value.(type) {
	case map[string]any:
		n = len(v)
		for _, inner := range v {
			n += countNames(inner)
		}
	case []any:
		for _, inner := range v {
			n += countNames(inner)
		}
	}
	return n
}

// countNamesIn counts the colons of valid JSON that stand outside of strings:
// one for each member that was written.
func countNamesIn(raw []byte) int {
	n, inString := 0, false
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] == '"':
			inString = !inString
		case raw[i] == '\\' && inString:
			i++
		case raw[i] == ':' && !inString:
			n++
		}
	}
	return n
}

func FuzzBearerSyntax(f *testing.F) {
	f.Add("kwt_0123456789abcdef")
	f.Add("a.b-c_d~e+f/g==")
	f.Add("=")
	f.Add("a=b")
	f.Fuzz(func(t *testing.T, text string) {
		if isToken68(text) && strings.ContainsAny(text, " \t\r\n\",;\\\x00") {
			t.Errorf("%q was taken for a token", text)
		}
	})
}

func FuzzIfMatch(f *testing.F) {
	f.Add(`"1"`)
	f.Add(`W/"1"`)
	f.Add(`*`)
	f.Add(`"1","2"`)
	f.Fuzz(func(t *testing.T, header string) {
		revision, err := ifMatch(header)
		if err == nil && revision > 0 && etag(revision) != header {
			t.Errorf("%q was taken for revision %d", header, revision)
		}
		if err == nil && revision == 0 && header != "" && header != "*" {
			t.Errorf("%q was ignored", header)
		}
	})
}
