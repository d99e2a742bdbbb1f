package consoletest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// This file asks the public listener, as services and APIs do.

// api is the identifier of the API that describeAPI makes. No other
// organization of the installation may have the same.
func (s *site) api() string { return "https://" + strings.ReplaceAll(s.email, "@", ".api.") }

// describeAPI makes an API with two scopes and an endpoint for each, and
// returns the id of the endpoint for documents.
func (s *site) describeAPI(t *testing.T) string {
	t.Helper()
	var made struct{ Endpoints []struct{ ID, Scope string } }
	s.call(t, http.MethodPost, "/v1/apis", map[string]any{
		"identifier": s.api(), "name": "Documents API", "scopes": []string{"documents", "analytics"},
		"endpoints": []map[string]string{
			{"method": "GET", "path": "/v1/documents", "scope": "documents"}, {"method": "GET", "path": "/v1/reports", "scope": "analytics"},
		},
	}, &made)
	for _, e := range made.Endpoints {
		if e.Scope == "documents" {
			return e.ID
		}
	}
	t.Fatal("the API has no endpoint for documents")
	return ""
}

// edgeAnswer is what the OAuth edge says of a token, or in the place of one.
type edgeAnswer struct {
	Status      int    `json:"-"`
	ErrorID     string `json:"-"`
	AccessToken string `json:"access_token"`
	Active      bool
	Scope       string
}

// post sends a form to the OAuth edge, as that client.
func (s *site) post(t *testing.T, path, id, secret string, form url.Values) edgeAnswer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.public+path, strings.NewReader(form.Encode()))
	must(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(id, secret)
	return s.edge(t, req)
}

func (s *site) edge(t *testing.T, req *http.Request) edgeAnswer {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	got := edgeAnswer{Status: resp.StatusCode, ErrorID: resp.Header.Get("X-Error-Id")}
	if len(raw) > 0 {
		must(t, json.Unmarshal(raw, &got))
	}
	return got
}

// exchange asks for an access token.
func (s *site) exchange(t *testing.T, id, secret string) edgeAnswer {
	t.Helper()
	return s.post(t, "/oauth2/token", id, secret, url.Values{"grant_type": {"client_credentials"}})
}

// authenticate asks for an access token, and returns the status of the answer.
func (s *site) authenticate(t *testing.T, id, secret string) int {
	t.Helper()
	return s.exchange(t, id, secret).Status
}

// accessToken exchanges a secret that is good.
func (s *site) accessToken(t *testing.T, id, secret string) string {
	t.Helper()
	got := s.exchange(t, id, secret)
	if got.AccessToken == "" {
		t.Fatalf("no access token: %d", got.Status)
	}
	return got.AccessToken
}

// introspect asks what a token is worth, as a resource server that saw it come
// from that address.
func (s *site) introspect(t *testing.T, api madeClient, token, address string) edgeAnswer {
	t.Helper()
	form := url.Values{"token": {token}}
	if address != "" {
		form.Set("client_ip", address)
	}
	return s.post(t, "/oauth2/introspect", api.ClientID, api.ClientSecret, form)
}

// verify asks as a gateway in front of the documents API does, with a token
// that came from here.
func (s *site) verify(t *testing.T, token, method, path string) edgeAnswer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.public+"/verify?audience="+url.QueryEscape(s.api()), nil)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Forwarded-Method", method)
	req.Header.Set("X-Forwarded-Uri", path)
	return s.edge(t, req)
}
