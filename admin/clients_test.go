package admin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keywright/registry"
)

// The members of the contract, all of them always there.
const (
	clientMembers = "applicationId audiences authMethod clientId createdAt createdBy createdVia description environment " +
		"expiresAt failureCount introspects ipWhitelist isActive jwks keys lastUsedAt lastUsedIp name organizationId permissions " +
		"projectId revokedAt roles rotationDue scopes secrets status tokenFormat tokenTtlSeconds updatedAt usageCount watch"
	secretMembers = "createdAt expiresAt hint id lastUsedAt status usageCount"
)

func members(object map[string]any) string {
	var names []string
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func without(object map[string]any, name string) map[string]any {
	out := map[string]any{}
	for k, v := range object {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func TestCreateClient(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		api := in.call(t, in.acme.admin, "POST", "/v1/apis", `{"identifier":"https://api.example.com","name":"Documents","scopes":["documents:read"]}`).want(t, 201, "")
		body := `{"name":" Nightly job ","description":"Reads\nthings.","projectId":"` + in.acme.project + `","environment":"staging",
			"expiresAt":"2026-06-01T10:00:00+02:00","scopes":["zeta","documents:read","zeta"],"permissions":["write","read"],
			"audiences":["https://api.example.com"],"introspects":["*"],"ipWhitelist":["192.0.2.7","10.1.2.3/8","2001:DB8::/32"],
			"tokenFormat":"opaque","tokenTtlSeconds":120,"watch":true,"confirmRequired":false,"applicationId":null,"jwks":null}`
		r := in.client(t, in.acme, body)
		id := r.text("clientId")
		if got := r.header.Get("Location"); got != "/v1/clients/"+id {
			t.Errorf("Location: got %q", got)
		}
		if got := r.header.Get("ETag"); got != `"1"` {
			t.Errorf("ETag: got %q", got)
		}
		if _, ok := registry.ParseSecretText(registry.PrefixClientSecret, r.text("clientSecret")); !ok {
			t.Error("clientSecret is not of the form of a client secret")
		}
		if got, want := members(without(r.body, "clientSecret")), clientMembers; got != want {
			t.Errorf("members:\n got %s\nwant %s", got, want)
		}
		secrets := r.body["secrets"].([]any)
		if len(secrets) != 1 || members(secrets[0].(map[string]any)) != secretMembers {
			t.Errorf("secrets: got %v", secrets)
		}
		createdBy := in.call(t, in.acme.admin, "GET", "/v1/me", "").want(t, 200, "").text("id")
		want := map[string]any{
			"clientId": id, "name": "Nightly job", "description": "Reads\nthings.", "organizationId": in.acme.id,
			"projectId": in.acme.project, "applicationId": nil, "environment": "staging", "status": "active", "isActive": true,
			"expiresAt": "2026-06-01T08:00:00Z", "revokedAt": nil, "roles": []any{}, "rotationDue": false, "scopes": []any{"documents:read", "zeta"},
			"permissions": []any{"read", "write"}, "audiences": []any{"https://api.example.com"}, "introspects": []any{"*"},
			"ipWhitelist": []any{"192.0.2.7", "10.0.0.0/8", "2001:db8::/32"}, "authMethod": "client_secret", "jwks": nil,
			"tokenFormat": "opaque", "tokenTtlSeconds": 120.0, "watch": true, "secrets": secrets, "keys": []any{}, "usageCount": 0.0,
			"failureCount": 0.0, "lastUsedAt": nil, "lastUsedIp": nil, "createdBy": createdBy, "createdVia": "api",
			"createdAt": "2026-03-01T12:00:00Z", "updatedAt": "2026-03-01T12:00:00Z",
		}
		if diff := cmp.Diff(want, without(r.body, "clientSecret")); diff != "" {
			t.Errorf("client (-want +got):\n%s", diff)
		}
		got := in.call(t, in.acme.admin, "GET", "/v1/clients/"+id, "").want(t, 200, "")
		if diff := cmp.Diff(want, got.body); diff != "" {
			t.Errorf("the same client read (-want +got):\n%s", diff)
		}
		refused := in.call(t, in.acme.admin, "DELETE", "/v1/apis/"+api.text("id"), "").want(t, 409, "conflict")
		if !strings.Contains(refused.text("detail"), id) {
			t.Errorf("the refusal to delete an API that a client names does not say which: %s", refused.raw)
		}
	})
}

func TestDefaultsOfAClient(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.client(t, in.acme, `{"name":"x","scopes":["a"]}`)
		for member, want := range map[string]any{
			"tokenFormat": "jwt", "tokenTtlSeconds": 900.0, "authMethod": "client_secret", "expiresAt": nil, "projectId": nil,
			"environment": nil, "watch": false, "isActive": true, "description": "",
		} {
			if got := r.body[member]; got != want {
				t.Errorf("%s: got %v, want %v", member, got, want)
			}
		}
	})
}

// Public keys, as RFC 8037 §A.2 and RFC 7515 §A.3 have them.
const (
	ed25519Key = `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	p256Key    = `{"kty":"EC","kid":"one","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
)

func TestAClientWithKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		client := func(keys string) string {
			return `{"name":"x","scopes":["a"],"authMethod":"private_key_jwt","jwks":{"keys":[` + keys + `]}}`
		}
		r := in.client(t, in.acme, client(p256Key+","+ed25519Key))
		if _, has := r.body["clientSecret"]; has || len(r.body["secrets"].([]any)) != 0 {
			t.Errorf("a client with keys has a secret: %s", r.raw)
		}
		keys := map[string]map[string]any{}
		for _, key := range r.body["keys"].([]any) {
			key := key.(map[string]any)
			if got, want := members(key), "algorithm createdAt id kid lastUsedAt thumbprint usageCount"; got != want {
				t.Errorf("a key has %q, want %q", got, want)
			}
			keys[key["kid"].(string)] = key
		}
		if keys["one"]["algorithm"] != "ES256" || keys["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]["algorithm"] != "EdDSA" {
			t.Errorf("got keys %v", keys)
		}

		// What was answered can be sent back, and a key that stays keeps its record.
		path := "/v1/clients/" + r.text("clientId")
		set, err := json.Marshal(r.body["jwks"])
		must(t, err)
		same := in.call(t, in.acme.admin, "PATCH", path, `{"jwks":`+string(set)+`}`).want(t, 200, "")
		if diff := cmp.Diff(r.body["keys"], same.body["keys"]); diff != "" {
			t.Errorf("keys after the same jwks (-before +after):\n%s", diff)
		}
		one := in.call(t, in.acme.admin, "PATCH", path, `{"jwks":{"keys":[`+p256Key+`]}}`).want(t, 200, "")
		if diff := cmp.Diff([]any{keys["one"]}, one.body["keys"]); diff != "" {
			t.Errorf("keys after one was taken away (-want +got):\n%s", diff)
		}

		bad := in.call(t, in.acme.admin, "POST", "/v1/clients", client(p256Key+`,{"kty":"RSA","n":"AA","e":"AQAB"}`)).want(t, 422, "invalid_input")
		if !strings.Contains(bad.raw, `"jwks.keys[1].alg"`) {
			t.Errorf("got %s, want the field named", bad.raw)
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"jwks":null}`).want(t, 422, "invalid_input")
		in.call(t, in.acme.admin, "POST", path+"/regenerate", "").want(t, 409, "conflict")
		in.call(t, in.acme.admin, "POST", path+"/secrets", "").want(t, 409, "conflict")
	})
}

func TestSecretsAreShownOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		created := in.client(t, in.acme, `{"name":"x","scopes":["a"]}`)
		path := "/v1/clients/" + created.text("clientId")
		added := in.call(t, in.acme.admin, "POST", path+"/secrets", `{"expiresAt":"2026-05-01T00:00:00Z"}`).want(t, 201, "")
		if got, want := members(added.body), "clientSecret "+secretMembers; got != want {
			t.Errorf("an added secret has %q, want %q", got, want)
		}
		if got := added.header.Get("Location"); got != path+"/secrets/"+added.text("id") {
			t.Errorf("Location: got %q", got)
		}
		regenerated := in.call(t, in.acme.admin, "POST", path+"/regenerate", `{"overlapSeconds":3600}`).want(t, 200, "")
		if got := len(regenerated.body["secrets"].([]any)); got != 3 {
			t.Errorf("got %d secrets after an overlap, want 3", got)
		}

		shown := []string{created.text("clientSecret"), added.text("clientSecret"), regenerated.text("clientSecret"), in.acme.admin}
		later := in.call(t, in.acme.admin, "GET", path, "").raw + in.call(t, in.acme.admin, "GET", "/v1/clients", "").raw +
			in.call(t, in.acme.admin, "GET", path+"/secrets", "").raw + in.call(t, in.acme.admin, "PATCH", path, `{"name":"y"}`).raw +
			in.call(t, in.acme.admin, "POST", path+"/revoke", "").raw
		for _, secret := range shown {
			if len(secret) != 68 {
				t.Errorf("got the secret %q, want one of 68 characters", secret)
			}
			if strings.Contains(later, secret) {
				t.Error("a later answer holds a secret")
			}
			if strings.Contains(in.journal.String(), secret) {
				t.Error("the log holds a secret")
			}
		}
	})
}

func TestListClients(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		var want []string
		for i := range 5 {
			// All at one moment: the cursor must tell equals apart.
			r := in.client(t, in.acme, fmt.Sprintf(`{"name":"c%d","scopes":["a"]}`, i))
			want = append(want, r.text("clientId"))
		}
		bound := in.client(t, in.acme, `{"name":"p","scopes":["a"],"projectId":"`+in.acme.project+`"}`).text("clientId")
		in.client(t, in.globex, `{"name":"foreign","scopes":["a"]}`)

		var got []string
		path := "/v1/clients?limit=2"
		for pages := 1; ; pages++ {
			r := in.call(t, in.acme.admin, "GET", path, "").want(t, 200, "")
			for _, item := range r.body["items"].([]any) {
				got = append(got, item.(map[string]any)["clientId"].(string))
			}
			cursor, more := r.body["nextCursor"].(string)
			if !more {
				if pages != 3 {
					t.Errorf("got %d pages, want 3", pages)
				}
				break
			}
			path = "/v1/clients?limit=2&cursor=" + cursor
		}
		want = append(want, bound)
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("all pages (-want +got):\n%s", diff)
		}

		for query, want := range map[string]int{
			"":                                6,
			"?projectId=" + in.acme.project:   1,
			"?projectId=" + in.globex.project: 0,
			"?applicationId=app_none":         0,
			"?createdBy=" + "kwc_nobody":      0,
			"?createdBy=" + in.creator(t):     6,
			"?createdBy=%27%20or%201=1--":     0,
			"?limit=200":                      6,
		} {
			r := in.call(t, in.acme.admin, "GET", "/v1/clients"+query, "").want(t, 200, "")
			if got := len(r.body["items"].([]any)); got != want {
				t.Errorf("%s: got %d clients, want %d", query, got, want)
			}
			if _, has := r.body["nextCursor"]; !has {
				t.Errorf("%s: nextCursor is missing", query)
			}
		}
	})
}

// creator is the id of Acme's API token.
func (in *installation) creator(t *testing.T) string {
	t.Helper()
	return in.call(t, in.acme.admin, "GET", "/v1/me", "").want(t, 200, "").text("id")
}

func TestPatchClient(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.client(t, in.acme, `{"name":"x","description":"d","environment":"dev","scopes":["a","b"],"permissions":["p"],
			"expiresAt":"2026-06-01T00:00:00Z","ipWhitelist":["192.0.2.7"],"tokenTtlSeconds":60,"watch":true,"tokenFormat":"opaque"}`)
		path := "/v1/clients/" + r.text("clientId")
		in.clock.advance(time.Minute)

		r = in.call(t, in.acme.admin, "PATCH", path, `{"scopes":["a"],"isActive":false}`).want(t, 200, "")
		if r.text("description") != "d" || r.text("status") != "disabled" || r.header.Get("ETag") != `"2"` || r.text("updatedAt") != "2026-03-01T12:01:00Z" {
			t.Errorf("got ETag %s, %s", r.header.Get("ETag"), r.raw)
		}
		r = in.call(t, in.acme.admin, "PATCH", path, `{"description":null,"environment":null,"permissions":null,"expiresAt":null,
			"ipWhitelist":null,"tokenTtlSeconds":null,"watch":null,"tokenFormat":null,"isActive":true}`).want(t, 200, "")
		for member, want := range map[string]any{
			"description": "", "environment": nil, "expiresAt": nil, "tokenTtlSeconds": 900.0, "watch": false,
			"tokenFormat": "jwt", "status": "active", "name": "x",
		} {
			if r.body[member] != want {
				t.Errorf("%s: got %v, want %v", member, r.body[member], want)
			}
		}
		for _, member := range []string{"permissions", "ipWhitelist"} {
			if got := r.body[member].([]any); len(got) != 0 {
				t.Errorf("%s: got %v, want none", member, got)
			}
		}
		same := in.call(t, in.acme.admin, "PATCH", path, `{}`).want(t, 200, "")
		if diff := cmp.Diff(without(r.body, "updatedAt"), without(same.body, "updatedAt")); diff != "" {
			t.Errorf("an empty patch changed (-before +after):\n%s", diff)
		}
	})
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		path := "/v1/clients/" + in.client(t, in.acme, `{"name":"x","scopes":["a"]}`).text("clientId")
		tag := in.call(t, in.acme.admin, "PATCH", path, `{"name":"y"}`, "If-Match", `"1"`).want(t, 200, "").header.Get("ETag")
		if tag != `"2"` {
			t.Errorf("ETag: got %s", tag)
		}
		for _, stale := range []string{`"1"`, `"3"`, `W/"2"`, `"02"`, `"x"`, `""`, `"-1"`} {
			in.call(t, in.acme.admin, "PATCH", path, `{"name":"z"}`, "If-Match", stale).want(t, 412, "precondition_failed")
			in.call(t, in.acme.admin, "DELETE", path, "", "If-Match", stale).want(t, 412, "precondition_failed")
			in.call(t, in.acme.admin, "POST", path+"/revoke", "", "If-Match", stale).want(t, 412, "precondition_failed")
		}
		for _, broken := range []string{`2`, `"1", "2"`, `"`, `2"`} {
			in.call(t, in.acme.admin, "PATCH", path, `{"name":"z"}`, "If-Match", broken).want(t, 400, "malformed_request")
			in.call(t, in.acme.admin, "DELETE", path, "", "If-Match", broken).want(t, 400, "malformed_request")
			in.call(t, in.acme.admin, "POST", path+"/revoke", "", "If-Match", broken).want(t, 400, "malformed_request")
		}
		// Use does not move it.
		in.used(t, in.call(t, in.acme.admin, "GET", path, "").body["secrets"].([]any)[0].(map[string]any)["id"].(string))
		r := in.call(t, in.acme.admin, "GET", path, "", "If-None-Match", tag).want(t, 200, "")
		if got := r.header.Get("ETag"); got != tag {
			t.Errorf("ETag after a use: got %s, want %s", got, tag)
		}
		in.call(t, in.acme.admin, "POST", path+"/revoke", "", "If-Match", "*").want(t, 200, "")
		in.call(t, in.acme.admin, "DELETE", path, "", "If-Match", `"3"`).want(t, 204, "")
	})
}

func TestClientConflicts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		r := in.client(t, in.acme, `{"name":"x","scopes":["a"]}`)
		path := "/v1/clients/" + r.text("clientId")
		first := r.body["secrets"].([]any)[0].(map[string]any)["id"].(string)

		in.call(t, in.acme.admin, "POST", path+"/confirm", "").want(t, 409, "conflict")
		in.used(t, first)
		in.call(t, in.acme.admin, "DELETE", path+"/secrets/"+first, "").want(t, 409, "secret_in_use")
		in.call(t, in.acme.admin, "DELETE", path+"/secrets/"+first+"?force=false", "").want(t, 409, "secret_in_use")
		in.call(t, in.acme.admin, "DELETE", path+"/secrets/"+first+"?force=true", "").want(t, 204, "")
		for range registry.MaxLiveSecrets {
			in.call(t, in.acme.admin, "POST", path+"/secrets", "").want(t, 201, "")
		}
		in.call(t, in.acme.admin, "POST", path+"/secrets", "").want(t, 409, "conflict")

		in.call(t, in.acme.admin, "POST", path+"/revoke", "").want(t, 200, "")
		for _, op := range []operation{{"POST", "/revoke"}, {"POST", "/regenerate"}, {"POST", "/secrets"}, {"POST", "/confirm"}} {
			in.call(t, in.acme.admin, op.method, path+op.path, "").want(t, 409, "credential_revoked")
		}
		in.call(t, in.acme.admin, "PATCH", path, `{"isActive":false}`).want(t, 409, "credential_revoked")

		expiring := "/v1/clients/" + in.client(t, in.acme, `{"name":"x","scopes":["a"],"expiresAt":"2026-03-01T13:00:00Z"}`).text("clientId")
		in.clock.advance(time.Hour)
		in.call(t, in.acme.admin, "PATCH", expiring, `{"expiresAt":"2027-01-01T00:00:00Z"}`).want(t, 409, "credential_expired")
		r = in.call(t, in.acme.admin, "POST", expiring+"/regenerate", `{"expiresAt":"2027-01-01T00:00:00Z"}`).want(t, 200, "")
		if r.text("status") != "active" || r.text("expiresAt") != "2027-01-01T00:00:00Z" {
			t.Errorf("regenerated: got %s", r.raw)
		}
	})
}

func TestPendingClient(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		kept := in.client(t, in.acme, `{"name":"x","scopes":["a"],"confirmRequired":true}`)
		lost := in.client(t, in.acme, `{"name":"y","scopes":["a"],"confirmRequired":true}`)
		if kept.text("status") != "pending" {
			t.Errorf("status: got %s", kept.text("status"))
		}
		r := in.call(t, in.acme.admin, "POST", "/v1/clients/"+kept.text("clientId")+"/confirm", "").want(t, 200, "")
		if r.text("status") != "active" {
			t.Errorf("confirmed: got %s", r.text("status"))
		}
		in.clock.advance(time.Hour)
		in.call(t, in.acme.admin, "GET", "/v1/clients/"+lost.text("clientId"), "").want(t, 404, "not_found")
		in.call(t, in.acme.admin, "GET", "/v1/clients/"+kept.text("clientId"), "").want(t, 200, "")
	})
}

func TestRevokeAll(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		in.client(t, in.acme, `{"name":"a","scopes":["a"]}`)
		bound := in.client(t, in.acme, `{"name":"b","scopes":["a"],"projectId":"`+in.acme.project+`"}`).text("clientId")
		foreign := in.client(t, in.globex, `{"name":"c","scopes":["a"]}`).text("clientId")
		revokeAll := func(body string) reply {
			return in.call(t, in.acme.admin, "POST", "/v1/clients/revoke-all", body)
		}

		r := revokeAll(`{"organizationId":"`+in.acme.id+`","dryRun":true}`).want(t, 200, "")
		if r.body["count"] != 2.0 || len(r.body["items"].([]any)) != 2 {
			t.Errorf("preview: got %s", r.raw)
		}
		revokeAll(`{"projectId":"`+in.acme.project+`","expectedCount":2}`).want(t, 409, "count_changed")
		r = revokeAll(`{"projectId":"`+in.acme.project+`","expectedCount":1}`).want(t, 200, "")
		if item := r.body["items"].([]any)[0].(map[string]any); r.body["count"] != 1.0 || item["clientId"] != bound || item["status"] != "revoked" {
			t.Errorf("project: got %s", r.raw)
		}
		revokeAll(`{}`).want(t, 422, "invalid_input")
		revokeAll(`{"projectId":"x","createdBy":"y"}`).want(t, 422, "invalid_input")
		revokeAll(`{"organizationId":null}`).want(t, 422, "invalid_input")
		revokeAll(`{"organizationId":"`+in.globex.id+`"}`).want(t, 404, "not_found")
		if r := revokeAll(`{"projectId":"` + in.globex.project + `"}`); r.status == http.StatusOK && r.body["count"] != 0.0 {
			t.Errorf("a foreign project: got %s", r.raw)
		}
		if got := in.call(t, in.globex.admin, "GET", "/v1/clients/"+foreign, "").text("status"); got != "active" {
			t.Errorf("the other organization's client is %s", got)
		}
	})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, in *installation) {
		role, err := in.service.CreateRole(t.Context(), in.acme.operator(), registry.RoleInput{Name: "reader", Scopes: []string{"docs"}})
		must(t, err)
		for _, named := range []string{"reader", role.ID} {
			r := in.client(t, in.acme, `{"name":"x","roles":["`+named+`"]}`)
			if diff := cmp.Diff([]any{"reader"}, r.body["roles"]); diff != "" {
				t.Errorf("%s: roles (-want +got):\n%s", named, diff)
			}
		}
		r := in.call(t, in.globex.admin, "POST", "/v1/clients", `{"name":"x","roles":["`+role.ID+`"]}`).want(t, 422, "invalid_input")
		if got := r.fields(); !strings.HasPrefix(got, "roles[0]") {
			t.Errorf("fields: got %s", got)
		}
	})
}
