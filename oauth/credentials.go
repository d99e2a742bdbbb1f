package oauth

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"keywright/registry"
)

// Client authentication methods, as RFC 8414 §2 names them.
const (
	methodBasic     = "client_secret_basic"
	methodPost      = "client_secret_post"
	methodAssertion = "private_key_jwt"
	methodNone      = "none"
)

// credentials are what a client authenticates with.
type credentials struct {
	method string
	id     string
	secret string // or the assertion
}

// readCredentials finds the one authentication method that a request uses (RFC
// 6749 §2.3). It fails with a *refusal; the method of the credentials is set
// even then. A broken Authorization header is never passed over in favour of
// the body.
func readCredentials(header http.Header, form url.Values) (credentials, error) {
	bodySecret := form.Get(paramClientSecret) != ""
	assertion := form.Get(paramClientAssertion) != "" || form.Get(paramAssertionType) != ""
	switch values := header.Values("Authorization"); {
	case len(values) > 1:
		return credentials{method: methodBasic}, invalidRequest("several Authorization headers")
	case len(values) == 1:
		return basicCredentials(values[0], form, bodySecret || assertion)
	case assertion && bodySecret:
		return credentials{method: methodAssertion}, twoMethods()
	case assertion:
		return assertionCredentials(form)
	case bodySecret:
		c := credentials{methodPost, form.Get(paramClientID), form.Get(paramClientSecret)}
		return c, c.check()
	}
	return credentials{method: methodNone}, invalidClient(registry.CauseNoCredential)
}

// assertionCredentials are those of RFC 7523 §2.2. The client_id of the form
// is optional beside them (RFC 7521 §4.2).
func assertionCredentials(form url.Values) (credentials, error) {
	c := credentials{methodAssertion, form.Get(paramClientID), form.Get(paramClientAssertion)}
	if form.Get(paramAssertionType) != assertionType || c.secret == "" || !isText(c.id) {
		return c, invalidClient(registry.CauseMalformedCredential)
	}
	return c, nil
}

func twoMethods() *refusal {
	return invalidRequest("the request authenticates the client in more than one way")
}

func basicCredentials(authorization string, form url.Values, alsoInBody bool) (credentials, error) {
	c := credentials{method: methodBasic}
	id, secret, ok := parseBasic(authorization)
	if !ok {
		return c, invalidClient(registry.CauseMalformedCredential)
	}
	c.id, c.secret = id, secret
	if err := c.check(); err != nil {
		return c, err
	}
	if alsoInBody {
		return c, twoMethods()
	}
	if named := form.Get(paramClientID); named != "" && named != c.id {
		return c, invalidRequest("client_id is not the client of the Authorization header")
	}
	return c, nil
}

// check refuses what can be no credential: nothing, or text that no database takes.
func (c credentials) check() error {
	if c.id == "" || !isText(c.id) || !isText(c.secret) {
		return invalidClient(registry.CauseMalformedCredential)
	}
	return nil
}

// parseBasic reads an Authorization header of scheme Basic (RFC 7617) whose id
// and secret are form-encoded once (RFC 6749 §2.3.1).
func parseBasic(authorization string) (id, secret string, ok bool) {
	scheme, encoded, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	decoded, err := base64.StdEncoding.Strict().DecodeString(strings.Trim(encoded, " "))
	if err != nil {
		return "", "", false
	}
	rawID, rawSecret, ok := strings.Cut(string(decoded), ":")
	if !ok {
		return "", "", false
	}
	id, err1 := url.QueryUnescape(rawID)
	secret, err2 := url.QueryUnescape(rawSecret)
	return id, secret, err1 == nil && err2 == nil
}
