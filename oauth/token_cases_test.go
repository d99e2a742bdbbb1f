package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

var tokenCases = []blackBoxCase{
	{"T01 a valid request", func(t *testing.T, b *bed) {
		r := b.post(t, pathToken, grant("scope", "documents:read"), as(b.reader))
		got := granted(t, r)
		b.header(t, r, "Cache-Control", "no-store")
		b.header(t, r, "Pragma", "no-cache")
		b.header(t, r, "Content-Type", "application/json")
		if opaque := strings.HasPrefix(got.AccessToken, "kwa_"); opaque != (b.format == registry.FormatOpaque) {
			t.Errorf("the token has another format than %s: %.8s…", b.format, got.AccessToken)
		}
		got.AccessToken = ""
		want := issued{TokenType: "Bearer", ExpiresIn: 900, Scope: "documents:read"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
		var members map[string]any
		must(t, json.Unmarshal([]byte(r.body), &members))
		if got := slices.Sorted(maps.Keys(members)); len(got) != 4 {
			t.Errorf("the answer has the members %v", got)
		}
	}},
	{"T02 other methods", func(t *testing.T, b *bed) {
		for _, method := range []string{"GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"} {
			r := b.send(t, method, pathToken, grant(), as(b.reader))
			b.refused(t, r, 405, "invalid_request")
			b.header(t, r, "Allow", "POST")
		}
	}},
	{"T03 parameters in the query", func(t *testing.T, b *bed) {
		b.refused(t, b.post(t, pathToken+"?"+grant().Encode(), values(), as(b.reader)), 400, "invalid_request")
		b.refused(t, b.post(t, pathToken+"?scope=export", grant(), as(b.reader)), 400, "invalid_request")
	}},
	{"T04 a secret in the query", func(t *testing.T, b *bed) {
		query := values("client_id", b.reader.ID, "client_secret", b.reader.secret).Encode()
		b.refused(t, b.post(t, pathToken+"?"+query, grant()), 400, "invalid_request")
		if strings.Contains(b.log.String(), b.reader.secret) {
			t.Error("the secret is in the log")
		}
	}},
	{"T05 not a form", func(t *testing.T, b *bed) {
		for _, kind := range []string{"application/json", "multipart/form-data; boundary=x", "text/plain", ""} {
			r := b.post(t, pathToken, grant(), as(b.reader), func(req *http.Request) { req.Header.Set("Content-Type", kind) })
			b.refused(t, r, 400, "invalid_request")
		}
	}},
	{"T06 repeated parameters", func(t *testing.T, b *bed) {
		for _, extra := range []string{"grant_type=client_credentials", "scope=export&scope=export", "x=1&x=1"} {
			r := b.post(t, pathToken, grant(), body(grant().Encode()+"&"+extra), as(b.reader))
			b.refused(t, r, 400, "invalid_request")
		}
		b.issue(t, b.wide, "resource", documents, "resource", statistics)
	}},
	{"T07 empty is omitted", func(t *testing.T, b *bed) {
		got := b.issue(t, b.reader, "scope", "", "resource", "", "audience", "", "client_id", "", "client_secret", "")
		if want := "documents:read documents:write export"; got.Scope != want {
			t.Errorf("scope: got %q, want %q", got.Scope, want)
		}
		b.refused(t, b.post(t, pathToken, values("grant_type", ""), as(b.reader)), 400, "invalid_request")
	}},
	{"T08 unknown parameters", func(t *testing.T, b *bed) {
		b.issue(t, b.reader, "assertion", "x", "expires_in", "1", "sub", "root", "access_token_lifetime", "99999")
	}},
	{"T09 no grant_type", func(t *testing.T, b *bed) {
		b.refused(t, b.post(t, pathToken, values("scope", "export"), as(b.reader)), 400, "invalid_request")
		b.refused(t, b.post(t, pathToken, values(), as(b.reader)), 400, "invalid_request")
	}},
	{"T10 another grant", func(t *testing.T, b *bed) {
		for _, other := range []string{
			"password", "refresh_token", "client_credentials client_credentials", "client_credentials openid",
			"CLIENT_CREDENTIALS", " client_credentials", "urn:ietf:params:oauth:grant-type:jwt-bearer",
		} {
			b.refused(t, b.post(t, pathToken, values("grant_type", other), as(b.reader)), 400, "unsupported_grant_type")
		}
	}},
	{"T12 a scope that is not allowed", func(t *testing.T, b *bed) {
		for _, scope := range []string{"statistics:read", "documents:read root", "documents", "documents:*", "keywright:write"} {
			got := b.refused(t, b.post(t, pathToken, grant("scope", scope), as(b.reader)), 400, "invalid_scope")
			if got.OrganizationID != b.operator.OrganizationID || got.Credential.ID != b.reader.ID {
				t.Errorf("the error id concerns %q %q", got.OrganizationID, got.Credential.ID)
			}
		}
	}},
	{"T13 no scope", func(t *testing.T, b *bed) {
		for resource, want := range map[string]string{
			documents: "documents:read export", statistics: "export statistics:read",
		} {
			if got := b.issue(t, b.wide, "resource", resource).Scope; got != want {
				t.Errorf("scope for %s: got %q, want %q", resource, got, want)
			}
		}
	}},
	{"T14 scopes outside of the grammar", func(t *testing.T, b *bed) {
		for _, scope := range []string{"a  b", " a", "a ", " ", `a"b`, `a\b`, "é", "a\tb", "a\nb", "\x7f", strings.Repeat("a ", 300) + "a"} {
			b.refused(t, b.post(t, pathToken, grant("scope", scope), as(b.reader)), 400, "invalid_scope")
		}
	}},
	{"T16 all that is wrong with a client looks the same", refusedClientsLookTheSame},
	{"T17 every 401 has a challenge", func(t *testing.T, b *bed) {
		for _, path := range []string{pathToken, pathIntrospect, pathRevoke} {
			wrong := party{ClientDetails: b.reader.ClientDetails, secret: "kws_wrong"}
			b.refused(t, b.post(t, path, grant("token", "x"), as(wrong)), 401, "invalid_client")
			b.refused(t, b.post(t, path, grant("token", "x")), 401, "invalid_client")
		}
	}},
	{"T18 no authentication", func(t *testing.T, b *bed) {
		b.refused(t, b.post(t, pathToken, grant()), 401, "invalid_client")
		b.refused(t, b.post(t, pathToken, grant("client_id", b.reader.ID)), 401, "invalid_client")
	}},
	{"T19 two methods", func(t *testing.T, b *bed) {
		b.refused(t, b.post(t, pathToken, grant("client_id", b.reader.ID, "client_secret", b.reader.secret), as(b.reader)), 400, "invalid_request")
		b.refused(t, b.post(t, pathToken, grant("client_assertion", "x"), as(b.reader)), 400, "invalid_request")
		b.refused(t, b.post(t, pathToken, grant("client_assertion", "x", "client_secret", "x")), 400, "invalid_request")
		b.refused(t, b.post(t, pathToken, grant(), as(b.reader), with("Authorization", "Basic eDp5")), 400, "invalid_request")
	}},
	{"T20 two clients", func(t *testing.T, b *bed) {
		b.refused(t, b.post(t, pathToken, grant("client_id", b.wide.ID), as(b.reader)), 400, "invalid_request")
		b.issue(t, b.reader, "client_id", b.reader.ID)
	}},
	{"T21 a broken header", func(t *testing.T, b *bed) {
		good := grant("client_id", b.reader.ID, "client_secret", b.reader.secret)
		granted(t, b.post(t, pathToken, good))
		for _, broken := range []string{
			"Basic", "Basic !", "Basic " + base64.StdEncoding.EncodeToString([]byte("no colon")), "Basic Zg",
			"Basic " + base64.StdEncoding.EncodeToString([]byte("%zz:x")), "Bearer x", "Digest x", "x",
		} {
			b.refused(t, b.post(t, pathToken, good, with("Authorization", broken)), 401, "invalid_client")
		}
	}},
	{"T22 form-encoded id and secret", func(t *testing.T, b *bed) {
		id, secret := everyByteEncoded(b.reader.ID), everyByteEncoded(b.reader.secret)
		basic := func(id, secret string) option { return func(req *http.Request) { req.SetBasicAuth(id, secret) } }
		granted(t, b.post(t, pathToken, grant(), basic(id, secret)))
		b.refused(t, b.post(t, pathToken, grant(), basic(url.QueryEscape(id), secret)), 401, "invalid_client")
	}},
	{"T24 the scheme in any case", func(t *testing.T, b *bed) {
		for _, scheme := range []string{"basic", "BASIC", "bAsIc"} {
			encoded := base64.StdEncoding.EncodeToString([]byte(b.reader.ID + ":" + b.reader.secret))
			granted(t, b.post(t, pathToken, grant(), with("Authorization", scheme+" "+encoded)))
		}
	}},
	{"T26 NUL and invalid UTF-8", func(t *testing.T, b *bed) {
		for _, bad := range []string{"\x00", "\xff", "kwc_\xed\xa0\x80", b.reader.ID + "\x00"} {
			raw := base64.StdEncoding.EncodeToString([]byte(bad + ":" + bad))
			b.refused(t, b.post(t, pathToken, grant(), with("Authorization", "Basic "+raw)), 401, "invalid_client")
			b.refused(t, b.post(t, pathToken, grant("client_id", bad, "client_secret", b.reader.secret)), 401, "invalid_client")
			b.refused(t, b.post(t, pathToken, grant("client_id", b.reader.ID, "client_secret", bad)), 401, "invalid_client")
			b.refused(t, b.post(t, pathToken, grant("resource", bad), as(b.reader)), 400, "invalid_request")
		}
	}},
	{"T27 a body that is too large", func(t *testing.T, b *bed) {
		large := grant("x", strings.Repeat("x", 64<<10))
		b.refused(t, b.post(t, pathToken, large, as(b.reader)), 413, "invalid_request")
		endless := &zeros{}
		endless.left.Store(64 << 20)
		r := b.post(t, pathToken, grant(), as(b.reader), func(req *http.Request) { req.Body, req.ContentLength = endless, -1 })
		b.refused(t, r, 413, "invalid_request")
		if read := 64<<20 - endless.left.Load(); read > 16<<20 {
			t.Errorf("%d bytes of the body were taken", read)
		}
	}},
	{"T28 token ids are unique", tokenIDsAreUnique},
	{"T29 expires_in is the lifetime", func(t *testing.T, b *bed) {
		p := b.client(t, registry.ClientInput{Scopes: []string{"export"}, TokenTTL: 77 * time.Second})
		got := b.issue(t, p)
		seen := b.active(t, b.all, got.AccessToken)
		if lifetime := seen["exp"].(float64) - seen["iat"].(float64); got.ExpiresIn != 77 || lifetime != 77 {
			t.Errorf("expires_in is %d and the lifetime %v, want 77", got.ExpiresIn, lifetime)
		}
	}},
	{"T29 exp never lies beyond the client's expiry", func(t *testing.T, b *bed) {
		b = b.own(t)
		expiry := b.clock.Now().Add(90*time.Second + 700*time.Millisecond)
		p := b.client(t, registry.ClientInput{Scopes: []string{"export"}, ExpiresAt: expiry})
		got := b.issue(t, p)
		exp := int64(b.active(t, b.all, got.AccessToken)["exp"].(float64))
		if exp > expiry.Unix() || exp < expiry.Unix()-1 {
			t.Errorf("exp is %d, the client expires at %d", exp, expiry.Unix())
		}
		// In the last fraction of a second no token can live at all.
		b.clock.move(90*time.Second + 650*time.Millisecond)
		refused := b.refused(t, b.post(t, pathToken, grant(), as(p)), 401, "invalid_client")
		if refused.Cause != registry.CauseExpired {
			t.Errorf("cause: got %v, want %v", refused.Cause, registry.CauseExpired)
		}
	}},
	{"T30 the database is down", func(t *testing.T, b *bed) {
		b = b.own(t)
		b.loseCopy()
		must(t, b.db.Close())
		b.refused(t, b.post(t, pathToken, grant(), as(b.reader)), 503, "temporarily_unavailable")
		unknown := party{ClientDetails: b.reader.ClientDetails, secret: "kws_wrong"}
		b.refused(t, b.post(t, pathToken, grant(), as(unknown)), 503, "temporarily_unavailable")
	}},
	{"T31 a refusal tells nothing internal", func(t *testing.T, b *bed) {
		for _, hostile := range []string{"'; DROP TABLE clients; --", "{{.}}", "<script>", strings.Repeat("A", 20_000)} {
			b.refused(t, b.post(t, pathToken, grant("client_id", hostile, "client_secret", hostile)), 401, "invalid_client")
			b.refused(t, b.post(t, pathToken, grant("resource", "x:"+hostile), as(b.reader)), 400, "invalid_target")
		}
		b.refused(t, b.post(t, "/oauth2/nowhere", grant(), as(b.reader)), 404, "invalid_request")
	}},
	{"T34 a target that is none", func(t *testing.T, b *bed) {
		for _, target := range []string{
			"https://api.example.com/unknown", "https://api.example.net", statistics, "/documents", "documents",
			documents + "#fragment", documents + "#", documents + "/", documents + "/sub", documents + "?q", "https://x@api.example.com/documents",
			documents + " " + documents,
		} {
			for _, parameter := range []string{"resource", "audience"} {
				b.refused(t, b.post(t, pathToken, grant(parameter, target), as(b.reader)), 400, "invalid_target")
			}
		}
	}},
	{"T35 several targets", func(t *testing.T, b *bed) {
		for _, parameters := range [][]string{
			{"resource", documents, "resource", statistics},
			{"audience", documents, "audience", statistics},
			{"resource", documents, "audience", statistics},
		} {
			got := b.active(t, b.all, b.issue(t, b.wide, parameters...).AccessToken)
			want := []any{documents, statistics}
			if diff := cmp.Diff(want, got["aud"]); diff != "" {
				t.Errorf("aud (-want +got):\n%s", diff)
			}
		}
		r := b.post(t, pathToken, grant("resource", documents, "resource", statistics), as(b.reader))
		b.refused(t, r, 400, "invalid_target")
	}},
}

func everyByteEncoded(text string) string {
	var all strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&all, "%%%02X", c)
	}
	return all.String()
}

// zeros is a body that counts what is left of it.
type zeros struct{ left atomic.Int64 }

// Read implements io.Reader.
func (z *zeros) Read(p []byte) (int, error) {
	n := min(int64(len(p)), z.left.Load())
	if n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	z.left.Add(-n)
	return int(n), nil
}

// Close implements io.Closer.
func (z *zeros) Close() error { return nil }

func refusedClientsLookTheSame(t *testing.T, b *bed) {
	b = b.own(t)
	ctx := t.Context()
	expiring := b.client(t, registry.ClientInput{Scopes: []string{"export"}, ExpiresAt: b.clock.Now().Add(time.Minute)})
	pending := b.client(t, registry.ClientInput{Scopes: []string{"export"}, ConfirmRequired: true})
	elsewhere := b.client(t, registry.ClientInput{Scopes: []string{"export"}, IPWhitelist: []string{"192.0.2.0/24"}})
	disabled, revoked, deleted, rotated, overlapped := b.another(t), b.another(t), b.another(t), b.another(t), b.another(t)
	inactive := false
	_, err := b.service.UpdateClient(ctx, b.operator, disabled.ID, registry.ClientPatch{IsActive: &inactive}, 0)
	must(t, err)
	_, err = b.service.RevokeClient(ctx, b.operator, revoked.ID, 0)
	must(t, err)
	must(t, b.service.DeleteClient(ctx, b.operator, deleted.ID, 0))
	_, _, err = b.service.RegenerateClient(ctx, b.operator, rotated.ID, registry.RegenerateInput{})
	must(t, err)
	_, _, err = b.service.RegenerateClient(ctx, b.operator, overlapped.ID, registry.RegenerateInput{Overlap: time.Second})
	must(t, err)
	b.clock.move(2 * time.Minute)

	unknown, err := registry.NewID(strings.NewReader(strings.Repeat("x", 16)), registry.PrefixClient)
	must(t, err)
	nobody := party{secret: b.reader.secret}
	nobody.ID = unknown
	notAnID := party{secret: b.reader.secret}
	notAnID.ID = "nobody"
	var want reply
	for _, c := range []struct {
		party
		cause registry.Cause
	}{
		{nobody, registry.CauseUnknownClient},
		{notAnID, registry.CauseUnknownClient},
		{deleted, registry.CauseUnknownClient},
		{party{b.reader.ClientDetails, b.wide.secret}, registry.CauseWrongSecret},
		{party{b.reader.ClientDetails, ""}, registry.CauseWrongSecret},
		{rotated, registry.CauseSecretRevoked},
		{overlapped, registry.CauseSecretExpired},
		{expiring, registry.CauseExpired},
		{revoked, registry.CauseRevoked},
		{disabled, registry.CauseDisabled},
		{pending, registry.CausePending},
		{elsewhere, registry.CauseAddressOffList},
	} {
		for _, path := range []string{pathToken, pathIntrospect, pathRevoke} {
			r := b.post(t, path, grant("token", "x"), as(c.party))
			refused := b.refused(t, r, 401, "invalid_client")
			if refused.Cause != c.cause {
				t.Errorf("%s: the error id says %v, want %v", path, refused.Cause, c.cause)
			}
			r = withoutID(r)
			if want.status == 0 {
				want = r
			}
			if diff := cmp.Diff(want, r, cmp.AllowUnexported(reply{})); diff != "" {
				t.Errorf("%s, %v: another answer (-first +this):\n%s", path, c.cause, diff)
			}
		}
	}
}

// withoutID is a refusal without what may differ from another: the date and
// the error id, whose length may not.
func withoutID(r reply) reply {
	id := r.header.Get("X-Error-Id")
	header := r.header.Clone()
	header.Set("X-Error-Id", strconv.Itoa(len(id)))
	header.Del("Date")
	return reply{r.status, header, strings.Replace(r.body, id, "", 1)}
}

// tokenIDsAreUnique takes 10⁴ tokens over all formats and databases, and 10⁶
// in a soak run.
func tokenIDsAreUnique(t *testing.T, b *bed) {
	total := 2_500
	if os.Getenv("SOAK") != "" {
		total = 250_000
	}
	const workers = 4
	var mu sync.Mutex
	seen := make(map[string]bool, total)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range total / workers {
				token, err := b.ring.ParseAccessToken(b.issue(t, b.reader).AccessToken)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[token.JTI] {
					t.Errorf("jti %s was issued twice", token.JTI)
				}
				seen[token.JTI] = true
				mu.Unlock()
			}
		})
	}
	all.Wait()
}
