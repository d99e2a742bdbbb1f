package console

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"strings"

	"keywright/registry"
)

// tokenReading is what an access token says, and what it is worth now.
type tokenReading struct {
	Header, Claims string // JSON of a JWT, whoever signed it; else empty

	Genuine bool // it is ours, and of the visitor's organization
	Says    registry.AccessToken
	Good    bool
	Worth   registry.AccessToken // cut to what its client may have now; zero where it is not good
	Why     string               // it is not good
	Advice  string
}

// readToken reads a token for a person: what a caller at the OAuth edge is
// not told, they are. Nothing is counted by it.
func (v *visit) readToken(text string) (tokenReading, error) {
	var read tokenReading
	if registry.LooksLikeAPIToken(text) {
		return tokenReading{Why: "This is an API token: it carries no claims.", Advice: "Its page shows what it may do."}, nil
	}
	if parts := strings.Split(text, "."); len(parts) == 3 {
		read.Header, read.Claims = decoded(parts[0]), decoded(parts[1])
	}
	token, err := v.ParseAccessToken(text)
	if err != nil {
		return read.because(err)
	}
	if token.OrganizationID != v.Actor.OrganizationID {
		return read.because(&registry.Refused{Cause: registry.CauseOtherOrganization})
	}
	read.Genuine, read.Says = true, token
	// No address is told: where it comes from is not part of a token.
	if read.Worth, _, err = v.Authenticator.AccessToken(v.ctx(), token, netip.Addr{}); err != nil {
		return read.because(err)
	}
	read.Good = true
	return read, nil
}

// because notes why a token is not good; another failure is none of the token's.
func (t tokenReading) because(err error) (tokenReading, error) {
	refused, ok := errors.AsType[*registry.Refused](err)
	if !ok {
		return t, err
	}
	t.Why, t.Advice = sentence(refused.Cause.Meaning()), sentence(refused.Cause.Advice())
	return t, nil
}

// decoded is the JSON of a part of a JWT, or nothing.
func decoded(part string) string {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return ""
	}
	return indented(raw)
}
