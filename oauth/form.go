package oauth

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"keywright/internal/web"
)

// Bounds of a request, so that a hostile one costs little before anybody knows
// who sent it.
const (
	maxParameters = 100
	maxScopes     = 256
	maxResources  = 32
)

// Parameters of the three endpoints.
const (
	paramGrantType       = "grant_type"
	paramScope           = "scope"
	paramResource        = "resource"
	paramAudience        = "audience"
	paramClientID        = "client_id"
	paramClientSecret    = "client_secret"
	paramClientAssertion = "client_assertion"
	paramAssertionType   = "client_assertion_type"
	paramToken           = "token"
	paramTokenTypeHint   = "token_type_hint"
	paramClientIP        = "client_ip"
)

// parameters are those that mean something somewhere.
var parameters = []string{
	paramGrantType, paramScope, paramResource, paramAudience, paramClientID, paramClientSecret,
	paramClientAssertion, paramAssertionType, paramToken, paramTokenTypeHint, paramClientIP, "access_token",
}

// typeForm is the media type of the requests.
const typeForm = "application/x-www-form-urlencoded"

// repeatable may occur more than once (RFC 8707 §2).
var repeatable = []string{paramResource, paramAudience}

// checkedElsewhere are parameters whose text is judged where they are used:
// broken credentials are wrong ones, and a token of any bytes is just unknown.
var checkedElsewhere = []string{paramClientID, paramClientSecret, paramToken}

// formRequest is a request on its way through the checks.
type formRequest struct {
	*http.Request
	writer http.ResponseWriter
	body   string
	form   url.Values // parameters with a value
}

// formChecks are what every request to a POST endpoint must pass, in this
// order. They come before fosite, which reads the query, multipart bodies,
// repeated parameters and bodies of any size.
var formChecks = []func(*formRequest) error{
	queryHasNoParameters,
	bodyIsDeclaredAsForm,
	bodyIsSmall,
	bodyIsForm,
	parametersAreText,
}

// readForm returns the parameters of a POST request, or an error for asRefusal. It also
// leaves them where fosite looks for them.
func readForm(w http.ResponseWriter, req *http.Request) (url.Values, error) {
	r := &formRequest{Request: req, writer: w}
	for _, check := range formChecks {
		if err := check(r); err != nil {
			return nil, err
		}
	}
	req.Form, req.PostForm = r.form, r.form
	return r.form, nil
}

// queryHasNoParameters: what belongs in the body ends up in logs when it
// stands in the address (RFC 6749 §2.3.1 and §3.2).
func queryHasNoParameters(r *formRequest) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	misplaced := invalidRequest("parameters belong in the body, not in the address")
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return misplaced
	}
	for _, name := range parameters {
		if query.Has(name) {
			return misplaced
		}
	}
	return nil
}

func bodyIsDeclaredAsForm(r *formRequest) error {
	types := r.Header.Values("Content-Type")
	if len(types) == 1 {
		if types[0] == typeForm { // as nearly everybody writes it
			return nil
		}
		if media, _, err := mime.ParseMediaType(types[0]); err == nil && media == typeForm {
			return nil
		}
	}
	return invalidRequest("the content type must be application/x-www-form-urlencoded")
}

func bodyIsSmall(r *formRequest) error {
	body, err := web.ReadBody(r.writer, r.Request)
	r.body = string(body)
	return err
}

// bodyIsForm decodes the body. A parameter without a value counts as omitted,
// and none may occur twice (RFC 6749 §3.2), not even without a value.
func bodyIsForm(r *formRequest) error {
	r.form = url.Values{}
	seen := make([]string, 0, 8) // names; few, and bounded
	for pair := range strings.SplitSeq(r.body, "&") {
		if pair == "" {
			continue
		}
		if len(seen) == maxParameters {
			return invalidRequest("the body has too many parameters")
		}
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(rawName)
		value, err2 := url.QueryUnescape(rawValue)
		if err1 != nil || err2 != nil {
			return invalidRequest("the body is not form-encoded")
		}
		if slices.Contains(seen, name) && !slices.Contains(repeatable, name) {
			return invalidRequest("parameter " + name + " occurs more than once")
		}
		seen = append(seen, name)
		if value != "" {
			r.form[name] = append(r.form[name], value)
		}
	}
	return nil
}

func parametersAreText(r *formRequest) error {
	for _, name := range parameters {
		if slices.Contains(checkedElsewhere, name) {
			continue
		}
		for _, value := range r.form[name] {
			if !isText(value) {
				return invalidRequest("parameter " + name + " is not valid UTF-8 text")
			}
		}
	}
	return nil
}

// isText tells whether s is UTF-8 without NUL, which no database takes.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
