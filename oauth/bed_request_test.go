package oauth_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// option changes a request before it is sent.
type option func(*http.Request)

func as(p party) option { return func(req *http.Request) { req.SetBasicAuth(p.ID, p.secret) } }

func with(header, value string) option {
	return func(req *http.Request) { req.Header.Add(header, value) }
}

func body(text string) option {
	return func(req *http.Request) {
		req.Body, req.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	}
}

func (b *bed) send(t *testing.T, method, target string, form url.Values, options ...option) reply {
	t.Helper()
	if !strings.Contains(target, "://") {
		target = b.root + target
	}
	req, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	must(t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, o := range options {
		o(req)
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	return reply{res.StatusCode, res.Header, string(text)}
}

func (b *bed) post(t *testing.T, target string, form url.Values, options ...option) reply {
	t.Helper()
	return b.send(t, "POST", target, form, options...)
}

// grant is the form of a token request with further parameters, name by value.
func grant(pairs ...string) url.Values {
	return values(append([]string{"grant_type", "client_credentials"}, pairs...)...)
}

func values(pairs ...string) url.Values {
	form := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		form.Add(pair[0], pair[1])
	}
	return form
}
