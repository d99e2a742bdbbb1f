package oauth

import (
	"net/http"
	"net/url"

	"github.com/ory/fosite"

	"keywright/internal/web"
)

// tokenBody is RFC 6749 §5.1. scope is always there.
type tokenBody struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// token answers POST /oauth2/token.
func (s *Server) token(w http.ResponseWriter, req *http.Request) {
	started := s.Now()
	grantType, outcome := s.answerToken(w, req)
	s.Metrics.TokenRequest(grantType, outcome, s.Now().Sub(started))
}

func (s *Server) answerToken(w http.ResponseWriter, req *http.Request) (grantType, outcome string) {
	form, err := readForm(w, req)
	if err != nil {
		return grantOther, refuse(w, req, asRefusal(err))
	}
	if err := checkTokenRequest(form); err != nil {
		return grantTypeLabel(form), refuse(w, req, asRefusal(err))
	}
	body, err := s.issue(req, form)
	if err != nil {
		return grantClientCredentials, refuse(w, req, asRefusal(err))
	}
	answer(w, http.StatusOK, body)
	return grantClientCredentials, OutcomeIssued
}

func grantTypeLabel(form url.Values) string {
	if form.Get(paramGrantType) == grantClientCredentials {
		return grantClientCredentials
	}
	return grantOther
}

// issue passes a checked token request through fosite.
func (s *Server) issue(req *http.Request, form url.Values) (tokenBody, error) {
	// fosite knows targets as audience alone.
	if targets := resourcesOf(form); len(targets) > 0 {
		form[paramAudience] = targets
	}
	ctx := req.Context()
	request, err := s.provider.NewAccessRequest(ctx, req, &session{})
	if err != nil {
		return tokenBody{}, err
	}
	response, err := s.provider.NewAccessResponse(ctx, request)
	if err != nil {
		return tokenBody{}, err
	}
	s.Authenticator.Issued(clientOf(request.GetClient()).AuthenticatedClient, web.ClientAddress(ctx))
	return bodyOf(response), nil
}

func bodyOf(response fosite.AccessResponder) tokenBody {
	seconds, _ := response.GetExtra("expires_in").(int64)
	scope, _ := response.GetExtra("scope").(string)
	return tokenBody{response.GetAccessToken(), response.GetTokenType(), seconds, scope}
}
