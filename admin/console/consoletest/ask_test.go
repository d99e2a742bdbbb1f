package consoletest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"testing"
)

// This file asks the admin API, as scripts and people do.

// call asks with the token of the organization, and reads the answer into out,
// if that is not nil.
func (s *site) call(t *testing.T, method, path string, in, out any) {
	t.Helper()
	s.callAs(t, nil, method, path, in, out)
}

// create makes a record and returns its id.
func (s *site) create(t *testing.T, path string, in map[string]any) (id string) {
	t.Helper()
	var made struct{ ID string }
	s.call(t, http.MethodPost, path, in, &made)
	return made.ID
}

// callAs is call as a person.
func (s *site) callAs(t *testing.T, person *http.Client, method, path string, in, out any) {
	t.Helper()
	status, raw := s.request(t, person, method, path, in)
	if status >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, status, raw)
	}
	if out != nil {
		must(t, json.Unmarshal(raw, out))
	}
}

// expectAs asks as a person, and expects that status.
func (s *site) expectAs(t *testing.T, person *http.Client, method, path string, in any, want int) {
	t.Helper()
	if status, raw := s.request(t, person, method, path, in); status != want {
		t.Errorf("%s %s %v: %d, want %d: %s", method, path, in, status, want, raw)
	}
}

// request sends JSON, or nothing if in is nil, as that person or, if it is
// nil, with the token of the organization.
func (s *site) request(t *testing.T, person *http.Client, method, path string, in any) (status int, answer []byte) {
	t.Helper()
	var body io.Reader = http.NoBody
	if in != nil {
		raw, err := json.Marshal(in)
		must(t, err)
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.admin+path, body)
	must(t, err)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if person == nil {
		person = http.DefaultClient
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	resp, err := person.Do(req)
	must(t, err)
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, answer
}

// person is the owner, signed in to the admin API.
func (s *site) person(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	client := &http.Client{Jar: jar}
	s.callAs(t, client, http.MethodPost, "/v1/sessions", map[string]string{"email": s.email, "password": s.password}, nil)
	return client
}
