package oauth_test

import (
	"net/http"
	"testing"

	"keywright/internal/testaddr"
	"keywright/registry"
)

// addressCases are the IP whitelist of a client and the parameter client_ip.
var addressCases = []blackBoxCase{
	{"18 the list holds at every endpoint", func(t *testing.T, b *bed) {
		in := registry.ClientInput{Scopes: []string{"export"}, Introspects: []string{"*"}}
		in.IPWhitelist = []string{"192.0.2.7", "::1", "::/0"}
		off := b.client(t, in)
		in.IPWhitelist = []string{"192.0.2.7", "127.0.0.0/8"}
		on := b.client(t, in)
		token := b.issue(t, on).AccessToken
		for path, form := range map[string]map[string]string{
			pathToken: {"grant_type": "client_credentials"}, pathIntrospect: {"token": token}, pathRevoke: {"token": token},
		} {
			values := grant()
			for name, value := range form {
				values.Set(name, value)
			}
			// Nobody is a proxy here, so what a caller says of itself is nothing.
			forged := with("X-Forwarded-For", "192.0.2.7")
			got := b.refused(t, b.post(t, path, values, as(off), forged), http.StatusUnauthorized, "invalid_client")
			if got.Cause != registry.CauseAddressOffList || got.Credential.ID != off.ID {
				t.Errorf("%s: the error id says %v of %s", path, got.Cause, got.Credential.ID)
			}
			if r := b.post(t, path, values, as(on), forged); r.status != http.StatusOK {
				t.Errorf("%s: got %d %s for an address on the list", path, r.status, r.body)
			}
		}
		for _, use := range b.uses.of(off.ID) {
			if use.Cause != registry.CauseAddressOffList || use.Counted {
				t.Errorf("noted as %+v, want a failure", use)
			}
		}
		if n := len(b.uses.of(off.ID)); n != 3 {
			t.Errorf("%d failures were counted, want 3", n)
		}
	}},
	{"18 every written form of client_ip", func(t *testing.T, b *bed) {
		p := b.client(t, registry.ClientInput{Scopes: []string{"export"}, IPWhitelist: []string{"192.0.2.7", "127.0.0.1"}})
		client := b.issue(t, p).AccessToken
		static := b.apiToken(t, registry.APITokenInput{Scopes: []string{"export"}, IPWhitelist: []string{"192.0.2.7"}}).text
		for _, f := range testaddr.All() {
			for _, token := range []string{client, static} {
				switch {
				case f.Text == "": // as good as left out, which another case holds
				case f.Address == "":
					b.refused(t, b.post(t, pathIntrospect, values("token", token, "client_ip", f.Text), as(b.all)), http.StatusBadRequest, "invalid_request")
				case f.Address == "192.0.2.7":
					b.active(t, b.all, token, "client_ip", f.Text)
				default:
					b.inactive(t, b.all, token, registry.CauseAddressOffList, "client_ip", f.Text)
				}
			}
		}
	}},
}
