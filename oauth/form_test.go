package oauth

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(target, contentType, body string) (url.Values, error) {
	req := httptest.NewRequest("POST", target, strings.NewReader(body))
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return readForm(httptest.NewRecorder(), req)
}

const formType = "application/x-www-form-urlencoded"

func TestReadForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		target, contentType, body string
		want                      url.Values
	}{
		"plain":               {"/", formType, "a=1&b=2", url.Values{"a": {"1"}, "b": {"2"}}},
		"charset":             {"/", formType + "; charset=UTF-8", "a=1", url.Values{"a": {"1"}}},
		"encoded":             {"/", formType, "%61=x%20y+z", url.Values{"a": {"x y z"}}},
		"empty is omitted":    {"/", formType, "a=&b&&=&c=1", url.Values{"c": {"1"}}},
		"resource repeats":    {"/", formType, "resource=a&resource=b", url.Values{"resource": {"a", "b"}}},
		"semicolon is text":   {"/", formType, "a=1;b=2", url.Values{"a": {"1;b=2"}}},
		"token of any bytes":  {"/", formType, "token=%00%ff", url.Values{"token": {"\x00\xff"}}},
		"query that is noise": {"/?utm=1", formType, "a=1", url.Values{"a": {"1"}}},

		"parameter in the query":  {"/?client_secret=x", formType, "a=1", nil},
		"broken query":            {"/?%zz", formType, "a=1", nil},
		"semicolon in the query":  {"/?a;client_secret=x", formType, "a=1", nil},
		"JSON":                    {"/", "application/json", "{}", nil},
		"no content type":         {"/", "", "a=1", nil},
		"broken content type":     {"/", formType + ";;;", "a=1", nil},
		"repeated":                {"/", formType, "scope=a&scope=a", nil},
		"repeated, unknown":       {"/", formType, "a=1&a=1", nil},
		"repeated without value":  {"/", formType, "scope=&scope=a", nil},
		"repeated, other spelled": {"/", formType, "scope=a&%73cope=a", nil},
		"broken escape":           {"/", formType, "a=%zz", nil},
		"NUL":                     {"/", formType, "scope=%00", nil},
		"invalid UTF-8":           {"/", formType, "scope=%ff", nil},
		"many parameters":         {"/", formType, manyParameters(maxParameters + 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := read(c.target, c.contentType, c.body)
			if (err != nil) != (c.want == nil) {
				t.Fatalf("got error %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
		})
	}
}

func manyParameters(n int) string {
	form := url.Values{}
	for i := range n {
		form.Set("p"+strings.Repeat("x", i), "1")
	}
	return form.Encode()
}

func FuzzReadForm(f *testing.F) {
	for _, seed := range []string{"", "a=1&b=2", "scope=a&scope=b", "%zz", "resource=a&resource=b", "token=%00", "a;b=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		form, err := read("/", formType, body)
		if err != nil {
			if r := asRefusal(err); r.status != 400 {
				t.Fatalf("refused with %d: %v", r.status, err)
			}
			return
		}
		want, err := url.ParseQuery(strings.ReplaceAll(body, ";", "%3B"))
		if err != nil {
			t.Fatalf("net/url refuses what was accepted: %v", err)
		}
		for name, values := range want {
			values = withoutEmpty(values)
			if diff := cmp.Diff(values, form[name]); diff != "" {
				t.Fatalf("parameter %q (-net/url +got):\n%s", name, diff)
			}
		}
	})
}

func withoutEmpty(values []string) []string {
	var kept []string
	for _, v := range values {
		if v != "" {
			kept = append(kept, v)
		}
	}
	return kept
}
