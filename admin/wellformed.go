package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"keywright/internal/web"
	"keywright/registry"
)

// maxDepth is how deep objects and arrays may nest in a body.
const maxDepth = 32

// wellFormed refuses what encoding/json and net/url would quietly mend:
// repeated names, of which two readers may believe different ones; deep
// nesting; text that is not Unicode or has a NUL, which databases treat
// differently. The handler behind it reads the same bytes again.
func wellFormed(g *gin.Context) {
	if err := checkRequest(g.Writer, g.Request); err != nil {
		g.Abort()
		web.WriteProblem(g.Writer, g.Request, err)
	}
}

func checkRequest(w http.ResponseWriter, req *http.Request) error {
	if err := checkQuery(req.URL.RawQuery); err != nil {
		return err
	}
	raw, err := web.ReadBody(w, req)
	if err != nil {
		return err
	}
	req.Body = io.NopCloser(bytes.NewReader(raw))
	if len(raw) == 0 {
		return nil
	}
	if !isJSONType(req.Header.Get("Content-Type")) {
		return registry.Malformed("the body must be JSON: send Content-Type: application/json")
	}
	req.Header.Set("Content-Type", "application/json") // huma knows this one spelling
	if err := checkJSON(raw); err != nil {
		return registry.Malformed("the body %s", err)
	}
	return nil
}

func checkQuery(raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return registry.Malformed("the query is not well-formed")
	}
	for name, values := range query {
		if len(values) > 1 {
			return registry.Malformed("the query repeats a parameter")
		}
		if !isText(name) || !isText(values[0]) {
			return registry.Malformed("the query must be valid UTF-8 without NUL")
		}
	}
	return nil
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// isJSONType admits JSON and JSON merge patches, in UTF-8.
func isJSONType(header string) bool {
	mediaType, params, err := mime.ParseMediaType(header)
	if err != nil || (mediaType != "application/json" && mediaType != "application/merge-patch+json") {
		return false
	}
	charset, has := params["charset"]
	return !has || strings.EqualFold(charset, "utf-8")
}

// checkJSON tells what is wrong with a body that must be one JSON object.
func checkJSON(raw []byte) error {
	if !utf8.Valid(raw) {
		return errors.New("is not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var open []jsonLevel
	for first := true; first || len(open) > 0; first = false {
		token, err := dec.Token()
		if err != nil {
			return errors.New("is not valid JSON")
		}
		if first && token != json.Delim('{') {
			return errors.New("must be a JSON object")
		}
		if open, err = step(open, token); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("has more than one JSON value")
	}
	return checkEscapes(raw)
}

// jsonLevel is one object or array that is open.
type jsonLevel struct {
	names    map[string]bool // seen so far; nil in an array
	nameNext bool            // in an object: the next token is a name
}

// step follows one token: into or out of a level, or past a name or value.
func step(open []jsonLevel, token json.Token) ([]jsonLevel, error) {
	if token == json.Delim('}') || token == json.Delim(']') {
		return open[:len(open)-1], nil
	}
	if len(open) > 0 {
		top := &open[len(open)-1]
		if name, ok := token.(string); ok && top.nameNext {
			if top.names[name] {
				return nil, errors.New("repeats a name within an object")
			}
			top.names[name] = true
			top.nameNext = false
			return open, nil
		}
		top.nameNext = top.names != nil
	}
	switch token {
	case json.Delim('{'):
		open = append(open, jsonLevel{names: map[string]bool{}, nameNext: true})
	case json.Delim('['):
		open = append(open, jsonLevel{})
	}
	if len(open) > maxDepth {
		return nil, fmt.Errorf("nests deeper than %d levels", maxDepth)
	}
	return open, nil
}

// checkEscapes looks at the \u escapes of valid JSON: none may be a NUL or
// half of a surrogate pair, which encoding/json replaces without a word.
func checkEscapes(raw []byte) error {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 {
			return nil
		}
		escape, isUnicode := unicodeEscape(raw[i:])
		if !isUnicode {
			raw = raw[i+2:]
			continue
		}
		raw = raw[i+6:]
		if utf16.IsSurrogate(escape) {
			low, ok := unicodeEscape(raw)
			if !ok || utf16.DecodeRune(escape, low) == utf8.RuneError {
				return errors.New("has half of a surrogate pair")
			}
			raw = raw[6:]
		}
		if escape == 0 {
			return errors.New("must not contain NUL")
		}
	}
}

// unicodeEscape reads an escape such as \u00e9 at the front of raw.
func unicodeEscape(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	code, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return rune(code), err == nil
}
