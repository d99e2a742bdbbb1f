package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keywright/internal/testserver"
)

const (
	gatewaysDocument = "../../docs/gateways.md"
	invoicesAPI      = "https://api.example.com/invoices"
)

// TestInteropNginx puts an nginx, configured as docs/gateways.md and
// docs/integrate.md say, in front of an API.
func TestInteropNginx(t *testing.T) {
	t.Parallel()
	binary := peer(t, "KEYWRIGHT_NGINX")
	in := install(t, interop(t, "KEYWRIGHT_TRUSTED_PROXIES=127.0.0.1/32"))
	api := httptest.NewServer(http.HandlerFunc(tellWhatArrived))
	t.Cleanup(api.Close)
	places := map[string]string{
		"KEYWRIGHT_ADDRESS": strings.TrimPrefix(in.public, "http://"), "API_ADDRESS": strings.TrimPrefix(api.URL, "http://"),
		"AUDIENCE": url.QueryEscape(invoicesAPI),
	}
	caller := in.newGatewayCaller(t)

	whole := blocksOf(t, gatewaysDocument, "nginx", "nginx")[0].script
	short := "events {}\nhttp {\nserver {\nlisten GATEWAY_ADDRESS;\n" + blocksOf(t, integrateDocument, "nginx", "nginx")[0].script + "}\n}\n"
	t.Run("whole", func(t *testing.T) {
		gateway := startNginx(t, binary, replace(t, whole, places))
		caller.passes(t, gateway)
		caller.isTurnedAway(t, gateway)
		caller.tellsWho(t, gateway)
	})
	t.Run("short", func(t *testing.T) {
		gateway := startNginx(t, binary, replace(t, short, places))
		caller.passes(t, gateway)
		caller.isTurnedAway(t, gateway)
	})
	t.Run("revoked", func(t *testing.T) {
		gateway := startNginx(t, binary, replace(t, whole, places))
		revoked, err := in.caller().revoke(caller.client, caller.token)
		if err != nil || revoked.status != http.StatusOK {
			t.Fatalf("revoke: %s %v", revoked, err)
		}
		caller.get(t, gateway, "/invoices/7").is(t, http.StatusUnauthorized, `error="invalid_token"`)
		in.Kill()
		caller.get(t, gateway, "/invoices/7").is(t, http.StatusInternalServerError, "")
	})
}

// tellWhatArrived answers with the request line and the headers that matter,
// of the token only that it came.
func tellWhatArrived(w http.ResponseWriter, req *http.Request) {
	fmt.Fprintln(w, req.Method, req.RequestURI)
	for name := range req.Header {
		switch {
		case strings.HasPrefix(name, "X-"):
			fmt.Fprintf(w, "%s: %s\n", name, strings.Join(req.Header.Values(name), ", "))
		case name == "Authorization":
			fmt.Fprintln(w, name)
		}
	}
}

// gatewayCaller is the client of an application that reads invoices and may
// not write them, and an API token that is good from one address.
type gatewayCaller struct {
	client   credential
	token    string
	apiToken string
}

const allowedAddress, otherAddress = "127.0.0.3", "127.0.0.4"

func (in *installation) newGatewayCaller(t *testing.T) gatewayCaller {
	t.Helper()
	api := in.admin(t, "POST", "/v1/apis", map[string]any{
		"identifier": invoicesAPI, "name": "Invoices", "scopes": []string{"invoices:read", "invoices:write"},
		"endpoints": []map[string]any{
			{"method": "GET", "path": "/invoices/{id}", "scope": "invoices:read"},
			{"method": "POST", "path": "/invoices", "scope": "invoices:write"},
			{"method": "DELETE", "path": "/invoices/{id}", "scope": "invoices:read"},
		},
	}, http.StatusCreated)
	connected := []any{}
	for _, e := range api["endpoints"].([]any) {
		if endpoint := e.(map[string]any); endpoint["method"] != "DELETE" {
			connected = append(connected, endpoint["id"])
		}
	}
	made := in.admin(t, "POST", "/v1/applications", map[string]any{
		"name": "Import", "endpoints": connected,
		"createClient": map[string]any{"name": "Import", "scopes": []string{"invoices:read"}, "permissions": []string{"read all"}},
	}, http.StatusCreated)
	c := gatewayCaller{client: credential{made["client"].(map[string]any)["clientId"].(string), made["clientSecret"].(string)}}
	got, err := in.caller().token(c.client)
	if err != nil {
		t.Fatal(err)
	}
	c.token, _ = got.object()["access_token"].(string)
	c.apiToken = in.admin(t, "POST", "/v1/tokens", map[string]any{
		"name": "Script", "scopes": []string{"invoices:read"}, "permissions": []string{"read"}, "ipWhitelist": []string{allowedAddress},
	}, http.StatusCreated)["token"].(string)
	return c
}

// passes shows what the gateway lets through.
func (c gatewayCaller) passes(t *testing.T, g gateway) {
	t.Helper()
	c.get(t, g, "/invoices/7?page=2").is(t, http.StatusOK, "GET /invoices/7?page=2\n")
	g.ask(t, "HEAD", "/invoices/7", c.token).is(t, http.StatusOK, "")
	g.from(allowedAddress).ask(t, "GET", "/anything", c.apiToken).is(t, http.StatusOK, "GET /anything\n")
}

// isTurnedAway shows what it does not, whatever a caller says of itself.
func (c gatewayCaller) isTurnedAway(t *testing.T, g gateway) {
	t.Helper()
	g.ask(t, "GET", "/invoices/7", "").is(t, http.StatusUnauthorized, `Bearer realm="keywright"`)
	g.ask(t, "GET", "/invoices/7", "wrong").is(t, http.StatusUnauthorized, `error="invalid_token"`)
	g.ask(t, "POST", "/invoices", c.token).is(t, http.StatusForbidden, "")
	g.ask(t, "DELETE", "/invoices/7", c.token).is(t, http.StatusForbidden, "")
	c.get(t, g, "/invoices").is(t, http.StatusForbidden, "")
	c.get(t, g, "/invoices/7%2f8").is(t, http.StatusForbidden, "")
	c.get(t, g, "/keywright-verify").is(t, http.StatusNotFound, "")
	g.from(otherAddress).ask(t, "GET", "/anything", c.apiToken, "X-Forwarded-For", allowedAddress).is(t, http.StatusUnauthorized, `error="invalid_token"`)
	forged := []string{"X-Forwarded-Uri", "/invoices/7", "X-Forwarded-Method", "GET", "X-Original-Uri", "/invoices/7", "X-Keywright-Audience", testAPI}
	g.ask(t, "DELETE", "/invoices/7?audience="+url.QueryEscape(testAPI), c.token, forged...).is(t, http.StatusForbidden, "")
	c.get(t, g, "/invoices", forged...).is(t, http.StatusForbidden, "")
}

// tellsWho shows what the API and the caller learn.
func (c gatewayCaller) tellsWho(t *testing.T, g gateway) {
	t.Helper()
	a := c.get(t, g, "/invoices/7", "X-Keywright-Client-Id", "kwc_forged", "X-Keywright-Project", "prj_forged",
		"X-Keywright-Roles", "admin", "X_Keywright_Client_Id", "kwc_forged", "X-Forwarded-For", "192.0.2.1")
	a.is(t, http.StatusOK, "X-Keywright-Client-Id: "+c.client.ID+"\n")
	for _, line := range []string{
		"X-Keywright-Subject: " + c.client.ID, "X-Keywright-Scope: invoices:read", "X-Keywright-Permissions: read%20all",
		"X-Forwarded-For: 127.0.0.1",
	} {
		if !strings.Contains(a.body, line+"\n") {
			t.Errorf("the API is not told %q:\n%s", line, a.body)
		}
	}
	for _, text := range []string{"forged", "admin", "192.0.2.1", "Authorization"} {
		if strings.Contains(a.body, text) {
			t.Errorf("the API is told of %s:\n%s", text, a.body)
		}
	}
	refused := g.ask(t, "POST", "/invoices", c.token)
	refused.is(t, http.StatusForbidden, `scope="invoices:write"`)
	if refused.header.Get("X-Error-Id") == "" {
		t.Error("the caller is told no error id")
	}
}

func (c gatewayCaller) get(t *testing.T, g gateway, uri string, header ...string) gatewayAnswer {
	t.Helper()
	return g.ask(t, "GET", uri, c.token, header...)
}

// gateway is a running one, and the address its callers come from.
type gateway struct {
	url    string
	caller *http.Client
}

func (g gateway) from(address string) gateway {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	g.caller = &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
	return g
}

// ask sends a request; header is name by value.
func (g gateway) ask(t *testing.T, method, uri, token string, header ...string) gatewayAnswer {
	t.Helper()
	req, err := http.NewRequest(method, g.url+uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header[header[i]] = []string{header[i+1]} // not Set, which writes names its own way
	}
	a, err := send(g.caller, req)
	if err != nil {
		t.Fatal(err)
	}
	return gatewayAnswer{a, method + " " + uri}
}

type gatewayAnswer struct {
	answer
	asked string
}

// is checks the status and a text in the challenge or the body.
func (a gatewayAnswer) is(t *testing.T, status int, text string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.header.Get("WWW-Authenticate")+a.body, text) {
		t.Errorf("%s: got %s, want %d with %q", a.asked, a.answer, status, text)
	}
}

// startNginx starts one on loopback that ends with the test.
func startNginx(t *testing.T, binary, config string) gateway {
	t.Helper()
	address := freeAddress(t)
	// Where the built-in paths need not be there, or may not be written.
	const own = "http {\naccess_log off; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;\n"
	config = replace(t, config, map[string]string{"GATEWAY_ADDRESS": address, "http {\n": own})
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log := testserver.NewOutput()
	// One process, which is killed as a whole.
	cmd := exec.Command(binary, "-p", dir, "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off; master_process off; pid nginx.pid;")
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, testserver.Lifeline()
	ended := startPeer(t, cmd)
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			break
		}
		select {
		case <-ended:
			t.Fatalf("nginx ended:\n%s", log)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return gateway{"http://" + address, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}}
}

// freeAddress is one that nobody takes before nginx does, which cannot choose
// a port itself: no other test listens at this address.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("this needs several loopback addresses, as Linux has them: %v", err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
