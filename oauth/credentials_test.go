package oauth

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

func basic(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }

func asserted(id, assertion string) url.Values {
	return url.Values{paramClientID: {id}, paramClientAssertion: {assertion}, paramAssertionType: {assertionType}}
}

func TestReadCredentials(t *testing.T) {
	t.Parallel()
	body := url.Values{paramClientID: {"id"}, paramClientSecret: {"secret"}}
	for name, c := range map[string]struct {
		authorization []string
		form          url.Values
		want          credentials
		cause         registry.Cause
	}{
		"header":                      {[]string{basic("id:secret")}, nil, credentials{methodBasic, "id", "secret"}, 0},
		"header, colon in the secret": {[]string{basic("id:a:b")}, nil, credentials{methodBasic, "id", "a:b"}, 0},
		"header, form-encoded":        {[]string{basic("i%64:a%2Bb+c")}, nil, credentials{methodBasic, "id", "a+b c"}, 0},
		"header, scheme in lower case": {
			[]string{"basic" + basic("id:secret")[5:]}, nil, credentials{methodBasic, "id", "secret"}, 0,
		},
		"header, same client_id in the body": {
			[]string{basic("id:secret")}, url.Values{paramClientID: {"id"}}, credentials{methodBasic, "id", "secret"}, 0,
		},
		"body":             {nil, body, credentials{methodPost, "id", "secret"}, 0},
		"nothing":          {nil, nil, credentials{method: methodNone}, registry.CauseNoCredential},
		"only a client_id": {nil, url.Values{paramClientID: {"id"}}, credentials{method: methodNone}, registry.CauseNoCredential},
		"only a secret":    {nil, url.Values{paramClientSecret: {"x"}}, credentials{methodPost, "", "x"}, registry.CauseMalformedCredential},
		"header and body":  {[]string{basic("id:secret")}, body, credentials{methodBasic, "id", "secret"}, registry.CauseInvalidRequest},
		"two headers":      {[]string{basic("a:b"), basic("c:d")}, nil, credentials{method: methodBasic}, registry.CauseInvalidRequest},
		"two clients":      {[]string{basic("id:secret")}, url.Values{paramClientID: {"other"}}, credentials{methodBasic, "id", "secret"}, registry.CauseInvalidRequest},
		"assertion":        {nil, asserted("", "x"), credentials{methodAssertion, "", "x"}, 0},
		"assertion and id": {nil, asserted("id", "x"), credentials{methodAssertion, "id", "x"}, 0},
		"assertion, no type": {
			nil, url.Values{paramClientAssertion: {"x"}}, credentials{methodAssertion, "", "x"}, registry.CauseMalformedCredential,
		},
		"no assertion":         {nil, asserted("", ""), credentials{methodAssertion, "", ""}, registry.CauseMalformedCredential},
		"assertion, NUL in id": {nil, asserted("\x00", "x"), credentials{methodAssertion, "\x00", "x"}, registry.CauseMalformedCredential},
		"assertion and body": {
			nil, url.Values{paramClientAssertion: {"x"}, paramClientSecret: {"x"}}, credentials{method: methodAssertion}, registry.CauseInvalidRequest,
		},
		"broken header, good body": {[]string{"Basic !"}, body, credentials{method: methodBasic}, registry.CauseMalformedCredential},
		"other scheme, good body":  {[]string{"Bearer x"}, body, credentials{method: methodBasic}, registry.CauseMalformedCredential},
		"no colon":                 {[]string{basic("id")}, nil, credentials{method: methodBasic}, registry.CauseMalformedCredential},
		"broken escape":            {[]string{basic("id:%zz")}, nil, credentials{method: methodBasic}, registry.CauseMalformedCredential},
		"no id":                    {[]string{basic(":secret")}, nil, credentials{methodBasic, "", "secret"}, registry.CauseMalformedCredential},
		"NUL":                      {[]string{basic("id:%00")}, nil, credentials{methodBasic, "id", "\x00"}, registry.CauseMalformedCredential},
		"invalid UTF-8":            {[]string{basic("\xff:secret")}, nil, credentials{methodBasic, "\xff", "secret"}, registry.CauseMalformedCredential},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := readCredentials(http.Header{"Authorization": c.authorization}, c.form)
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(credentials{})); diff != "" {
				t.Errorf("credentials (-want +got):\n%s", diff)
			}
			cause := registry.CauseNone
			if err != nil {
				cause = asRefusal(err).cause
			}
			if cause != c.cause {
				t.Errorf("cause: got %v, want %v", cause, c.cause)
			}
		})
	}
}

func FuzzBasic(f *testing.F) {
	for _, seed := range []string{"", "Basic", basic("a:b"), basic("%41:%"), "bAsIc ====", "Bearer x", basic("a\x00:\xff")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, authorization string) {
		got, err := readCredentials(http.Header{"Authorization": {authorization}}, nil)
		if err == nil && (got.id == "" || !isText(got.id) || !isText(got.secret)) {
			t.Fatalf("credentials passed that no database takes: %q", got)
		}
	})
}
