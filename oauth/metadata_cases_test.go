package oauth_test

import (
	"encoding/json"
	"net/http"
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
		methods := []any{"client_secret_basic", "client_secret_post", "private_key_jwt"}
		algorithms := []any{"ES256", "RS256", "PS256", "EdDSA", "Ed25519"}
		want := map[string]any{
			"issuer":                                b.issuer,
			"token_endpoint":                        b.issuer + "/oauth2/token",
			"introspection_endpoint":                b.issuer + "/oauth2/introspect",
			"revocation_endpoint":                   b.issuer + "/oauth2/revoke",
			"jwks_uri":                              b.issuer + "/.well-known/jwks.json",
			"grant_types_supported":                 []any{"client_credentials"},
			"response_types_supported":              []any{},
			"token_endpoint_auth_methods_supported": methods,
			"introspection_endpoint_auth_methods_supported":            methods,
			"token_endpoint_auth_signing_alg_values_supported":         algorithms,
			"introspection_endpoint_auth_signing_alg_values_supported": algorithms,
			"revocation_endpoint_auth_signing_alg_values_supported":    algorithms,
			"revocation_endpoint_auth_methods_supported":               methods,
		}
		if diff := cmp.Diff(want, b.metadata(t, pathMetadata)); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
	}},
	{"M02 every advertised item works", func(t *testing.T, b *bed) { b.advertisedWorks(t, pathMetadata) }},
	{"M03 what is not advertised does not work", func(t *testing.T, b *bed) { b.othersRefused(t, pathMetadata) }},
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
