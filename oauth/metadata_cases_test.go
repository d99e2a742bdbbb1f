package oauth_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func (b *bed) metadata(t *testing.T, path string, options ...option) map[string]any {
	t.Helper()
	r := b.send(t, "GET", path, nil, options...)
	if r.status != http.StatusOK {
		t.Fatalf("%s: got %d %s", path, r.status, r.body)
	}
	var got map[string]any
	must(t, json.Unmarshal([]byte(r.body), &got))
	return got
}

var metadataCases = []blackBoxCase{
	{"M01 the document", func(t *testing.T, b *bed) {
		methods := []any{"client_secret_basic", "client_secret_post"}
		want := map[string]any{
			"issuer":                                b.issuer,
			"token_endpoint":                        b.issuer + "/oauth2/token",
			"introspection_endpoint":                b.issuer + "/oauth2/introspect",
			"revocation_endpoint":                   b.issuer + "/oauth2/revoke",
			"jwks_uri":                              b.issuer + "/.well-known/jwks.json",
			"grant_types_supported":                 []any{"client_credentials"},
			"response_types_supported":              []any{},
			"token_endpoint_auth_methods_supported": methods,
			"introspection_endpoint_auth_methods_supported": methods,
			"revocation_endpoint_auth_methods_supported":    methods,
		}
		if diff := cmp.Diff(want, b.metadata(t, pathMetadata)); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
	}},
	{"M02 every advertised item works", func(t *testing.T, b *bed) { b.advertisedWorks(t, pathMetadata) }},
	{"M03 what is not advertised does not work", func(t *testing.T, b *bed) {
		for _, path := range []string{"/oauth2/auth", "/oauth2/authorize", "/oauth2/userinfo", "/.well-known/openid-configuration"} {
			b.refused(t, b.send(t, "GET", path, nil), 404, "invalid_request")
		}
	}},
	{"M04 headers change nothing", func(t *testing.T, b *bed) {
		want := b.metadata(t, pathMetadata)
		evil := func(req *http.Request) { req.Host = "evil.example" }
		got := b.metadata(t, pathMetadata, evil, with("X-Forwarded-Host", "evil.example"),
			with("X-Forwarded-Proto", "https"), with("Forwarded", "host=evil.example"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("metadata (-without +with):\n%s", diff)
		}
		token := granted(t, b.post(t, pathToken, grant(), as(b.reader), evil, with("X-Forwarded-Host", "evil.example"))).AccessToken
		if got := b.active(t, b.server, token)["iss"]; got != b.issuer {
			t.Errorf("iss: got %v, want %v", got, b.issuer)
		}
	}},
	{"M05 an issuer with a path", func(t *testing.T, b *bed) {
		b = newBed(t, b.dialect, b.format, "/tenants/one")
		path := pathMetadata + "/tenants/one"
		if got := b.metadata(t, path)["issuer"]; got != b.issuer {
			t.Errorf("issuer: got %v, want %v", got, b.issuer)
		}
		b.advertisedWorks(t, path)
		b.issue(t, b.reader) // behind a proxy that strips the path
	}},
	{"M06 the document can be cached", func(t *testing.T, b *bed) { b.cacheable(t, pathMetadata) }},
}

// advertisedWorks uses every endpoint and method of the metadata at path.
func (b *bed) advertisedWorks(t *testing.T, path string) {
	t.Helper()
	doc := b.metadata(t, path)
	address := func(member string) string {
		text, _ := doc[member].(string)
		if !strings.HasPrefix(text, b.issuer+"/") {
			t.Fatalf("%s: got %q, want it below the issuer", member, text)
		}
		return text
	}
	login := map[string]func(p party, form []string) (form2 []string, o option){
		"client_secret_basic": func(p party, form []string) ([]string, option) { return form, as(p) },
		"client_secret_post": func(p party, form []string) ([]string, option) {
			return append(form, "client_id", p.ID, "client_secret", p.secret), func(*http.Request) {}
		},
	}
	use := func(endpoint, method string, p party, form ...string) reply {
		form, o := login[method](p, form)
		return b.post(t, address(endpoint+"_endpoint"), values(form...), o)
	}
	methods := func(endpoint string) []any { return doc[endpoint+"_endpoint_auth_methods_supported"].([]any) }
	for _, grantType := range doc["grant_types_supported"].([]any) {
		for _, method := range methods("token") {
			token := granted(t, use("token", method.(string), b.reader, "grant_type", grantType.(string))).AccessToken
			for _, method := range methods("introspection") {
				if r := use("introspection", method.(string), b.server, "token", token); !strings.Contains(r.body, `"active":true`) {
					t.Errorf("introspection by %s: got %d %s", method, r.status, r.body)
				}
			}
			for _, method := range methods("revocation") {
				if r := use("revocation", method.(string), b.reader, "token", token); r.status != 200 {
					t.Errorf("revocation by %s: got %d %s", method, r.status, r.body)
				}
			}
		}
	}
	if r := b.send(t, "GET", address("jwks_uri"), nil); r.status != 200 || !strings.Contains(r.body, `"keys"`) {
		t.Errorf("jwks_uri: got %d %s", r.status, r.body)
	}
}
