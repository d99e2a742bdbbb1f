package oauth

import (
	"net/url"
	"slices"
	"strings"
)

// grantClientCredentials is the one grant (RFC 6749 §4.4).
const grantClientCredentials = "client_credentials"

// tokenChecks are what a token request must pass before fosite sees it, in
// this order.
var tokenChecks = []func(url.Values) error{
	grantTypeIsGiven,
	grantTypeIsSupported,
	scopeIsWellFormed,
	resourcesAreAbsolute,
}

func checkTokenRequest(form url.Values) error {
	for _, check := range tokenChecks {
		if err := check(form); err != nil {
			return err
		}
	}
	return nil
}

func grantTypeIsGiven(form url.Values) error {
	if form.Get(paramGrantType) == "" {
		return invalidRequest("parameter grant_type is missing")
	}
	return nil
}

// grantTypeIsSupported compares the whole value: fosite would split it at spaces.
func grantTypeIsSupported(form url.Values) error {
	if form.Get(paramGrantType) != grantClientCredentials {
		return unsupportedGrantType()
	}
	return nil
}

// scopeIsWellFormed holds scope to RFC 6749 §3.3: tokens of %x21 / %x23-5B /
// %x5D-7E with one space between. Their number is bounded, because what
// follows compares each with each.
func scopeIsWellFormed(form url.Values) error {
	scope := form.Get(paramScope)
	if scope == "" {
		return nil
	}
	count := 0
	for token := range strings.SplitSeq(scope, " ") {
		if count++; count > maxScopes {
			return invalidScope("parameter scope has too many values")
		}
		if !isScopeToken(token) {
			return invalidScope("parameter scope breaks the grammar of RFC 6749 section 3.3")
		}
	}
	return nil
}

func isScopeToken(token string) bool {
	for _, c := range []byte(token) {
		if c <= 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return token != ""
}

// resourcesAreAbsolute holds each target to RFC 8707 §2: an absolute URI
// without a fragment.
func resourcesAreAbsolute(form url.Values) error {
	targets := resourcesOf(form)
	if len(targets) > maxResources {
		return invalidTarget("too many values of resource and audience")
	}
	for _, target := range targets {
		if !isAbsoluteURI(target) {
			return invalidTarget("resource must be an absolute URI without a fragment")
		}
	}
	return nil
}

func isAbsoluteURI(text string) bool {
	if strings.Contains(text, "#") || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > 0x7e }) {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && u.IsAbs()
}

// resourcesOf returns the targets of a token request: resource and audience
// mean the same.
func resourcesOf(form url.Values) []string {
	return slices.Concat(form[paramResource], form[paramAudience])
}
