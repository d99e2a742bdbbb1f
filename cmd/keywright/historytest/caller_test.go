package historytest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The near address is the callers' own, always on the list of a credential.
// The far one, which a trusted proxy tells, is on it until it is narrowed.
const (
	nearAddress = "127.0.0.1"
	farAddress  = "192.0.2.7"
	farNetwork  = "192.0.2.0/24"
)

// caller is a program that asks the replicas of a fleet.
type caller struct {
	fleet *fleet
	http  *http.Client
}

// newCaller returns one that keeps its connections and waits that long for an
// answer.
func newCaller(f *fleet, timeout time.Duration) *caller {
	return &caller{f, &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}, Timeout: timeout}}
}

// forgetful returns one that opens a connection for each request.
func forgetful(f *fleet, timeout time.Duration) *caller {
	return &caller{f, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: timeout}}
}

// answer is what came back; status 0: nothing did.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// unknown tells whether the answer says nothing.
func (a answer) unknown() bool { return a.status == 0 || a.status == http.StatusServiceUnavailable }

// send asks at a replica. A replica that is gone, or does not answer in time,
// is an answer without a status.
func (c *caller) send(method, address string, header http.Header, body []byte) answer {
	var content io.Reader
	if body != nil {
		content = io.NopCloser(bytes.NewReader(body)) // cannot be sent twice
	}
	req, err := http.NewRequest(method, address, content)
	if err != nil {
		return answer{}
	}
	req.Header = header
	res, err := c.http.Do(req)
	if err != nil {
		return answer{}
	}
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}
	}
	return answer{res.StatusCode, res.Header, read}
}

// made is what the admin API tells of a credential, as far as it is needed.
type made struct {
	ID           string
	ClientID     string
	ClientSecret string
	Token        string
	Secrets      []struct{ ID, Hint string }
}

// secretID is the id of the secret that the answer shows.
func (m made) secretID() string {
	for _, s := range m.Secrets {
		if strings.HasSuffix(s.Hint, m.ClientSecret[len(m.ClientSecret)-4:]) {
			return s.ID
		}
	}
	return m.ID // the answer is about the secret alone
}

// change sends a change to the admin API.
func (c *caller) change(at *replica, method, path string, body any) (answer, made) {
	header := http.Header{"Authorization": {"Bearer " + c.fleet.adminToken}}
	var raw []byte
	if body != nil {
		header.Set("Content-Type", "application/json")
		raw, _ = json.Marshal(body) // maps of strings
	}
	a := c.send(method, at.running().Admin+path, header, raw)
	var m made
	_ = json.Unmarshal(a.body, &m) // empty where there is nothing
	return a, m
}

// mustChange is change where nothing is in the way.
func (c *caller) mustChange(t *testing.T, at *replica, method, path string, body any) made {
	t.Helper()
	a, m := c.change(at, method, path, body)
	if a.status/100 != 2 {
		t.Fatalf("%s %s at %s: %d %s", method, path, at.name, a.status, a.body)
	}
	return m
}

// post sends a form as a client that authenticates by HTTP Basic.
func (c *caller) post(at *replica, path string, as basic, far bool, form url.Values) answer {
	header := from(far)
	header.Set("Content-Type", "application/x-www-form-urlencoded")
	req := http.Request{Header: header}
	req.SetBasicAuth(as.id, as.secret)
	return c.send("POST", at.running().Public+path, header, []byte(form.Encode()))
}

// from is the header of a request that comes from the far address, or not.
func from(far bool) http.Header {
	header := http.Header{}
	if far {
		header.Set("X-Forwarded-For", farAddress)
	}
	return header
}

// issue asks for an access token, and returns it with its scopes.
func (c *caller) issue(at *replica, as basic, far bool) (answer, string, scopes) {
	a := c.post(at, "/oauth2/token", as, far, url.Values{"grant_type": {"client_credentials"}})
	var granted struct {
		AccessToken string `json:"access_token"`
		Scope       string
	}
	_ = json.Unmarshal(a.body, &granted) // empty where none was
	return a, granted.AccessToken, parseScopes(granted.Scope)
}

// introspect asks about a token as the resource server, which saw its bearer
// at the near or the far address.
func (c *caller) introspect(at *replica, token string, far bool) (a answer, active bool, s scopes) {
	address := nearAddress
	if far {
		address = farAddress
	}
	a = c.post(at, "/oauth2/introspect", c.fleet.resourceServer, false, url.Values{"token": {token}, "client_ip": {address}})
	var told struct {
		Active bool
		Scope  string
	}
	_ = json.Unmarshal(a.body, &told) // not active where there is nothing
	return a, told.Active, parseScopes(told.Scope)
}

// verify asks about a token as a gateway does.
func (c *caller) verify(at *replica, token string, far bool) (answer, scopes) {
	header := from(far)
	header.Set("Authorization", "Bearer "+token)
	a := c.send("GET", at.running().Public+"/verify?audience="+url.QueryEscape(api), header, nil)
	return a, parseScopes(a.header.Get("X-Keywright-Scope"))
}

// revoke takes an access token back (RFC 7009).
func (c *caller) revoke(at *replica, as basic, token string) answer {
	return c.post(at, "/oauth2/revoke", as, false, url.Values{"token": {token}})
}

func parseScopes(text string) (s scopes) {
	for _, scope := range strings.Fields(text) {
		switch scope {
		case "documents:read":
			s |= scopeRead
		case "documents:write":
			s |= scopeWrite
		}
	}
	return s
}

func (s scopes) names() []string {
	if s&scopeWrite == 0 {
		return []string{"documents:read"}
	}
	return []string{"documents:read", "documents:write"}
}
