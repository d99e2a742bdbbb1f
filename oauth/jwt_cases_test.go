package oauth_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
)

// verified reads a JWT as a resource server does that knows the address of the
// key set alone.
func (b *bed) verified(t *testing.T, raw string) (header map[jose.HeaderKey]any, claims map[string]any) {
	t.Helper()
	var set jose.JSONWebKeySet
	must(t, json.Unmarshal([]byte(b.send(t, "GET", pathJWKS, nil).body), &set))
	token, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.EdDSA})
	must(t, err)
	payload, err := token.Verify(set)
	must(t, err)
	must(t, json.Unmarshal(payload, &claims))
	h := token.Signatures[0].Protected
	header = map[jose.HeaderKey]any{"alg": h.Algorithm, "kid": h.KeyID, "typ": h.ExtraHeaders["typ"]}
	return header, claims
}

// jwtFormatCases are about what a JWT shows to whoever holds it.
var jwtFormatCases = []blackBoxCase{
	{"J01 the header", func(t *testing.T, b *bed) {
		header, _ := b.verified(t, b.issue(t, b.reader).AccessToken)
		want := map[jose.HeaderKey]any{"alg": b.signingKey.Algorithm, "kid": b.signingKey.ID, "typ": "at+jwt"}
		if diff := cmp.Diff(want, header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	}},
	{"J02 the claims", func(t *testing.T, b *bed) {
		_, claims := b.verified(t, b.issue(t, b.reader).AccessToken)
		if jti, ok := claims["jti"].(string); !ok || jti == "" {
			t.Errorf("jti: got %v", claims["jti"])
		}
		rev, ok := claims["rev"].(float64)
		if !ok || rev < 1 {
			t.Errorf("rev: got %v", claims["rev"])
		}
		delete(claims, "jti")
		delete(claims, "rev")
		now := float64(b.clock.Now().Unix())
		want := map[string]any{
			"iss": b.issuer, "sub": b.reader.ID, "client_id": b.reader.ID, "aud": documents,
			"exp": now + 900, "iat": now, "scope": "documents:read documents:write export",
			"roles": []any{"editor"}, "permissions": []any{"read", "write"},
			"organization_id": b.operator.OrganizationID, "project_id": b.projectID,
			"application_id": b.reader.ApplicationID, "secret_id": b.reader.Secrets[0].ID,
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	}},
	{"J03 aud", func(t *testing.T, b *bed) {
		_, one := b.verified(t, b.issue(t, b.all).AccessToken)
		_, two := b.verified(t, b.issue(t, b.wide, "resource", documents, "resource", statistics).AccessToken)
		if one["aud"] != b.issuer {
			t.Errorf("aud without an API: got %v, want the issuer", one["aud"])
		}
		if diff := cmp.Diff([]any{documents, statistics}, two["aud"]); diff != "" {
			t.Errorf("aud (-want +got):\n%s", diff)
		}
	}},
	{"J04 scope is the one that was asked for", func(t *testing.T, b *bed) {
		_, claims := b.verified(t, b.issue(t, b.reader, "scope", "export documents:read").AccessToken)
		if claims["scope"] != "documents:read export" {
			t.Errorf("scope: got %v", claims["scope"])
		}
	}},
	{"J05 lists are never null", func(t *testing.T, b *bed) {
		_, claims := b.verified(t, b.issue(t, b.all).AccessToken)
		for _, member := range []string{"roles", "permissions"} {
			if diff := cmp.Diff([]any{}, claims[member]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", member, diff)
			}
		}
		for _, member := range []string{"project_id", "application_id"} {
			if value, ok := claims[member]; ok {
				t.Errorf("%s: got %v, want it absent", member, value)
			}
		}
	}},
	{"J09 iss is that of the metadata", func(t *testing.T, b *bed) {
		_, claims := b.verified(t, b.issue(t, b.reader).AccessToken)
		if got := b.metadata(t, pathMetadata)["issuer"]; claims["iss"] != got {
			t.Errorf("iss is %v, the metadata says %v", claims["iss"], got)
		}
	}},
}

var jwtCases = []blackBoxCase{
	{"J06 rev is the position the client was read at", func(t *testing.T, b *bed) {
		b = b.own(t)
		before, err := b.ring.ParseAccessToken(b.issue(t, b.reader).AccessToken)
		must(t, err)
		b.another(t)
		after, err := b.ring.ParseAccessToken(b.issue(t, b.reader).AccessToken)
		must(t, err)
		b.loseCopy()
		again, err := b.ring.ParseAccessToken(b.issue(t, b.reader).AccessToken)
		must(t, err)
		// A client that is remembered was read at an earlier position, and none since concerns it.
		if after.Rev < before.Rev || before.Rev+1 != again.Rev || again.Rev != b.position(t) {
			t.Errorf("rev went from %d to %d and %d at position %d", before.Rev, after.Rev, again.Rev, b.position(t))
		}
	}},
	{"J07 the key set is public", func(t *testing.T, b *bed) {
		var set struct{ Keys []map[string]any }
		must(t, json.Unmarshal([]byte(b.send(t, "GET", pathJWKS, nil).body), &set))
		if len(set.Keys) == 0 {
			t.Error("the key set is empty")
		}
		for _, key := range set.Keys {
			for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k", "oth"} {
				if _, ok := key[private]; ok {
					t.Errorf("a key has the private member %s", private)
				}
			}
			if key["use"] != "sig" || key["alg"] != b.signingKey.Algorithm || key["kid"] == "" {
				t.Errorf("use %v, alg %v, kid %v", key["use"], key["alg"], key["kid"])
			}
		}
	}},
	{"J12 the key set can be cached", func(t *testing.T, b *bed) { b.cacheable(t, pathJWKS) }},
}

// cacheable checks the caching of a public document.
func (b *bed) cacheable(t *testing.T, path string) {
	t.Helper()
	r := b.send(t, "GET", path, nil)
	b.header(t, r, "Content-Type", "application/json")
	if !strings.Contains(r.header.Get("Cache-Control"), "max-age=") {
		t.Errorf("Cache-Control: got %q", r.header.Get("Cache-Control"))
	}
	etag := r.header.Get("ETag")
	if again := b.send(t, "GET", path, nil, with("If-None-Match", etag)); etag == "" || again.status != 304 || again.body != "" {
		t.Errorf("ETag %q: got %d %q, want 304", etag, again.status, again.body)
	}
	if other := b.send(t, "GET", path, nil, with("If-None-Match", `"x"`)); other.status != 200 || other.body != r.body {
		t.Errorf("another ETag: got %d", other.status)
	}
	several := b.send(t, "GET", path, nil, with("If-None-Match", `"x"`), with("If-None-Match", etag))
	if several.status != 304 {
		t.Errorf("several ETags: got %d, want 304", several.status)
	}
	for name, value := range map[string]string{"Range": "bytes=99999-", "If-Match": `"x"`} {
		if whole := b.send(t, "GET", path, nil, with(name, value)); whole.status != 200 || whole.body != r.body {
			t.Errorf("%s: got %d, want it whole", name, whole.status)
		}
	}
	if head := b.send(t, "HEAD", path, nil); head.status != 200 || head.body != "" {
		t.Errorf("HEAD: got %d %q", head.status, head.body)
	}
	posted := b.post(t, path, values())
	b.refused(t, posted, 405, "invalid_request")
}
