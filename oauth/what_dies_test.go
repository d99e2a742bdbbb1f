package oauth_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"keywright/registry"
)

// row is a line of the table "What dies when". The change happens while tokens
// are issued without pause and the clock is turned back and forth; so whatever
// was handed out before, during or after it, by the old secret, is known.
type row struct {
	name   string
	before func(t *testing.T, b *bed)
	client registry.ClientInput
	change func(t *testing.T, b *bed, p party)

	refused registry.Cause // new authentication with the old secret; none: it still works
	dead    registry.Cause // access tokens obtained before; none: they live
	stopped registry.Cause // access tokens that live, at a gateway in front of the connected endpoint; none: they pass
	after   func(t *testing.T, b *bed, p party, before issued)
}

// passing is an API that is taken away.
const passing = "https://api.example.com/passing"

var rows = []row{
	{
		name: "revoke", refused: registry.CauseRevoked, dead: registry.CauseRevoked,
		change: func(t *testing.T, b *bed, p party) {
			_, err := b.service.RevokeClient(t.Context(), b.operator, p.ID, 0)
			must(t, err)
		},
	},
	{
		name: "delete", refused: registry.CauseUnknownClient, dead: registry.CauseUnknownClient,
		change: func(t *testing.T, b *bed, p party) {
			must(t, b.service.DeleteClient(t.Context(), b.operator, p.ID, 0))
		},
	},
	{
		name: "revoke all of an application", refused: registry.CauseRevoked, dead: registry.CauseRevoked,
		change: func(t *testing.T, b *bed, p party) {
			_, err := b.service.RevokeAllClients(t.Context(), b.operator, registry.RevokeAllInput{ApplicationID: p.ApplicationID})
			must(t, err)
		},
	},
	{
		name: "disable, and enable again", dead: registry.CauseTokenCutOff,
		change: func(t *testing.T, b *bed, p party) {
			patch(t, b, p, registry.ClientPatch{IsActive: new(bool)})
			b.refused(t, b.post(t, pathToken, grant(), as(p)), http.StatusUnauthorized, "invalid_client")
			active := true
			patch(t, b, p, registry.ClientPatch{IsActive: &active})
		},
		after: func(t *testing.T, b *bed, p party, _ issued) {
			b.active(t, b.all, b.issue(t, p).AccessToken)
		},
	},
	{
		name: "expiry reached", refused: registry.CauseExpired, dead: registry.CauseExpired,
		change: func(t *testing.T, b *bed, p party) {
			soon := b.clock.Now().Add(time.Minute)
			patch(t, b, p, registry.ClientPatch{ExpiresAt: &soon})
			b.clock.move(2 * time.Minute)
		},
	},
	{
		name: "regenerate without overlap", refused: registry.CauseSecretRevoked, dead: registry.CauseTokenCutOff,
		change: func(t *testing.T, b *bed, p party) { regenerate(t, b, p, 0) },
	},
	{
		name: "delete the secret", refused: registry.CauseWrongSecret, dead: registry.CauseSecretRevoked,
		change: func(t *testing.T, b *bed, p party) {
			must(t, b.service.DeleteSecret(t.Context(), b.operator, p.ID, p.Secrets[0].ID, true))
		},
	},
	{
		name: "regenerate with overlap", refused: registry.CauseSecretExpired,
		client: registry.ClientInput{TokenTTL: 2 * time.Hour},
		change: func(t *testing.T, b *bed, p party) {
			fresh := regenerate(t, b, p, time.Hour)
			b.active(t, b.all, b.issue(t, p).AccessToken)
			b.active(t, b.all, b.issue(t, fresh).AccessToken)
			b.clock.move(time.Hour + time.Minute)
		},
	},
	{
		name: "scope taken away",
		change: func(t *testing.T, b *bed, p party) {
			patch(t, b, p, registry.ClientPatch{Scopes: &[]string{"documents:read"}})
		},
		after: answeredAs("scope", "documents:read documents:write"),
	},
	{
		name: "role taken away",
		change: func(t *testing.T, b *bed, p party) {
			patch(t, b, p, registry.ClientPatch{Roles: &[]string{}})
		},
		after: answeredAs("scope", "documents:read export"),
	},
	{
		name: "permission taken away",
		change: func(t *testing.T, b *bed, p party) {
			patch(t, b, p, registry.ClientPatch{Permissions: &[]string{}})
		},
		after: answeredAs("permissions", "write"), // which its role still has
	},
	{
		name: "endpoint taken away", stopped: registry.CauseEndpointNotConnected,
		// Its scope came from the endpoint; its role still reaches the API.
		client: registry.ClientInput{Scopes: []string{}},
		change: disconnect,
		after:  answeredAs("scope", "documents:write"),
	},
	{
		name: "API taken away", dead: registry.CauseAudienceGone,
		client: registry.ClientInput{Scopes: []string{"passing:read"}, Roles: []string{}},
		before: func(t *testing.T, b *bed) { b.api(t, b.operator, passing, "passing:read") },
		change: func(t *testing.T, b *bed, _ party) {
			must(t, b.service.DeleteAPI(t.Context(), b.operator, b.apiCalled(t, passing).ID, 0))
		},
	},
	{
		// A gateway always tells the address.
		name: "address list narrowed", refused: registry.CauseAddressOffList, stopped: registry.CauseAddressOffList,
		change: func(t *testing.T, b *bed, p party) {
			patch(t, b, p, registry.ClientPatch{IPWhitelist: &[]string{"192.0.2.0/24"}})
		},
		after: func(t *testing.T, b *bed, _ party, before issued) {
			b.active(t, b.all, before.AccessToken, "client_ip", "192.0.2.9")
			b.inactive(t, b.all, before.AccessToken, registry.CauseAddressOffList, "client_ip", "198.51.100.9")
		},
	},
	{
		name:   "token revoked",
		change: func(*testing.T, *bed, party) {},
		after: func(t *testing.T, b *bed, p party, before issued) {
			other := b.issue(t, p)
			if r := b.post(t, pathRevoke, values("token", before.AccessToken), as(p)); r.status != http.StatusOK {
				t.Errorf("revocation: got %d %s", r.status, r.body)
			}
			b.inactive(t, b.all, before.AccessToken, registry.CauseTokenRevoked)
			b.invalid(t, b.ask(t, before.AccessToken), registry.CauseTokenRevoked)
			b.active(t, b.all, other.AccessToken)
			b.passes(t, b.ask(t, other.AccessToken))
		},
	},
}

func TestWhatDiesWhen(t *testing.T) {
	t.Parallel()
	eachBed(t, func(t *testing.T, b *bed) {
		// One after the other: they share the clock.
		for _, r := range rows {
			t.Run(r.name, func(t *testing.T) { r.run(t, b) })
		}
	})
}

func (r row) run(t *testing.T, b *bed) {
	if r.before != nil {
		r.before(t, b)
	}
	in := r.client
	if in.Scopes == nil {
		in.Scopes = []string{"documents:read", "export"}
	}
	if in.Roles == nil {
		in.Roles, in.Permissions = []string{"editor"}, []string{"read"}
	}
	app, err := b.service.CreateApplication(t.Context(), b.operator, registry.ApplicationInput{
		Name: r.name, Endpoints: []string{b.apiCalled(t, documents).Endpoints[0].ID},
	})
	must(t, err)
	in.ApplicationID = app.Application.ID
	p := b.client(t, in)
	before := b.issue(t, p)
	b.active(t, b.all, before.AccessToken)

	tokens := b.whileIssuing(p, func() { r.change(t, b, p) })
	for _, token := range tokens {
		if r.dead != registry.CauseNone {
			b.deadUnlessLater(t, r, p, token)
		} else {
			b.active(t, b.all, token)
			b.atGateway(t, r, token)
		}
	}
	if r.dead != registry.CauseNone {
		b.inactive(t, b.all, before.AccessToken, r.dead)
		b.invalid(t, b.askForIts(t, before.AccessToken), r.dead)
	} else {
		b.atGateway(t, r, before.AccessToken)
	}
	answer := b.post(t, pathToken, grant(), as(p))
	if r.refused == registry.CauseNone {
		granted(t, answer)
	} else if got := b.refused(t, answer, http.StatusUnauthorized, "invalid_client"); got.Cause != r.refused {
		t.Errorf("authentication: got cause %v, want %v", got.Cause, r.refused)
	}
	if r.after != nil {
		r.after(t, b, p, before)
	}
}

// deadUnlessLater checks a token that was issued around a change that kills.
// Where the secret still works afterwards, one whose client was read after the
// change lives: by its position alone, whatever the clock said, or, where an
// API was taken away, by its audience. Else none lives.
func (b *bed) deadUnlessLater(t *testing.T, r row, p party, token string) {
	t.Helper()
	parsed, err := b.ring.ParseAccessToken(token)
	must(t, err)
	alive := false
	switch {
	case r.refused != registry.CauseNone:
	case r.dead == registry.CauseAudienceGone:
		alive = !slices.Contains(parsed.Audience, passing)
	default:
		state, err := b.db.ClientState(t.Context(), p.ID)
		must(t, err)
		if state.Client.CutOff == 0 {
			t.Fatal("the change cut nothing off")
		}
		alive = parsed.Rev >= state.Client.CutOff
	}
	answer := b.post(t, pathIntrospect, values("token", token), as(b.all))
	if got := answer.body != `{"active":false}`; answer.status != http.StatusOK || got != alive {
		t.Errorf("a token issued around the change: got %d %s, want it alive: %v", answer.status, answer.body, alive)
	}
	// Where it lives, its audience decides whether it passes.
	if got := b.askForIts(t, token); (got.status == http.StatusUnauthorized) == alive {
		t.Errorf("a token issued around the change, at a gateway: got %d %s, want it alive: %v", got.status, got.body, alive)
	}
}

// atGateway checks what a gateway is told of a token that lives.
func (b *bed) atGateway(t *testing.T, r row, token string) {
	t.Helper()
	answer := b.askForIts(t, token)
	if r.stopped == registry.CauseNone {
		b.passes(t, answer)
	} else if got := b.cause(t, answer.header.Get("X-Error-Id")); answer.status == http.StatusOK || got.Cause != r.stopped {
		t.Errorf("at a gateway: got %d and cause %v, want %v", answer.status, got.Cause, r.stopped)
	}
}

// askForIts is the question of a gateway in front of an API that the token is for.
func (b *bed) askForIts(t *testing.T, token string) reply {
	t.Helper()
	parsed, err := b.ring.ParseAccessToken(token)
	must(t, err)
	return b.askFor(t, parsed.Audience[0], token, forwarded("GET", connected))
}

// whileIssuing changes something while tokens are issued and the clock goes
// back and forth, and returns the tokens.
func (b *bed) whileIssuing(p party, change func()) []string {
	stop, first := make(chan struct{}), make(chan struct{}, 1)
	var mu sync.Mutex
	var tokens []string
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				b.clock.move(time.Duration(1-2*(n%2)) * time.Second)
				if token := b.tryIssue(p); token != "" {
					mu.Lock()
					tokens = append(tokens, token)
					mu.Unlock()
					select {
					case first <- struct{}{}:
					default:
					}
				}
			}
		})
	}
	<-first
	change()
	close(stop)
	all.Wait()
	return tokens
}

// tryIssue returns a token, or nothing when the request is refused.
func (b *bed) tryIssue(p party) string {
	req, err := http.NewRequest(http.MethodPost, b.root+pathToken, strings.NewReader(grant().Encode()))
	if err != nil {
		return ""
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	as(p)(req)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	return accessTokenIn(res)
}

func patch(t *testing.T, b *bed, p party, change registry.ClientPatch) {
	t.Helper()
	_, err := b.service.UpdateClient(t.Context(), b.operator, p.ID, change, 0)
	must(t, err)
}

func regenerate(t *testing.T, b *bed, p party, overlap time.Duration) party {
	t.Helper()
	made, secret, err := b.service.RegenerateClient(t.Context(), b.operator, p.ID, registry.RegenerateInput{Overlap: overlap})
	must(t, err)
	return party{made, secret.Reveal()}
}

// disconnect takes all endpoints from the client's application.
func disconnect(t *testing.T, b *bed, p party) {
	t.Helper()
	_, err := b.service.UpdateApplication(t.Context(), b.operator, p.ApplicationID, registry.ApplicationPatch{Endpoints: &[]string{}}, 0)
	must(t, err)
}

func (b *bed) apiCalled(t *testing.T, identifier string) registry.API {
	t.Helper()
	list, err := b.service.APIs(t.Context(), b.operator, registry.APIQuery{})
	must(t, err)
	i := slices.IndexFunc(list.Items, func(a registry.API) bool { return a.Identifier == identifier })
	if i < 0 {
		t.Fatalf("no API %s", identifier)
	}
	return list.Items[i]
}

// answeredAs checks that the token from before the change is answered cut to
// what the client may have now, and that no more is granted anew.
func answeredAs(member, want string) func(*testing.T, *bed, party, issued) {
	return func(t *testing.T, b *bed, p party, before issued) {
		t.Helper()
		for name, token := range map[string]string{"before": before.AccessToken, "after": b.issue(t, p).AccessToken} {
			told := b.ask(t, token).header
			if header := "X-Keywright-" + strings.ToUpper(member[:1]) + member[1:]; told.Get("X-Error-Id") == "" && told.Get(header) != want {
				t.Errorf("a token from %s, at a gateway: got %s %q, want %q", name, header, told.Get(header), want)
			}
			got := b.active(t, b.all, token)[member]
			if list, ok := got.([]any); ok {
				texts := make([]string, len(list))
				for i, v := range list {
					texts[i], _ = v.(string)
				}
				got = strings.Join(texts, " ")
			}
			if got != want {
				t.Errorf("a token from %s: got %s %q, want %q", name, member, got, want)
			}
		}
	}
}

func accessTokenIn(res *http.Response) string {
	var got issued
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil || res.StatusCode != http.StatusOK {
		return ""
	}
	return got.AccessToken
}
