package web

import (
	"fmt"
	"strings"
	"testing"
)

func TestLoggedPath(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJrd2NfMSJ9.c2ln-bmF0_dXJl"
	long := "/" + strings.Repeat("x", maxLoggedPath-5)
	for path, want := range map[string]string{
		"/nowhere":                        "/nowhere",
		"/a%2Fb%20c/%2574":                "/a%2Fb%20c/%2574",
		"/js/jquery.min.js":               "/js/jquery.min.js",
		"/v1/clients/kwc_7f3k9m2p":        "/v1/clients/kwc_7f3k9m2p",
		"/oauth2/introspect/kwt_0123abc":  "/oauth2/introspect/[redacted]",
		"/kws_0123abc/x/kwa_A-b_9":        "/[redacted]/x/[redacted]",
		"/x=KWT_0123ABC;y":                "/x=[redacted];y",
		"/x/" + jwt:                       "/x/[redacted]",
		"/x/" + jwt + ".c2VnbWVudA/y":     "/x/[redacted]/y",
		"/x%20y/" + everyByteEscaped(jwt): "/x%20y/[redacted]",
		"/x/%6bw%74_%30123abc/y":          "/x/[redacted]/y",
		"/x/kw%2574_0%2525316":            "/x/[redacted]",
		"/%25zz/%25/kw%2574_0123":         "/%25zz/%25/[redacted]",
		"/%%36bwt_0123":                   "/[redacted]",
		long + "kwt_0123":                 long + "[red…",
		long + "12345":                    long + "1234…",
	} {
		if got := loggedPath(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func everyByteEscaped(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}
