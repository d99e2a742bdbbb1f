package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"keywright/oauth/signing"
	"keywright/registry"
)

// introspectsAll in a client's list stands for every API of its organization.
const introspectsAll = "*"

// activeBody is RFC 7662 §2.2 and the members of ours. None is ever left out:
// what does not apply is null, and a list without members is [].
type activeBody struct {
	Active         bool             `json:"active"`
	Scope          string           `json:"scope"`
	ClientID       string           `json:"client_id"`
	TokenType      string           `json:"token_type"`
	ExpiresAt      int64            `json:"exp"`
	IssuedAt       int64            `json:"iat"`
	NotBefore      int64            `json:"nbf"`
	Subject        string           `json:"sub"`
	Audience       signing.Audience `json:"aud"`
	Issuer         string           `json:"iss"`
	JTI            string           `json:"jti"`
	OrganizationID string           `json:"organization_id"`
	ProjectID      *string          `json:"project_id"`
	ApplicationID  *string          `json:"application_id"`
	Roles          []string         `json:"roles"`
	Permissions    []string         `json:"permissions"`
	CredentialType string           `json:"credential_type"`
}

// inactiveBody is all that is said of any other token.
type inactiveBody struct {
	Active bool `json:"active"`
}

// introspect answers POST /oauth2/introspect.
func (s *Server) introspect(w http.ResponseWriter, req *http.Request) {
	started := s.Now()
	credentialType, outcome := s.answerIntrospect(w, req)
	s.Metrics.Introspection(credentialType, outcome, s.Now().Sub(started))
}

func (s *Server) answerIntrospect(w http.ResponseWriter, req *http.Request) (credentialType, outcome string) {
	form, err := readForm(w, req)
	if err != nil {
		return registry.CredentialClient, refuse(w, req, asRefusal(err))
	}
	credentialType = credentialTypeOf(form.Get(paramToken))
	in, err := s.checkIntrospection(req, form)
	if err != nil {
		return credentialType, refuse(w, req, asRefusal(err))
	}
	// Hints are ignored: the token says itself what it is (RFC 7662 §2.1).
	_, _, err = s.provider.IntrospectToken(req.Context(), form.Get(paramToken), fosite.AccessToken, in)
	if r := inactive(err); r != nil {
		noteRefusal(w, req, r)
		answer(w, http.StatusOK, inactiveBody{})
		return credentialType, OutcomeInactive
	}
	if err != nil {
		return credentialType, refuse(w, req, asRefusal(err))
	}
	answer(w, http.StatusOK, activeBodyOf(in))
	return credentialType, OutcomeActive
}

// checkIntrospection decides whether the question may be asked, and returns the
// session that carries it through fosite.
func (s *Server) checkIntrospection(req *http.Request, form url.Values) (*session, error) {
	c, err := s.provider.AuthenticateClient(req.Context(), req, form)
	if err != nil {
		return nil, err
	}
	caller := clientOf(c)
	if len(caller.Client.Introspects) == 0 {
		return nil, notResourceServer()
	}
	if err := tokenIsGiven(form); err != nil {
		return nil, err
	}
	address, err := clientIP(form)
	if err != nil {
		return nil, err
	}
	return &session{caller: caller, address: address}, nil
}

// clientIP returns where the resource server saw the bearer; not valid if it
// did not tell.
func clientIP(form url.Values) (netip.Addr, error) {
	text := form.Get(paramClientIP)
	if text == "" {
		return netip.Addr{}, nil
	}
	address, ok := registry.ParseAddress(text)
	if !ok {
		return netip.Addr{}, invalidRequest("parameter client_ip is not an IP address")
	}
	return address, nil
}

// inactive returns why a token is not active, or nil if err says anything else.
func inactive(err error) *refusal {
	if r, ok := errors.AsType[*registry.Refused](err); ok {
		return &refusal{cause: r.Cause, organizationID: r.OrganizationID, credential: r.Credential}
	}
	return nil
}

// accessTokenIntrospector recognises access tokens for fosite, and cuts them to
// what the caller may see. It fails with a *registry.Refused, or with an error
// of kind Unavailable.
type accessTokenIntrospector struct{ *Server }

// IntrospectToken implements fosite.TokenIntrospector. It passes on what does
// not look like an access token, because fosite asks every introspector and
// takes any other error for the answer.
func (s accessTokenIntrospector) IntrospectToken(ctx context.Context, token string, _ fosite.TokenUse, request fosite.AccessRequester, _ []string) (fosite.TokenUse, error) {
	if registry.LooksLikeAPIToken(token) {
		return "", fosite.ErrUnknownRequest
	}
	in := sessionOf(request)
	t, err := s.Keys.ParseAccessToken(token)
	if err != nil {
		return "", err
	}
	if !in.fromOrganization(t.OrganizationID) {
		// Nothing of the other organization is read, counted or noted.
		return "", &registry.Refused{Cause: registry.CauseOtherOrganization}
	}
	if !in.forAudience(t.Audience) { // nothing is counted for who may not ask
		return "", in.otherAudience(t, registry.ActorClient)
	}
	t, in.client, err = s.Authenticator.AccessToken(ctx, t, in.address)
	if err != nil {
		return "", err
	}
	if !in.forAudience(t.Audience) { // the one that was asked for is out of its reach by now
		return "", in.otherAudience(t, registry.ActorClient)
	}
	in.token, in.credentialType = t, registry.CredentialClient
	in.SetExpiresAt(fosite.AccessToken, t.ExpiresAt)
	return fosite.AccessToken, nil
}

// maySee tells whether a caller that serves those APIs may see a token for
// that audience.
func maySee(introspects, audience []string) bool {
	return slices.Contains(introspects, introspectsAll) ||
		slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(introspects, a) })
}

func activeBodyOf(in *session) activeBody {
	t := in.token
	return activeBody{
		Active: true, Scope: strings.Join(t.Scopes, " "), ClientID: t.ClientID, TokenType: tokenType,
		ExpiresAt: t.ExpiresAt.Unix(), IssuedAt: t.IssuedAt.Unix(), NotBefore: t.IssuedAt.Unix(),
		Subject: t.ClientID, Audience: t.Audience, Issuer: t.Issuer, JTI: t.JTI,
		OrganizationID: t.OrganizationID, ProjectID: orNull(t.ProjectID), ApplicationID: orNull(t.ApplicationID),
		Roles: append([]string{}, t.Roles...), Permissions: append([]string{}, t.Permissions...),
		CredentialType: in.credentialType,
	}
}

func orNull(id string) *string {
	if id == "" {
		return nil
	}
	return &id
}
