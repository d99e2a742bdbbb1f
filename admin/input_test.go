package admin_test

import (
	"strings"
	"testing"

	"keywright/internal/web"
)

func TestBadFields(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		x := in.targets(t, in.acme, "https://api.example.com")
		cases := []struct{ method, path, body, fields string }{
			{"POST", "/v1/clients", `{}`, "name scopes"},
			{"POST", "/v1/clients", `{"name":"` + strings.Repeat("é", 101) + `","scopes":["a"]}`, "name"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"description":"` + strings.Repeat("x", 501) + `"}`, "description"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a","b c"]}`, "scopes[1]"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"ipWhitelist":["10.0.0.1","10.0.0.0/8","nonsense"]}`, "ipWhitelist[2]"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"ipWhitelist":["::ffff:10.0.0.0/104"]}`, "ipWhitelist[0]"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"tokenTtlSeconds":59}`, "tokenTtlSeconds"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"tokenTtlSeconds":9223372036854775}`, "tokenTtlSeconds"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"tokenTtlSeconds":-18446744074}`, "tokenTtlSeconds"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"tokenTtlSeconds":1.5}`, "tokenTtlSeconds"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"tokenFormat":"saml"}`, "tokenFormat"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"authMethod":"none"}`, "authMethod"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"expiresAt":"2026-02-28T00:00:00Z"}`, "expiresAt"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"expiresAt":"tomorrow"}`, "expiresAt"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"roles":["nobody"]}`, "roles[0]"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"applicationId":"app_'--"}`, "applicationId"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"unknown":1}`, "unknown"},
			{"POST", "/v1/clients", `{"Name":"x","scopes":["a"]}`, "Name"},
			{"POST", "/v1/clients", `{"name":5,"scopes":["a"]}`, "name"},
			{"POST", "/v1/clients", `{"name":"x","scopes":"a"}`, "scopes"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a",null]}`, "scopes[1]"},
			{"POST", "/v1/clients", `{"name":"x","scopes":["a"],"clientId":"kwc_chosen"}`, "clientId"},
			{"PATCH", "/v1/clients/{clientId}", `{"name":null}`, "name"},
			{"PATCH", "/v1/clients/{clientId}", `{"isActive":null}`, "isActive"},
			{"PATCH", "/v1/clients/{clientId}", `{"scopes":null}`, "scopes"},
			{"PATCH", "/v1/clients/{clientId}", `{"projectId":"x"}`, "projectId"},
			{"PATCH", "/v1/clients/{clientId}", `{"ipWhitelist":["10.0.0.1",7]}`, "ipWhitelist[1]"},
			{"POST", "/v1/clients/{clientId}/regenerate", `{"overlapSeconds":-1}`, "overlapSeconds"},
			{"POST", "/v1/clients/{clientId}/regenerate", `{"overlapSeconds":9223372036854775}`, "overlapSeconds"},
			{"POST", "/v1/clients/{clientId}/secrets", `{"expiresAt":"2020-01-01T00:00:00Z"}`, "expiresAt"},
			{"POST", "/v1/apis", `{}`, "identifier name"},
			{"POST", "/v1/apis", `{"identifier":"documents","name":"x"}`, "identifier"},
			{"POST", "/v1/apis", `{"identifier":"https://x.example/#f","name":"x"}`, "identifier"},
			{"POST", "/v1/apis", `{"identifier":"urn:keywright:admin","name":"x"}`, "identifier"},
			{"POST", "/v1/apis", `{"identifier":"https://x.example","name":"x","scopes":["keywright:read"]}`, "scopes[0]"},
			{"POST", "/v1/apis", `{"identifier":"https://x.example","name":"x","endpoints":[{"method":"GET","path":"/"},{"method":"BREW","path":"/"}]}`, "endpoints[1].method"},
			{"POST", "/v1/apis", `{"identifier":"https://x.example","name":"x","endpoints":[{"method":"GET","path":"/a/../b"}]}`, "endpoints[0].path"},
			{"PATCH", "/v1/apis/{id}", `{"endpoints":[{"id":"ept_x","method":"GET","path":"/"}]}`, "endpoints[0].id"},
			{"PATCH", "/v1/apis/{id}", `{"identifier":"https://y.example"}`, "identifier"},
		}
		for _, tc := range cases {
			r := in.call(t, in.acme.admin, tc.method, x.fill(tc.path), tc.body)
			if r.status != 422 {
				t.Errorf("%s %s %s: got %d %s, want 422", tc.method, tc.path, tc.body, r.status, r.raw)
				continue
			}
			r.want(t, 422, "invalid_input")
			if got := r.fields(); got != tc.fields {
				t.Errorf("%s %s %s: got the fields %q, want %q", tc.method, tc.path, tc.body, got, tc.fields)
			}
		}
		after := in.targets(t, in.acme, "https://other.example.com")
		if after.client == x.client {
			t.Error("two clients have one id")
		}
	})
}

func TestHostileInput(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		nested := func(depth int) string {
			// The object of the body is one level, each bracket of the field another.
			return `{"name":"x","scopes":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
		}
		cases := []struct {
			name, body string
			status     int
			code       string
		}{
			{"no JSON", `name=x`, 400, "malformed_request"},
			{"cut", `{"name":"x"`, 400, "malformed_request"},
			{"two values", `{"name":"x"}{"name":"y"}`, 400, "malformed_request"},
			{"trailing comma", `{"name":"x",}`, 400, "malformed_request"},
			{"comment", `{"name":"x"/**/}`, 400, "malformed_request"},
			{"a list", `[{"name":"x"}]`, 400, "malformed_request"},
			{"a string", `"x"`, 400, "malformed_request"},
			{"null", `null`, 400, "malformed_request"},
			{"nothing", ``, 400, "malformed_request"},
			{"a name twice", `{"name":"x","scopes":["a"],"name":"y"}`, 400, "malformed_request"},
			{"a name twice, once escaped", `{"name":"x","scopes":["a"],"n\u0061me":"y"}`, 400, "malformed_request"},
			{"a name twice, deeper", `{"name":"x","scopes":["a"],"jwks":{"keys":[{"kty":"EC","kty":"RSA"}]}}`, 400, "malformed_request"},
			{"a name in another case", `{"name":"x","scopes":["a"],"NAME":"y"}`, 422, "invalid_input"},
			{"32 levels", nested(32), 422, "invalid_input"},
			{"33 levels", nested(33), 400, "malformed_request"},
			{"very deep", nested(100000), 400, "malformed_request"},
			{"NUL", `{"name":"a\u0000b","scopes":["a"]}`, 400, "malformed_request"},
			{"NUL in a name", `{"na\u0000me":"x"}`, 400, "malformed_request"},
			{"half a surrogate pair", `{"name":"a\ud800b","scopes":["a"]}`, 400, "malformed_request"},
			{"the other half", `{"name":"a\udc00b","scopes":["a"]}`, 400, "malformed_request"},
			{"invalid UTF-8", "{\"name\":\"a\xffb\",\"scopes\":[\"a\"]}", 400, "malformed_request"},
			{"a byte order mark", "\ufeff{\"name\":\"x\"}", 400, "malformed_request"},
			{"a huge number", `{"name":"x","scopes":["a"],"tokenTtlSeconds":1e999}`, 400, "malformed_request"},
			{"a number over 64 bits", `{"name":"x","scopes":["a"],"tokenTtlSeconds":1e30}`, 400, "malformed_request"},
			{"control characters", `{"name":"a\u001bb","scopes":["a"]}`, 422, "invalid_input"},
			{"too long", `{"name":"` + strings.Repeat("x", web.MaxAdminBody) + `"}`, 413, "body_too_large"},
			{"a whole pair is welcome", `{"name":"\ud83d\udd11 \\u0000","scopes":["a"]}`, 201, ""},
			{"SQL is text", `{"name":"'; DROP TABLE clients;--","scopes":["a"]}`, 201, ""},
			{"markup is text", `{"name":"<script>alert(1)</script>","scopes":["a"]}`, 201, ""},
		}
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				r := in.call(t, in.acme.admin, "POST", "/v1/clients", tc.body).want(t, tc.status, tc.code)
				if strings.Contains(r.raw, "json:") || strings.Contains(r.raw, "goroutine") {
					t.Errorf("the answer tells what is internal: %s", r.raw)
				}
			})
		}
	})
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		path := "/v1/clients/" + in.client(t, in.acme, `{"name":"x","scopes":["a"]}`).text("clientId")
		for contentType, ok := range map[string]bool{
			"application/json": true, "application/json; charset=utf-8": true, "Application/JSON;charset=UTF-8": true,
			"application/merge-patch+json": true, "application/json; charset=latin1": false, "text/plain": false,
			"application/x-www-form-urlencoded": false, "multipart/form-data; boundary=x": false, "application/xml": false, ";": false, "": false,
		} {
			status, code := 400, "malformed_request"
			if ok {
				status, code = 200, ""
			}
			r := in.callAs(t, contentType, "PATCH", path, `{"name":"y"}`)
			if r.status != status {
				t.Errorf("%q: got %d %s", contentType, r.status, r.raw)
				continue
			}
			r.want(t, status, code)
		}
	})
}

func TestBadQueries(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		for _, query := range []string{
			"limit=0", "limit=201", "limit=-1", "limit=x", "limit=1.5", "limit=99999999999999999999", "cursor=x", "cursor=%00",
			"cursor=AAAA", "projectId=%ff", "createdBy=a%00b", "limit=1&limit=2", "unknown=1", "limit=%zz", "a;b",
		} {
			r := in.call(t, in.acme.admin, "GET", "/v1/clients?"+query, "")
			if r.status != 400 {
				t.Errorf("%s: got %d %s, want 400", query, r.status, r.raw)
				continue
			}
			r.want(t, 400, "malformed_request")
		}
		in.call(t, in.acme.admin, "DELETE", "/v1/clients/kwc_x/secrets/sec_x?force=maybe", "").want(t, 400, "malformed_request")
	})
}
