package oauth_test

import (
	"strings"
	"testing"

	"keywright/registry"
	"keywright/storage/storagetest"
)

// TestRefusalsCanBeLookedUp brings about the refusals of the public listener
// that the other tests do not, and looks each up as an administrator does.
func TestRefusalsCanBeLookedUp(t *testing.T) {
	t.Parallel()
	storagetest.Each(t, func(t *testing.T, dialect string) {
		b := newBed(t, dialect, registry.FormatJWT, "")
		good := b.issue(t, b.reader, "scope", "documents:read").AccessToken
		signer := b.keyed(t, "ES256", registry.ClientInput{})
		once := signer.assertion(t, nil, nil)
		granted(t, b.present(t, pathToken, once))
		introspect := func(token string) reply { return b.post(t, pathIntrospect, values("token", token), as(b.server)) }
		for cause, r := range map[registry.Cause]reply{
			registry.CauseNoCredential:        b.post(t, pathToken, grant()),
			registry.CauseMalformedCredential: b.post(t, pathToken, grant(), with("Authorization", "Basic !")),
			registry.CauseWrongMethod:         signer.try(t, set{"iss": b.reader.ID, "sub": b.reader.ID}),
			registry.CauseWrongKey:            b.present(t, pathToken, signer.assertion(t, nil, set{"kid": "none"})),
			registry.CauseAssertionAudience:   signer.try(t, set{"aud": "https://other.example"}),
			registry.CauseAssertionClaims:     signer.try(t, set{"jti": nil}),
			registry.CauseAssertionExpired:    signer.try(t, set{"exp": 1}),
			registry.CauseAssertionReplayed:   b.present(t, pathToken, once),
			registry.CauseWrongSecret:         b.post(t, pathToken, grant(), as(party{b.reader.ClientDetails, b.wide.secret})),
			registry.CauseInvalidRequest:      b.post(t, pathToken, values(), as(b.reader)),
			registry.CauseInvalidScope:        b.post(t, pathToken, grant("scope", "root"), as(b.reader)),
			registry.CauseInvalidTarget:       b.post(t, pathToken, grant("resource", "https://nowhere.example.com"), as(b.reader)),
			registry.CauseUnsupportedGrant:    b.post(t, pathToken, values("grant_type", "password"), as(b.reader)),
			registry.CauseUnauthorizedClient:  b.post(t, pathRevoke, values("token", good), as(b.wide)),
			registry.CauseNotResourceServer:   b.post(t, pathIntrospect, values("token", good), as(b.reader)),
			registry.CauseUnknownToken:        introspect(unknownAPIToken(t)),
			registry.CauseMalformedToken:      introspect(good[:len(good)-5]),
			registry.CauseBadSignature:        introspect(good[:strings.LastIndexByte(good, '.')+1] + strings.Repeat("A", 86)),
			registry.CauseOtherAudience:       introspect(b.issue(t, b.wide, "resource", statistics).AccessToken),
			registry.CauseNotFound:            b.send(t, "GET", "/nothing", nil),
			registry.CauseMethodNotAllowed:    b.send(t, "GET", pathToken, nil),
			registry.CauseBodyTooLarge:        b.post(t, pathToken, grant("x", strings.Repeat("x", 65<<10)), as(b.reader)),
		} {
			got, err := b.service.Refusal(t.Context(), b.operator, r.header.Get("X-Error-Id"))
			if err != nil || got.Cause != cause || got.Cause.Meaning() == "" || got.Cause.Advice() == "" || !got.At.Equal(b.clock.Now()) {
				t.Errorf("%v: got %v at %v, %v, for %d %s", cause, got.Cause, got.At, err, r.status, r.body)
			}
			if got.Credential.Kind == registry.ActorClient && got.CredentialName != "client" {
				t.Errorf("%v: the credential %v has the name %q", cause, got.Credential, got.CredentialName)
			}
		}
	})
}

// unknownAPIToken is an API token of the right form that nobody has.
func unknownAPIToken(t *testing.T) string {
	t.Helper()
	text, err := registry.NewSecretText(strings.NewReader(strings.Repeat("y", 100)), registry.PrefixAPITokenValue)
	must(t, err)
	return text.Reveal()
}
